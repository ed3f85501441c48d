//! What the keys do while nothing is being typed.

use std::time::Duration;

use taskscope_model::TaskId;
use taskscope_model::query::{Column, GroupColumn, Order};

use super::super::app::{App, Mode, Screen, Stale};
use super::super::detail::{self, Detail, Door, scrolled};
use super::super::groups::descends;
use super::super::keys::{Action, Motion};
use super::super::msg::Effect;
use super::super::picker::Picker;
use super::super::prompt::Prompt;
use super::super::view::layout::body_height;
use super::super::view::{facts, groups, help, task, tasks};
use crate::feed::Ask;

/// Two presses of `g` within this time are one `gg`.
const TWICE: Duration = Duration::from_millis(400);
/// Screens that one can go back through.
const DEEPEST: usize = 32;

/// Does what a key means.
pub(super) fn act(app: &mut App, action: Action, effects: &mut Vec<Effect>) {
    let before_g = app.pressed_g.take();
    match action {
        Action::Quit => effects.push(Effect::Quit),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Help => match app.screen() {
            Screen::Help(_) => back(app),
            _ => open(app, Screen::Help(0)),
        },
        Action::Tab(tab) => to_tab(app, tab),
        Action::NextTab => to_tab(app, usize::from(!matches!(app.screens[0], Screen::Groups))),
        Action::Places => places(app, before_g),
        Action::Back => back(app),
        Action::Move(motion) => go(app, motion),
        Action::Pan(by) => pan(app, by),
        Action::Open => enter(app),
        Action::Parent => through(
            app,
            |door| matches!(door, Door::Parent(_)),
            "no parent is known",
        ),
        Action::Waker => {
            through(
                app,
                |door| matches!(door, Door::Waker(_)),
                "it was not woken by another task",
            );
        }
        Action::Filter => {
            to_table(app);
            app.mode = Mode::Filter(Box::new(Prompt::new(app.tasks.filter.clone())));
        }
        Action::Sort => {
            to_table(app);
            let (at, len) = match app.screen() {
                Screen::Groups => (app.groups.column as usize, GroupColumn::ALL.len()),
                _ => (app.tasks.order.column as usize, Column::ALL.len()),
            };
            app.mode = Mode::Sort(Picker { at, len });
        }
        Action::SortBeside(by) => sort_beside(app, by),
        Action::Reverse => reverse(app),
        Action::Ended => {
            app.tasks.show_ended = !app.tasks.show_ended;
            let what = if app.tasks.show_ended {
                "shown"
            } else {
                "hidden"
            };
            app.say(format!("ended tasks are {what}"));
            app.stale = Some(Stale::Wish);
        }
        Action::Pause => {
            app.picture.toggle_freeze(app.now);
            app.stale = Some(Stale::News);
        }
        Action::Copy => {
            let text = facts::text(app);
            app.say(format!(
                "copied {} lines, where the terminal lets programs do so",
                text.lines().count()
            ));
            effects.push(Effect::Copy(text));
        }
        Action::Retry => {
            if app.link.is_live() {
                app.say("the connection is live");
            } else {
                effects.push(Effect::Ask(Ask::RetryNow));
            }
        }
    }
}

/// Puts a screen on top.
fn open(app: &mut App, screen: Screen) {
    if app.screens.len() >= DEEPEST {
        app.screens.remove(1);
    }
    app.screens.push(screen);
    app.stale = Some(Stale::News);
}

/// Opens a task.
fn open_task(app: &mut App, id: TaskId) {
    if app.picture.world().task(id).is_none() {
        return app.say("that task is no longer kept by the target");
    }
    let detail = Detail::new(id, app.picture.world());
    open(app, Screen::Task(Box::new(detail)));
}

pub(super) fn back(app: &mut App) {
    if app.screens.len() > 1 {
        app.screens.pop();
        app.stale = Some(Stale::News);
    } else if !app.tasks.filter.is_empty() {
        let filter = std::mem::take(&mut app.tasks.filter);
        super::remember(app, filter.to_string());
        app.say("filter cleared: / ↑ brings it back");
        app.stale = Some(Stale::Wish);
    } else {
        app.tasks.cursor.release();
        app.groups.cursor.release();
    }
}

pub(super) fn to_tab(app: &mut App, tab: usize) {
    app.screens = vec![if tab == 0 {
        Screen::Tasks(None)
    } else {
        Screen::Groups
    }];
    app.stale = Some(Stale::Wish);
}

/// Goes to the places, or from them to the tasks; a second `g` soon after takes that back and means the first row.
fn places(app: &mut App, before: Option<(Duration, Vec<Screen>)>) {
    match before {
        Some((at, screens)) if app.now < at + TWICE => {
            app.screens = screens;
            app.stale = Some(Stale::Wish);
            // The rows that one goes to the top of are those that were there.
            super::freshen(app);
            go(app, Motion::Top);
        }
        _ => {
            let screens = app.screens.clone();
            to_tab(app, usize::from(!matches!(app.screen(), Screen::Groups)));
            app.pressed_g = Some((app.now, screens));
        }
    }
}

