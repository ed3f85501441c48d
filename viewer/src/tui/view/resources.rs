//! The table of resources.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use taskscope_model::query::ResourceColumn;
use taskscope_model::{Nanos, Resource, ResourceId};

use super::super::app::App;
use super::View;
use super::grid::{self, Placed, Spec};
use crate::text::{count_in, duration, fit};

/// The columns as they stand from left to right: the answers first.
const ORDER: [usize; 17] = [
    ResourceColumn::Kind as usize,
    ResourceColumn::Place as usize,
    ResourceColumn::Free as usize,
    ResourceColumn::Holders as usize,
    ResourceColumn::Held as usize,
    ResourceColumn::Waiters as usize,
    ResourceColumn::Longest as usize,
    ResourceColumn::Waits as usize,
    ResourceColumn::Acquired as usize,
    ResourceColumn::Waiting as usize,
    ResourceColumn::Waited as usize,
    ResourceColumn::Hold as usize,
    ResourceColumn::Abandoned as usize,
    ResourceColumn::Across as usize,
    ResourceColumn::Cancelled as usize,
    ResourceColumn::Age as usize,
    ResourceColumn::Id as usize,
];

fn specs(columns: u16) -> [Spec; 17] {
    let narrow = columns < 60;
    ResourceColumn::ALL.map(|column| match column {
        ResourceColumn::Kind => Spec::text(" KIND", 10, 10),
        ResourceColumn::Place => Spec::text(
            "CREATED AT",
            match columns {
                ..60 => 12,
                60..100 => 13,
                _ => 17,
            },
            48,
        ),
        ResourceColumn::Free => Spec::text("STATE", if narrow { 8 } else { 11 }, 13),
        ResourceColumn::Holders => Spec::text("HELD BY", if narrow { 12 } else { 17 }, 40),
        ResourceColumn::Held => Spec::number("FOR", 7),
        ResourceColumn::Waiters => Spec::number("WAITING", 8),
        ResourceColumn::Waiting => Spec::number("NOW FOR", 7),
        ResourceColumn::Longest => Spec::number("LONGEST", 8),
        ResourceColumn::Waits => Spec::number("WAITS", 8),
        ResourceColumn::Acquired => Spec::number("TAKEN", 8),
        ResourceColumn::Abandoned => Spec::number("GIVEN UP", 9),
        ResourceColumn::Waited => Spec::number("WAITED", 8),
        ResourceColumn::Hold => Spec::number("LONGEST HOLD", 13),
        ResourceColumn::Across => Spec::number("ACROSS", 8),
        ResourceColumn::Cancelled => Spec::number("CANCELLED", 10),
        ResourceColumn::Age => Spec::number("AGE", 7),
        ResourceColumn::Id => Spec::number("ID", 8),
    })
}

fn placed(app: &App, columns: u16) -> ([Spec; 17], Vec<Placed>) {
    let specs = specs(columns);
    let sorted = app.resources.order.column as usize;
    let placed = grid::place(&specs, &ORDER, columns, app.resources.shift, sorted);
    (specs, placed)
}

/// The numbers of the columns that are on the screen, from left to right.
pub(in super::super) fn shown(app: &App) -> Vec<usize> {
    let (_, placed) = placed(app, app.size.0);
    placed.iter().map(|column| column.index).collect()
}

/// The number of the column whose heading is there.
pub(in super::super) fn column_at(app: &App, x: u16) -> Option<usize> {
    grid::column_at(&placed(app, app.size.0).1, x)
}

/// Draws headings and rows.
pub(super) fn draw(app: &App, area: Rect, view: View, buffer: &mut Buffer) {
    let look = app.theme.look();
    let (specs, placed) = placed(app, area.width);
    let order = app.resources.order;
    let sorted = (order.column as usize, order.descending);
    let table = grid::Table {
        specs: &specs,
        placed: &placed,
        sorted,
        look: &look,
    };
    let rows = app.resources.rows();
    let cell = |id: &ResourceId, column, width| {
        let column = ResourceColumn::ALL[column];
        match app.picture.world().resource(*id) {
            Some(resource) => {
                let text = value(app, resource, column, width);
                let calm = matches!(text.as_str(), "0" | "-" | "?");
                Some((text, if calm { look.dim } else { Style::new() }))
            }
            // The rows are a little older than the world.
            None => (column == ResourceColumn::Free).then(|| ("gone".to_owned(), look.dim)),
        }
    };
    grid::draw(&table, rows, view, area, buffer, cell);
    grid::marks(rows, view, area, &look, buffer, |id| {
        app.problems.of_resource(*id)
    });
}

fn value(app: &App, resource: &Resource, column: ResourceColumn, width: usize) -> String {
    let names = app.names();
    let queue = app.resources.queue(resource.id);
    let number = column.number(resource, queue, app.picture.now());
    match column {
        // The mark stands right before it.
        ResourceColumn::Kind => format!(" {}", resource.origin.kind),
        ResourceColumn::Place => names.place(resource, width).unwrap_or_else(|| {
            let creator = resource.origin.creator;
            creator.map_or_else(
                || "?".to_owned(),
                |task| fit(&format!("by {}", names.task(task)), width),
            )
        }),
        ResourceColumn::Free => fit(&names.state(resource), width),
        ResourceColumn::Holders => fit(&names.holders_in(resource, width), width),
        ResourceColumn::Id => resource.id.number().to_string(),
        ResourceColumn::Held
        | ResourceColumn::Waiting
        | ResourceColumn::Longest
        | ResourceColumn::Waited
        | ResourceColumn::Hold
        | ResourceColumn::Age => number.map_or_else(|| "-".to_owned(), |ns| duration(Nanos(ns))),
        _ => number.map_or_else(|| "-".to_owned(), |n| count_in(n, width)),
    }
}
