//! Which column a table is sorted by.

use taskscope_model::query::{Column, GroupColumn, Order, ResourceColumn, ResourceOrder};

use super::super::app::{App, Screen, Stale};
use super::super::groups::descends;
use super::super::resources;
use super::super::view::{self, groups, tasks};

/// What is said where nothing can be sorted.
pub(super) const UNSORTED: &str = "only tables are sorted: esc goes back to one";

/// Sorts by the column with this number; by the one that it is sorted by already, the other way around.
pub(super) fn sort_by(app: &mut App, column: usize) {
    match app.screen() {
        Screen::Groups => {
            let Some(column) = GroupColumn::ALL.get(column).copied() else {
                return;
            };
            if app.groups.column == column {
                return reverse(app);
            }
            app.groups.column = column;
            app.groups.descending = descends(column);
        }
        Screen::Resources => {
            let Some(column) = ResourceColumn::ALL.get(column).copied() else {
                return;
            };
            if app.resources.order.column == column {
                return reverse(app);
            }
            app.resources.order = ResourceOrder {
                column,
                descending: resources::descends(column),
            };
        }
        _ => {
            let Some(column) = Column::ALL.get(column).copied() else {
                return;
            };
            if app.tasks.order.column == column {
                return reverse(app);
            }
            app.tasks.order = Order {
                column,
                descending: largest_first(column),
            };
        }
    }
    app.stale = Some(Stale::Wish);
}

/// Sorts by the column beside, as the columns stand on the screen.
pub(super) fn sort_beside(app: &mut App, by: isize) {
    let (shown, current) = match app.screen() {
        Screen::Tasks(_) => (tasks::shown(app), app.tasks.order.column as usize),
        Screen::Groups => (groups::shown(app), app.groups.column as usize),
        Screen::Resources => {
            let column = app.resources.order.column;
            (view::resources::shown(app), column as usize)
        }
        _ => return app.say(UNSORTED),
    };
    let at = shown
        .iter()
        .position(|column| *column == current)
        .unwrap_or(0);
    let next = at
        .saturating_add_signed(by)
        .min(shown.len().saturating_sub(1));
    if let Some(column) = shown.get(next).copied().filter(|column| *column != current) {
        sort_by(app, column);
    }
}

pub(super) fn reverse(app: &mut App) {
    match app.screen() {
        Screen::Tasks(_) => app.tasks.order.descending = !app.tasks.order.descending,
        Screen::Groups => app.groups.descending = !app.groups.descending,
        Screen::Resources => {
            app.resources.order.descending = !app.resources.order.descending;
        }
        _ => return app.say(UNSORTED),
    }
    app.stale = Some(Stale::Wish);
}

/// Whether the largest values of a column come first when it is chosen: what is large is what is looked for.
fn largest_first(column: Column) -> bool {
    use Column::{Id, Kind, Name, Parent, Place, Runtime, State};
    !matches!(column, Id | State | Name | Place | Kind | Runtime | Parent)
}
