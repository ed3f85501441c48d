//! What the screen says, as text for the clipboard.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::app::{App, Screen};
use super::{View, body, document_of, frame, problems, stacks};

/// Rows of a table that are copied.
const ROWS: usize = 1_000;
/// Columns of the text.
const COLUMNS: u16 = 230;
/// Terminals take no more at once: xterm's limit for what a program puts into the clipboard.
const MAX_BYTES: usize = 70_000;

/// What the screen says, without its frame, as if it were wide and high. Safe for a terminal.
pub(in super::super) fn text(app: &App) -> String {
    let (mut text, left_out) = match app.screen() {
        Screen::Problems => (problems::text(app), 0),
        Screen::Stacks => (stacks::text(app), 0),
        Screen::Tasks(_) => table(app, app.tasks.rows().len()),
        Screen::Resources => table(app, app.resources.rows().len()),
        Screen::Groups => table(app, app.groups.rows().len()),
        _ => match document_of(app, COLUMNS) {
            Some((document, _)) => (document.text(), 0),
            None => (String::new(), 0),
        },
    };
    if text.len() > MAX_BYTES {
        let end = (0..=MAX_BYTES)
            .rev()
            .find(|i| text.is_char_boundary(*i))
            .unwrap_or(0);
        text.truncate(text[..end].rfind('\n').map_or(0, |i| i + 1));
        text.push_str("…\n");
    } else if left_out > 0 {
        text.push_str(&format!("… and {left_out} more\n"));
    }
    format!("{}\n{text}", frame::title_text(app))
}

fn table(app: &App, rows: usize) -> (String, usize) {
    let shown = rows.min(ROWS);
    let area = Rect::new(0, 0, COLUMNS, (shown + 1).max(8) as u16);
    let mut buffer = Buffer::empty(area);
    body(
        app,
        area,
        View {
            top: 0,
            selected: None,
        },
        &mut buffer,
    );
    (plain(&buffer), rows - shown)
}

/// A buffer as text.
pub(in super::super) fn plain(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut line = String::new();
        let mut x = buffer.area.left();
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            // A wide character covers the cell behind it.
            x += (crate::text::width(symbol) as u16).max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
