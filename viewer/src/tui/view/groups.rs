//! The table of spawn places.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use taskscope_model::query::{Group, GroupColumn};

use super::super::app::App;
use super::View;
use super::grid::{self, Placed, Spec};
use crate::text::{count_in, duration, kind_of, path, sees_wakes_of};

/// The columns as they stand from left to right.
const ORDER: [usize; 11] = [
    GroupColumn::Place as usize,
    GroupColumn::Live as usize,
    GroupColumn::Running as usize,
    GroupColumn::Scheduled as usize,
    GroupColumn::Idle as usize,
    GroupColumn::Ended as usize,
    GroupColumn::Polls as usize,
    GroupColumn::Busy as usize,
    GroupColumn::Delayed as usize,
    GroupColumn::Wakes as usize,
    GroupColumn::Kind as usize,
];

fn specs(columns: u16) -> [Spec; 11] {
    let narrow = columns < 60;
    GroupColumn::ALL.map(|column| match column {
        GroupColumn::Place => Spec::text("SPAWNED AT", if narrow { 14 } else { 20 }, 60),
        GroupColumn::Kind => Spec::text("KIND", 8, 8),
        GroupColumn::Live => Spec::number("LIVE", 7),
        GroupColumn::Running => Spec::number("RUN", 5),
        GroupColumn::Scheduled => Spec::number("SCHED", 6),
        GroupColumn::Idle => Spec::number("IDLE", 7),
        GroupColumn::Ended => Spec::number("ENDED", 9),
        GroupColumn::Polls => Spec::number("POLLS", 9),
        GroupColumn::Busy => Spec::number("BUSY", 7),
        GroupColumn::Delayed => Spec::number("DELAYED", 8),
        GroupColumn::Wakes => Spec::number("WAKES", 9),
    })
}

fn placed(app: &App, columns: u16) -> ([Spec; 11], Vec<Placed>) {
    let specs = specs(columns);
    let placed = grid::place(
        &specs,
        &ORDER,
        columns,
        app.groups.shift,
        app.groups.column as usize,
    );
    (specs, placed)
}

/// The numbers of the columns that are on the screen, from left to right.
pub(in super::super) fn shown(app: &App) -> Vec<usize> {
    placed(app, app.size.0)
        .1
        .iter()
        .map(|column| column.index)
        .collect()
}

/// The number of the column whose heading is there.
pub(in super::super) fn column_at(app: &App, x: u16) -> Option<usize> {
    grid::column_at(&placed(app, app.size.0).1, x)
}

/// Draws headings and rows.
pub(super) fn draw(app: &App, area: Rect, view: View, buffer: &mut Buffer) {
    let look = app.theme.look();
    let (specs, placed) = placed(app, area.width);
    let sorted = (app.groups.column as usize, app.groups.descending);
    let table = grid::Table {
        specs: &specs,
        placed: &placed,
        sorted,
        look: &look,
    };
    let rows = app.groups.rows();
    grid::draw(
        &table,
        rows,
        view,
        area,
        buffer,
        |group: &Group, column, width| {
            let text = value(app, group, GroupColumn::ALL[column], width);
            let style = if text == "0" || text == "?" {
                look.dim
            } else {
                Style::new()
            };
            Some((text, style))
        },
    );
}

fn value(app: &App, group: &Group, column: GroupColumn, width: usize) -> String {
    let number = |n: u64| count_in(n, width);
    let known = |known: bool, text: String| if known { text } else { "?".to_owned() };
    let polls = app.link.tells("polls");
    let wakes = app.link.tells("wakes") && sees_wakes_of(group, app.picture.world());
    match column {
        GroupColumn::Place => path(&group.file, group.line, width),
        GroupColumn::Kind => kind_of(group, app.picture.world()).to_owned(),
        GroupColumn::Live => number(group.scheduled + group.running + group.idle),
        GroupColumn::Running => number(group.running),
        GroupColumn::Scheduled => number(group.scheduled),
        GroupColumn::Idle => number(group.idle),
        GroupColumn::Ended => number(group.ended.tasks()),
        GroupColumn::Polls => known(polls, number(group.polls)),
        GroupColumn::Busy => known(polls, duration(group.busy)),
        GroupColumn::Delayed => known(polls && wakes, duration(group.delayed)),
        GroupColumn::Wakes => known(wakes, number(group.wakes)),
    }
}
