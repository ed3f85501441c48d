//! What the keys do while nothing is being typed.

use std::time::Duration;

use taskscope_model::query::{Column, GroupColumn, Order, ResourceColumn, ResourceOrder};
use taskscope_model::{ResourceId, Subject, TaskId};

use super::super::app::{App, Mode, Screen, Stale};
use super::super::detail::{self, Detail, Door};
use super::super::groups::descends;
use super::super::keys::{Action, Motion};
use super::super::msg::Effect;
use super::super::picker::Picker;
use super::super::prompt::Prompt;
use super::super::resources::{self, ResourceTable};
use super::super::table::Place;
use super::super::thing::Thing;
use super::super::view::document::Document;
use super::super::view::layout::body_height;
use super::super::view::{self, facts, groups, tasks};
use super::super::walk::{Walk, scrolled};
use crate::feed::Ask;

/// Two presses of `g` within this time are one `gg`.
const TWICE: Duration = Duration::from_millis(400);
/// Screens that one can go back through.
const DEEPEST: usize = 32;
/// First screens.
const TABS: usize = 5;
/// The tabs of tasks and of places.
const TASKS: usize = 1;
const PLACES: usize = 4;

const UNSORTED: &str = "only tables are sorted: esc goes back to one";

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
        Action::NextTab => to_tab(app, (tab_of(&app.screens) + 1) % TABS),
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
            let before = match app.screen() {
                Screen::Tasks(_) | Screen::Groups => app.tasks.filter.to_string(),
                Screen::Resources => app.resources.filter.to_string(),
                _ => return app.say("tasks, resources and places are filtered: 2, 3 and 5"),
            };
            app.mode = Mode::Filter(Box::new(Prompt::new(before)));
        }
        Action::Sort => {
            to_table(app);
            let (at, len) = match app.screen() {
                Screen::Groups => (app.groups.column as usize, GroupColumn::ALL.len()),
                Screen::Resources => {
                    let at = app.resources.order.column as usize;
                    (at, ResourceColumn::ALL.len())
                }
                Screen::Tasks(_) => (app.tasks.order.column as usize, Column::ALL.len()),
                _ => return app.say(UNSORTED),
            };
            app.mode = Mode::Sort(Picker { at, len });
        }
        Action::SortBeside(by) => sort_beside(app, by),
        Action::Reverse => reverse(app),
        Action::Ended if matches!(app.screen(), Screen::Problems) => explain(app),
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
        Action::Mute => mute(app),
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

/// Explains the rule of the selected problem.
fn explain(app: &mut App) {
    match app.problems.selected(app.picture.world()) {
        Some(finding) => {
            let rule = finding.rule.clone();
            open(app, Screen::Explain(rule, 0));
        }
        None => app.say("no problem is selected: `taskscope explain --list` tells of all rules"),
    }
}

fn mute(app: &mut App) {
    if !matches!(app.screen(), Screen::Problems) {
        return app.say("problems are muted: 1 shows them");
    }
    if let Some(mutes) = app.problems.mute() {
        app.say(if mutes {
            "muted, until m is pressed on it again"
        } else {
            "no longer muted"
        });
        app.stale = Some(Stale::Wish);
    }
}

/// Opens what a line or a finding is about.
fn go_to(app: &mut App, subject: Subject) {
    let world = app.picture.world();
    match subject {
        Subject::Task(id) => open_task(app, id),
        Subject::Resource(id) => open_resource(app, id),
        Subject::Site(id) => {
            let Some(place) = world.site(id).map(|site| Place {
                file: site.file.clone(),
                line: site.line,
            }) else {
                return app.say("that place was not told");
            };
            app.tasks.cursor.release();
            open(app, Screen::Tasks(Some(place)));
        }
        Subject::Place(id) => {
            let filter = world.place(id).and_then(|place| {
                let text = format!("{}:{}", place.file, place.line).replace('\\', "\\\\");
                format!("loc:\"{}\"", text.replace('"', "\\\""))
                    .parse()
                    .ok()
            });
            let Some(filter) = filter else {
                return app.say("that place was not told");
            };
            app.resources.filter = filter;
            app.resources.cursor.release();
            open(app, Screen::Resources);
        }
        Subject::Runtime(id) => {
            if let Ok(filter) = format!("runtime:{}", id.0).parse() {
                app.tasks.filter = filter;
                app.tasks.cursor.release();
                open(app, Screen::Tasks(None));
            }
        }
    }
}

