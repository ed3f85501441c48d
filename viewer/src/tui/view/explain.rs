//! What a rule looks for, why that is wrong, and what to do.

use ratatui::style::Style;
use ratatui::text::Span;
use taskscope_model::rules::Rule;

use super::super::app::App;
use super::document::Document;
use super::grid;
use crate::text::paragraphs;

/// The most columns of a paragraph.
const READABLE: u16 = 102;

/// The text of the screen.
pub(super) fn document(app: &App, rule: &str, columns: u16) -> Document {
    let look = app.theme.look();
    let mut document = Document::default();
    let Some(rule) = Rule::named(rule) else {
        let text = "This viewer does not know that rule: the target is newer.";
        document.entry(("", 0, look.dim), (text, look.caution), columns);
        return document;
    };
    let head = format!("  {} {} · {}", grid::sign(rule.tier), rule.name, rule.tier);
    document.line(vec![Span::styled(head, look.tier(rule.tier))]);
    for (i, paragraph) in paragraphs(rule.explain).into_iter().enumerate() {
        let style = if i == 0 { look.strong } else { Style::new() };
        // Longer lines are hard to read.
        let columns = columns.min(READABLE);
        document.entry(("", 0, look.dim), (&paragraph, style), columns);
        document.gap();
    }
    document
}
