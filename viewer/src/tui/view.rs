//! How it looks: functions of the app that write into a buffer. One view per file.

pub(super) mod awaits;
pub(super) mod document;
mod empty;
mod explain;
pub(super) mod facts;
mod footer;
pub(super) mod frame;
mod grid;
pub(super) mod groups;
mod header;
pub(super) mod help;
pub(super) mod layout;
mod page;
pub(super) mod picker;
pub(super) mod problems;
pub(super) mod resources;
mod sketch;
pub(super) mod stacks;
pub(super) mod task;
pub(super) mod tasks;
mod thing;
mod ties;
mod waits;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::app::{App, Mode, Screen};
use super::walk::Walk;
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
            Screen::Resources => (
                app.resources.cursor.top(app.resources.rows().len(), height),
                app.resources.cursor.at(),
            ),
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
        Screen::Problems if !problems::is_text(app) => problems::draw(app, area, buffer),
        Screen::Stacks if app.stacks.rows().is_empty() => empty::stacks(app, area, buffer),
        Screen::Stacks => stacks::draw(app, area, buffer),
        Screen::Resources if app.resources.rows().is_empty() => empty::resources(app, area, buffer),
        Screen::Resources => resources::draw(app, area, view, buffer),
        Screen::Waits(_) if !app.picture.is_complete() => empty::waits(app, area, buffer),
        Screen::Problems
        | Screen::Waits(_)
        | Screen::Task(_)
        | Screen::Resource(_)
        | Screen::Explain(..)
        | Screen::Help(_) => {
            if let Some((document, walk)) = document_of(app, area.width) {
                document.draw(walk, app, area, buffer);
            }
        }
    }
}

/// The text of the screen that is shown, where it is one, and where one is in it.
pub(super) fn document_of(app: &App, columns: u16) -> Option<(Document, Walk)> {
    let scrolled = |scroll: &usize| Walk {
        door: None,
        scroll: *scroll,
    };
    Some(match app.screen() {
        Screen::Task(detail) => (task::document(app, detail, columns), detail.walk),
        Screen::Resource(thing) => (thing::document(app, thing, columns), thing.walk),
        Screen::Waits(walk) => (waits::document(app, columns), *walk),
        Screen::Explain(rule, scroll) => (explain::document(app, rule, columns), scrolled(scroll)),
        Screen::Help(scroll) => (help::document(app, columns), scrolled(scroll)),
        Screen::Problems if problems::is_text(app) => {
            (problems::nothing(app, columns), app.problems.walk)
        }
        Screen::Problems
        | Screen::Tasks(_)
        | Screen::Resources
        | Screen::Stacks
        | Screen::Groups => {
            return None;
        }
    })
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