/// Opens a resource.
fn open_resource(app: &mut App, id: ResourceId) {
    if app.picture.world().resource(id).is_none() {
        return app.say("that resource is no longer kept by the target");
    }
    let thing = Thing::new(id, app.picture.world());
    open(app, Screen::Resource(Box::new(thing)));
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
        return;
    }
    let cleared = match app.screen() {
        Screen::Tasks(_) | Screen::Groups => {
            let filter = std::mem::take(&mut app.tasks.filter).to_string();
            super::remember(&mut app.history, filter.clone());
            !filter.is_empty()
        }
        Screen::Resources => {
            let filter = std::mem::take(&mut app.resources.filter).to_string();
            super::remember(&mut app.resources.history, filter.clone());
            !filter.is_empty()
        }
        _ => false,
    };
    if cleared {
        app.say("filter cleared: / ↑ brings it back");
        app.stale = Some(Stale::Wish);
        return;
    }
    app.tasks.cursor.release();
    app.groups.cursor.release();
    app.resources.cursor.release();
    app.problems.cursor.release();
    app.problems.subject = None;
}

/// The filters that were used on the table that is shown.
pub(super) fn history<'a>(
    screens: &[Screen],
    tasks: &'a [String],
    resources: &'a ResourceTable,
) -> &'a [String] {
    match screens.last() {
        Some(Screen::Resources) => &resources.history,
        _ => tasks,
    }
}

/// The tab of the first screen.
pub(in super::super) fn tab_of(screens: &[Screen]) -> usize {
    match screens.first() {
        Some(Screen::Tasks(_)) => TASKS,
        Some(Screen::Resources) => 2,
        Some(Screen::Waits(_)) => 3,
        Some(Screen::Groups) => PLACES,
        _ => 0,
    }
}

pub(super) fn to_tab(app: &mut App, tab: usize) {
    app.screens = vec![match tab {
        0 => Screen::Problems,
        TASKS => Screen::Tasks(None),
        2 => Screen::Resources,
        3 => Screen::Waits(Walk::default()),
        _ => Screen::Groups,
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
            let tab = match app.screen() {
                Screen::Groups => TASKS,
                _ => PLACES,
            };
            to_tab(app, tab);
            app.pressed_g = Some((app.now, screens));
        }
    }
}

