//! Screens that say what is known of one thing: labels on the left, beside them lines, some of which lead to others.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use taskscope_model::{ResourceId, Subject, TaskId};

use super::super::app::App;
use super::super::theme::Look;
use super::document::Document;
use crate::text::{label_of, width};

/// Columns of the labels on the left.
pub(super) const LABELS: usize = 11;

/// A text that is being written.
pub(super) struct Page<'a> {
    pub(super) app: &'a App,
    pub(super) look: Look,
    pub(super) columns: u16,
    pub(super) document: Document,
}

impl<'a> Page<'a> {
    /// An empty page of so many columns.
    pub(super) fn new(app: &'a App, columns: u16) -> Self {
        Self {
            app,
            look: app.theme.look(),
            columns,
            document: Document::default(),
        }
    }

    /// A label in its columns.
    pub(super) fn label(&self, text: &str) -> Span<'static> {
        Span::styled(format!("  {text:<LABELS$}"), self.look.dim)
    }

    /// What there is to say, beside a label.
    pub(super) fn say(&mut self, label: &str, text: &str) {
        self.say_styled(label, text, Style::new());
    }

    /// The same, in a style.
    pub(super) fn say_styled(&mut self, label: &str, text: &str, style: Style) {
        self.document
            .entry((label, LABELS, self.look.dim), (text, style), self.columns);
    }

    /// A line that leads to a resource.
    pub(super) fn thing(&mut self, label: &str, id: ResourceId, about: String) {
        let room = usize::from(self.columns).saturating_sub(LABELS + 6 + width(&about));
        let name = self.app.names().resource_of(id, room);
        let spans = vec![
            self.label(label),
            Span::styled(name, self.look.accent),
            Span::styled(" ⏎", self.look.dim),
            Span::raw(about),
        ];
        self.document.door(Subject::Resource(id), Line::from(spans));
    }

    /// A line with a task in it, to which it leads where that is still known.
    pub(super) fn named(&mut self, label: &str, before: &str, id: TaskId, behind: &str) {
        let name = self.app.names().task(id);
        if self.app.picture.world().task(id).is_none() {
            return self.say(label, &format!("{before}{name}{behind}"));
        }
        let used = LABELS + 4 + width(before) + width(&name);
        let fits = used + width(behind) <= usize::from(self.columns);
        let mut spans = vec![
            self.label(label),
            Span::raw(before.to_owned()),
            Span::styled(name, self.look.accent),
            Span::styled(" ⏎", self.look.dim),
        ];
        if fits {
            spans.push(Span::raw(behind.to_owned()));
        }
        self.document.door(Subject::Task(id), Line::from(spans));
        if !fits {
            self.say("", behind.trim_start());
        }
    }

    /// A line that leads to another task.
    pub(super) fn door(&mut self, label: &str, about: &str, id: TaskId) {
        let name = label_of(id, self.app.picture.world());
        let spans = vec![
            self.label(label),
            Span::raw(about.to_owned()),
            Span::styled(name, self.look.accent),
            Span::styled(" ⏎", self.look.dim),
        ];
        self.document.door(Subject::Task(id), Line::from(spans));
    }
}
