//! Screens that are a text: lines, some of which are doors.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use taskscope_model::Subject;

use super::super::app::App;
use super::super::walk::Walk;
use super::put_line;
use crate::text::width;

pub(super) use crate::text::wrap;

/// A text of which a part is shown.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Document {
    lines: Vec<Row>,
    /// Where each door leads.
    doors: Vec<Subject>,
}

#[derive(Clone, Debug)]
struct Row {
    line: Line<'static>,
    /// The number of the door that the line is.
    door: Option<usize>,
}

impl Document {
    /// Adds a line.
    pub(super) fn line(&mut self, line: impl Into<Line<'static>>) {
        self.lines.push(Row {
            line: line.into(),
            door: None,
        });
    }

    /// Adds a line that leads somewhere.
    pub(super) fn door(&mut self, to: Subject, line: impl Into<Line<'static>>) {
        self.lines.push(Row {
            line: line.into(),
            door: Some(self.doors.len()),
        });
        self.doors.push(to);
    }

    /// Adds a label of so many columns and, beside it, a text that is broken where it is too long.
    pub(super) fn entry(&mut self, label: (&str, usize, Style), text: (&str, Style), columns: u16) {
        let (label, label_width, label_style) = label;
        let room = usize::from(columns).saturating_sub(label_width + 2).max(12);
        for (i, part) in wrap(text.0, room).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            let pad = " ".repeat(label_width.saturating_sub(width(label)));
            let label = Span::styled(format!("  {label}{pad}"), label_style);
            self.line(vec![label, Span::styled(part, text.1)]);
        }
    }

    /// Adds an empty line.
    pub(super) fn gap(&mut self) {
        self.line(Line::default());
    }

    /// The door of each line.
    pub(in super::super) fn doors(&self) -> Vec<Option<usize>> {
        self.lines.iter().map(|row| row.door).collect()
    }

    /// Where a door leads.
    pub(in super::super) fn leads_to(&self, door: usize) -> Option<Subject> {
        self.doors.get(door).copied()
    }

    /// The lines as plain text.
    pub(super) fn text(&self) -> String {
        let lines = self.lines.iter().map(|row| {
            let line: String = row.line.spans.iter().map(|span| &*span.content).collect();
            line.trim_end().to_owned() + "\n"
        });
        lines.collect()
    }

    /// Draws what is left after scrolling, with the selected door marked.
    pub(super) fn draw(&self, walk: Walk, app: &App, area: Rect, buffer: &mut Buffer) {
        let selected = walk.door;
        let look = app.theme.look();
        let scroll = walk
            .scroll
            .min(self.lines.len().saturating_sub(usize::from(area.height)));
        for (y, row) in (0..area.height).zip(self.lines.iter().skip(scroll)) {
            put_line(buffer, area, y, &row.line);
            if row.door.is_some() && row.door == selected {
                let strip = Rect {
                    y: area.y + y,
                    height: 1,
                    ..area
                };
                buffer.set_style(strip, look.selected);
                super::put(buffer, strip, 0, 0, "▸", look.selected);
            }
        }
    }

    /// How many lines are below those that [`draw`](Self::draw) shows in so many rows.
    pub(super) fn below(&self, scroll: usize, rows: u16) -> usize {
        self.lines.len().saturating_sub(scroll + usize::from(rows))
    }
}