/// Back to the nearest table, for what only tables can do.
fn to_table(app: &mut App) {
    let is_table = |screen: &Screen| {
        matches!(
            screen,
            Screen::Tasks(_) | Screen::Groups | Screen::Resources
        )
    };
    while app.screens.len() > 1 && !is_table(app.screen()) {
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
    if let Some(walk) = walk(app, |walk, doors| {
        walk.go(by, matches!(motion, Motion::Lines(_)), doors, height);
    }) {
        return walk;
    }
    match app.screen() {
        Screen::Problems => app.problems.step(by, height),
        Screen::Resources => app.resources.step(by, height),
        Screen::Groups => app.groups.step(by, height),
        Screen::Tasks(_) => {
            app.tasks.step(by, height);
            app.tasks.remember(app.picture.world());
        }
        _ => {}
    }
}

/// Moves what is shown, and the selection only where it would be out of sight.
pub(super) fn scroll(app: &mut App, by: isize) {
    let height = body_height(app);
    if let Some(walk) = walk(app, |walk, doors| {
        walk.scroll = scrolled(walk.scroll, by, doors.len(), height);
    }) {
        return walk;
    }
    match app.screen() {
        Screen::Problems => app.problems.scroll(by, height),
        Screen::Resources => app.resources.scroll(by, height),
        Screen::Groups => app.groups.scroll(by, height),
        Screen::Tasks(_) => {
            app.tasks.scroll(by, height);
            app.tasks.remember(app.picture.world());
        }
        _ => {}
    }
}

/// Moves through a screen that is a text, whose lines have these doors; `None` where it is none.
fn walk(app: &mut App, moves: impl FnOnce(&mut Walk, &[Option<usize>])) -> Option<()> {
    let doors = document(app)?.doors();
    match app.screens.last_mut()? {
        Screen::Task(detail) => moves(&mut detail.walk, &doors),
        Screen::Resource(thing) => moves(&mut thing.walk, &doors),
        Screen::Waits(walk) => moves(walk, &doors),
        Screen::Help(scroll) | Screen::Explain(_, scroll) => {
            let mut walk = Walk {
                door: None,
                scroll: *scroll,
            };
            moves(&mut walk, &doors);
            *scroll = walk.scroll;
        }
        _ => {}
    }
    Some(())
}

/// The text of a screen that is one.
pub(super) fn document(app: &App) -> Option<Document> {
    view::document_of(app, app.size.0).map(|(document, _)| document)
}

/// Leaves out columns on the left, to make room for those that were left out on the right.
fn pan(app: &mut App, by: isize) {
    let (shift, columns) = match app.screen() {
        Screen::Tasks(_) => (&mut app.tasks.shift, Column::ALL.len()),
        Screen::Groups => (&mut app.groups.shift, GroupColumn::ALL.len()),
        Screen::Resources => (&mut app.resources.shift, ResourceColumn::ALL.len()),
        Screen::Problems => return choose_subject(app, by),
        _ => return,
    };
    // The first column and one more are always there.
    *shift = shift.saturating_add_signed(by).min(columns - 2);
}

/// Chooses one of those whom the selected problem concerns.
fn choose_subject(app: &mut App, by: isize) {
    let finding = app.problems.selected(app.picture.world());
    let Some(last) = finding.and_then(|finding| finding.subjects.len().checked_sub(1)) else {
        return;
    };
    let at = app.problems.subject.unwrap_or(0).saturating_add_signed(by);
    app.problems.subject = Some(at.min(last));
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
        Screen::Resources => {
            if let Some(id) = app.resources.selected() {
                open_resource(app, id);
            }
        }
        Screen::Problems => {
            let chosen = app.problems.subject.unwrap_or(0);
            let finding = app.problems.selected(app.picture.world());
            match finding.map(|finding| finding.subjects.get(chosen).copied()) {
                Some(Some(subject)) => go_to(app, subject),
                Some(None) => app.say("this problem concerns nothing that could be opened"),
                None => {}
            }
        }
        Screen::Task(_) | Screen::Resource(_) | Screen::Waits(_) => {
            let Some((document, walk)) = view::document_of(app, app.size.0) else {
                return;
            };
            match walk.door.and_then(|door| document.leads_to(door)) {
                Some(subject) => go_to(app, subject),
                None if document.leads_to(0).is_none() => app.say("nothing else is named here"),
                None => app.say("j and k choose one of the names here"),
            }
        }
        Screen::Explain(..) => {}
        Screen::Help(_) => {}
    }
}

/// Goes through a certain door of the task that is selected or looked at.
fn through(app: &mut App, which: fn(&Door) -> bool, otherwise: &str) {
    let world = app.picture.world();
    let door = match app.screen() {
        Screen::Task(detail) => {
            let task = detail.task(world);
            task.and_then(|task| detail::doors(task).into_iter().find(which))
        }
        Screen::Tasks(_) => app.tasks.selected().and_then(|id| {
            let task = world.task(id)?;
            detail::doors(task).into_iter().find(which)
        }),
        _ => return,
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
fn sort_beside(app: &mut App, by: isize) {
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
