//! What a rule looks for, why that is wrong, and what to do.

use ratatui::style::Style;
use ratatui::text::Span;

use super::super::app::App;
use super::document::Document;
use super::grid;
use crate::rules::RULES;

/// The text of the screen.
pub(super) fn document(app: &App, rule: &str, columns: u16) -> Document {
    let look = app.theme.look();
    let mut document = Document::default();
    let Some(rule) = RULES.iter().find(|known| known.name == rule) else {
        let text = "This viewer does not know that rule: the target is newer.";
        document.entry(("", 0, look.dim), (text, look.caution), columns);
        return document;
    };
    let head = format!("  {} {} · {}", grid::sign(rule.tier), rule.name, rule.tier);
    document.line(vec![Span::styled(head, look.tier(rule.tier))]);
    document.entry(("", 0, look.dim), (rule.summary, look.strong), columns);
    document.gap();
    for line in rule.explain.trim().lines() {
        match line.trim() {
            "" => document.gap(),
            // What is laid out (code, lists) keeps its lines and its margin.
            _ => {
                let margin = line.len() - line.trim_start().len();
                let pad = " ".repeat(margin);
                document.entry(
                    (&pad, margin, look.dim),
                    (line.trim(), Style::new()),
                    columns,
                );
            }
        }
    }
    document
}
