//! From screen to screen: tabs, doors, and back.

use std::time::Duration;

use taskscope_model::{ResourceId, Subject, TaskId};

use super::super::app::{App, Screen, Stale};
use super::super::detail::{self, Detail, Door};
use super::super::keys::Motion;
use super::super::table::{Place, Within};
use super::super::thing::Thing;
use super::super::view;
use super::super::walk::Walk;
use super::moving::go;

/// Two presses of `g` within this time are one `gg`.
const TWICE: Duration = Duration::from_millis(400);
/// Screens that one can go back through.
const DEEPEST: usize = 32;
/// First screens.
pub(super) const TABS: usize = 6;
/// The tabs of tasks, of stacks and of places.
const TASKS: usize = 1;
const STACKS: usize = 4;
const PLACES: usize = 5;

/// Puts a screen on top.
pub(super) fn open(app: &mut App, screen: Screen) {
    if app.screens.len() >= DEEPEST {
        app.screens.remove(1);
    }
    app.screens.push(screen);
    app.stale = Some(Stale::News);
}

/// Explains the rule of the selected problem.
pub(super) fn explain(app: &mut App) {
    match app.problems.selected(app.picture.world()) {
        Some(finding) => {
            let rule = finding.rule.clone();
            open(app, Screen::Explain(rule, 0));
        }
        None => app.say("no problem is selected: `taskscope explain --list` tells of all rules"),
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
            open(app, Screen::Tasks(Some(Within::Place(place))));
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
        Screen::Tasks(_) | Screen::Stacks | Screen::Groups => {
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
    app.stacks.cursor.release();
    app.groups.cursor.release();
    app.resources.cursor.release();
    app.problems.cursor.release();
    app.problems.subject = None;
}

/// The tab of the first screen.
pub(in super::super) fn tab_of(screens: &[Screen]) -> usize {
    match screens.first() {
        Some(Screen::Tasks(_)) => TASKS,
        Some(Screen::Resources) => 2,
        Some(Screen::Waits(_)) => 3,
        Some(Screen::Stacks) => STACKS,
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
        STACKS => Screen::Stacks,
        _ => Screen::Groups,
    }];
    app.stale = Some(Stale::Wish);
}

/// Goes to the places, or from them to the tasks; a second `g` soon after takes that back and means the first row.
pub(super) fn places(app: &mut App, before: Option<(Duration, Vec<Screen>)>) {
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
pub(super) fn to_table(app: &mut App) {
    let is_table = |screen: &Screen| {
        matches!(
            screen,
            Screen::Tasks(_) | Screen::Stacks | Screen::Groups | Screen::Resources
        )
    };
    while app.screens.len() > 1 && !is_table(app.screen()) {
        app.screens.pop();
        app.stale = Some(Stale::News);
    }
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
                open(app, Screen::Tasks(Some(Within::Place(place))));
            }
        }
        Screen::Stacks => {
            if let Some(group) = app.stacks.selected() {
                let name = view::stacks::name(app, group, 40);
                let within = Within::Stack(group.key.clone(), name);
                app.tasks.cursor.release();
                open(app, Screen::Tasks(Some(within)));
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
                Some(Some(concern)) => go_to(app, concern.subject),
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
pub(super) fn through(app: &mut App, which: fn(&Door) -> bool, otherwise: &str) {
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