/// Back to the nearest table, for what only tables can do.
fn to_table(app: &mut App) {
    while app.screens.len() > 1 && !matches!(app.screen(), Screen::Tasks(_) | Screen::Groups) {
        app.screens.pop();
        app.stale = Some(Stale::News);
    }
}

/// Moves the selection.
pub(super) fn go(app: &mut App, motion: Motion) {
    let height = body_height(app);
    let half = (height / 2).max(1) as isize;
    let by = match motion {
        Motion::Lines(by) => by,
        Motion::HalfPages(by) => by * half,
        Motion::Top => isize::MIN,
        Motion::Bottom => isize::MAX,
    };
    let document = document(app);
    match app.screens.last_mut() {
        Some(Screen::Tasks(_)) => {
            app.tasks.step(by, height);
            app.tasks.remember(app.picture.world());
        }
        Some(Screen::Groups) => app.groups.step(by, height),
        Some(Screen::Task(detail)) => {
            detail.walk(by, matches!(motion, Motion::Lines(_)), &document, height)
        }
        Some(Screen::Help(scroll)) => *scroll = scrolled(*scroll, by, document.len(), height),
        None => {}
    }
}

/// Moves what is shown, and the selection only where it would be out of sight.
pub(super) fn scroll(app: &mut App, by: isize) {
    let height = body_height(app);
    let document = document(app);
    match app.screens.last_mut() {
        Some(Screen::Tasks(_)) => {
            app.tasks.scroll(by, height);
            app.tasks.remember(app.picture.world());
        }
        Some(Screen::Groups) => app.groups.scroll(by, height),
        Some(Screen::Task(detail)) => {
            detail.scroll = scrolled(detail.scroll, by, document.len(), height)
        }
        Some(Screen::Help(scroll)) => *scroll = scrolled(*scroll, by, document.len(), height),
        None => {}
    }
}

/// The doors on the lines of a screen that is a text.
fn document(app: &App) -> Vec<Option<usize>> {
    match app.screen() {
        Screen::Task(detail) => task::document(app, detail, app.size.0).doors(),
        Screen::Help(_) => help::document(app, app.size.0).doors(),
        Screen::Tasks(_) | Screen::Groups => Vec::new(),
    }
}

/// Leaves out columns on the left, to make room for those that were left out on the right.
fn pan(app: &mut App, by: isize) {
    let (shift, columns) = match app.screen() {
        Screen::Tasks(_) => (&mut app.tasks.shift, Column::ALL.len()),
        Screen::Groups => (&mut app.groups.shift, GroupColumn::ALL.len()),
        Screen::Task(_) | Screen::Help(_) => return,
    };
    // The first column and one more are always there.
    *shift = shift.saturating_add_signed(by).min(columns - 2);
}

/// Opens what is selected.
pub(super) fn enter(app: &mut App) {
    match app.screen() {
        Screen::Tasks(_) => {
            if let Some(id) = app.tasks.selected() {
                open_task(app, id);
            }
        }
        Screen::Groups => {
            if let Some(place) = app.groups.selected().cloned() {
                app.tasks.cursor.release();
                open(app, Screen::Tasks(Some(place)));
            }
        }
        Screen::Task(detail) => {
            let doors = detail.doors(app.picture.world());
            match detail.door.and_then(|door| doors.get(door)) {
                Some(door) => open_task(app, door.leads_to()),
                None if doors.is_empty() => app.say("no other task is named here"),
                None => app.say("j and k choose one of the tasks that are named here"),
            }
        }
        Screen::Help(_) => {}
    }
}

/// Goes through a certain door of the task that is selected or looked at.
fn through(app: &mut App, which: fn(&Door) -> bool, otherwise: &str) {
    let world = app.picture.world();
    let door = match app.screen() {
        Screen::Task(detail) => detail.doors(world).into_iter().find(which),
        Screen::Tasks(_) => app.tasks.selected().and_then(|id| {
            let task = world.task(id)?;
            detail::doors(task).into_iter().find(which)
        }),
        Screen::Groups | Screen::Help(_) => return,
    };
    match door {
        Some(door) => open_task(app, door.leads_to()),
        None => app.say(otherwise),
    }
}

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
fn sort_beside(app: &mut App, by: isize) {
    let (shown, current) = match app.screen() {
        Screen::Tasks(_) => (tasks::shown(app), app.tasks.order.column as usize),
        Screen::Groups => (groups::shown(app), app.groups.column as usize),
        Screen::Task(_) | Screen::Help(_) => {
            return app.say("only tables are sorted: esc goes back to one");
        }
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
        Screen::Task(_) | Screen::Help(_) => {
            return app.say("only tables are sorted: esc goes back to one");
        }
    }
    app.stale = Some(Stale::Wish);
}

/// Whether the largest values of a column come first when it is chosen: what is large is what is looked for.
fn largest_first(column: Column) -> bool {
    use Column::{Id, Kind, Name, Parent, Place, Runtime, State};
    !matches!(column, Id | State | Name | Place | Kind | Runtime | Parent)
}
