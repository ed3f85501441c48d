//! The choice of a sort column, over a table.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, Clear, Widget};
use taskscope_model::query::{Column, GroupColumn, ResourceColumn};

use super::super::app::{App, Screen};
use super::super::picker::Picker;
use super::layout::Regions;
use super::put;

/// Columns of the box, borders included.
const WIDTH: u16 = 22;

fn names(app: &App) -> Vec<&'static str> {
    match app.screen() {
        Screen::Groups => GroupColumn::ALL
            .iter()
            .map(|column| column.name())
            .collect(),
        Screen::Resources => ResourceColumn::ALL
            .iter()
            .map(|column| column.name())
            .collect(),
        _ => Column::ALL.iter().map(|column| column.name()).collect(),
    }
}

/// Where the box is, and the first choice that it shows.
fn place(picker: Picker, body: Rect) -> (Rect, usize) {
    let height = (picker.len as u16 + 2).min(body.height);
    let width = WIDTH.min(body.width);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    };
    let rows = usize::from(height.saturating_sub(2)).max(1);
    (area, (picker.at + 1).saturating_sub(rows))
}

/// Draws the box.
pub(super) fn draw(app: &App, picker: Picker, body: Rect, buffer: &mut Buffer) {
    let look = app.theme.look();
    let (area, first) = place(picker, body);
    Clear.render(area, buffer);
    let block = Block::bordered()
        .title(" sort by ")
        .border_style(look.accent);
    let inner = block.inner(area);
    block.render(area, buffer);
    let (current, descending) = match app.screen() {
        Screen::Groups => (app.groups.column as usize, app.groups.descending),
        Screen::Resources => {
            let order = app.resources.order;
            (order.column as usize, order.descending)
        }
        _ => (app.tasks.order.column as usize, app.tasks.order.descending),
    };
    for (y, (i, name)) in (0..inner.height).zip(names(app).into_iter().enumerate().skip(first)) {
        let style = if i == picker.at {
            look.selected
        } else {
            Style::new()
        };
        let mark = if i == picker.at { '▸' } else { ' ' };
        let arrow = match (i == current, descending) {
            (true, true) => " ↓",
            (true, false) => " ↑",
            (false, _) => "",
        };
        put(
            buffer,
            inner,
            0,
            y,
            &format!("{mark} {:<18}", format!("{name}{arrow}")),
            style,
        );
    }
}

/// The choice at a place of the screen.
pub(in super::super) fn choice_at(app: &App, picker: Picker, at: Position) -> Option<usize> {
    let (area, first) = place(picker, Regions::of(app)?.body);
    let inner = Block::bordered().inner(area);
    let choice = first + usize::from(inner.contains(at).then(|| at.y - inner.y)?);
    (choice < picker.len).then_some(choice)
}
