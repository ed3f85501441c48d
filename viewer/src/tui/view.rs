//! How it looks: functions of the app that write into a buffer. One view per file.

mod document;
mod empty;
pub(super) mod facts;
mod footer;
pub(super) mod frame;
mod grid;
pub(super) mod groups;
mod header;
pub(super) mod help;
pub(super) mod layout;
pub(super) mod picker;
mod sketch;
pub(super) mod task;
pub(super) mod tasks;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::app::{App, Mode, Screen};
use document::Document;
use layout::Regions;

/// Draws the app over the whole buffer, whose size should be the one that the app was told.
pub fn draw(app: &App, buffer: &mut Buffer) {
    let Some(regions) = Regions::within(app, buffer.area) else {
        return too_small(app, buffer);
    };
    frame::draw(app, &regions, buffer);
    body(
        app,
        regions.body,
        View::of(app, regions.body.height),
        buffer,
    );
    if let Mode::Sort(chosen) = app.mode {
        picker::draw(app, chosen, regions.body, buffer);
    }
}

impl Widget for &App {
    fn render(self, _area: Rect, buffer: &mut Buffer) {
        draw(self, buffer);
    }
}

/// Which part of a table is shown.
#[derive(Clone, Copy, Debug)]
struct View {
    /// The first row.
    top: usize,
    /// The row that is marked.
    selected: Option<usize>,
}

impl View {
    /// What a person sees.
    fn of(app: &App, height: u16) -> Self {
        let height = usize::from(height.saturating_sub(1));
        let (top, at) = match app.screen() {
            Screen::Groups => (
                app.groups.cursor.top(app.groups.rows().len(), height),
                app.groups.cursor.at(),
            ),
            _ => (
                app.tasks.cursor.top(app.tasks.rows().len(), height),
                app.tasks.cursor.at(),
            ),
        };
        Self {
            top,
            selected: Some(at),
        }
    }
}

/// The part of the screen that differs from screen to screen.
fn body(app: &App, area: Rect, view: View, buffer: &mut Buffer) {
    match app.screen() {
        Screen::Tasks(_) if app.tasks.rows().is_empty() => empty::tasks(app, area, buffer),
        Screen::Tasks(_) => tasks::draw(app, area, view, buffer),
        Screen::Groups if app.groups.rows().is_empty() => empty::groups(app, area, buffer),
        Screen::Groups => groups::draw(app, area, view, buffer),
        Screen::Task(_) | Screen::Help(_) => {
            let door = match app.screen() {
                Screen::Task(detail) => detail.door,
                _ => None,
            };
            if let Some((document, scroll)) = document(app, area.width) {
                document.draw(scroll, door, app, area, buffer);
            }
        }
    }
}

/// The text of the screen, where it is one, and how many lines of it are scrolled away.
fn document(app: &App, columns: u16) -> Option<(Document, usize)> {
    match app.screen() {
        Screen::Task(detail) => Some((task::document(app, detail, columns), detail.scroll)),
        Screen::Help(scroll) => Some((help::document(app, columns), *scroll)),
        Screen::Tasks(_) | Screen::Groups => None,
    }
}

fn too_small(app: &App, buffer: &mut Buffer) {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let text = format!(
        "{columns}×{rows} is too small: taskscope needs {}×{}. q leaves.",
        layout::LEAST.0,
        layout::LEAST.1
    );
    let style = app.theme.look().caution;
    for (y, line) in document::wrap(&text, usize::from(columns))
        .into_iter()
        .enumerate()
    {
        put(buffer, buffer.area, 0, y as u16, &line, style);
    }
}

/// Writes text at a place within an area, and no further than its edge; returns the column behind it. The text must be
/// clean.
fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if x >= area.width || y >= area.height {
        return x;
    }
    let room = usize::from(area.width - x);
    buffer
        .set_stringn(area.x + x, area.y + y, text, room, style)
        .0
        - area.x
}

/// Writes a line at the left edge of an area.
fn put_line(buffer: &mut Buffer, area: Rect, y: u16, line: &Line<'_>) {
    let area = area.intersection(buffer.area);
    if y < area.height && area.width > 0 {
        buffer.set_line(area.x, area.y + y, line, area.width);
    }
}
