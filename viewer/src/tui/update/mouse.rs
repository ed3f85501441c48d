//! What the mouse does.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::app::{App, Mode, Screen};
use super::super::view::layout::{Regions, body_height};
use super::super::view::{frame, groups, picker, resources, tasks};
use super::{moving, sorting, ways};

/// Two clicks on one row within this time open it.
const TWICE: Duration = Duration::from_millis(400);
/// Lines that one notch of the wheel moves.
const NOTCH: isize = 3;

/// Takes what the mouse did.
pub(super) fn used(app: &mut App, event: MouseEvent) {
    match event.kind {
        MouseEventKind::ScrollDown if matches!(app.mode, Mode::Screen) => {
            moving::scroll(app, NOTCH)
        }
        MouseEventKind::ScrollUp if matches!(app.mode, Mode::Screen) => moving::scroll(app, -NOTCH),
        MouseEventKind::Down(MouseButton::Left) => {
            clicked(app, Position::new(event.column, event.row))
        }
        _ => {}
    }
}

fn clicked(app: &mut App, at: Position) {
    let Some(regions) = Regions::of(app) else {
        return;
    };
    match &app.mode {
        Mode::Filter(_) => return,
        Mode::Sort(chosen) => {
            let choice = picker::choice_at(app, *chosen, at);
            app.mode = Mode::Screen;
            if let Some(choice) = choice {
                sorting::sort_by(app, choice);
            }
            return;
        }
        Mode::Screen => {}
    }
    if let Some(tab) = frame::tab_at(app, &regions, at) {
        return ways::to_tab(app, tab);
    }
    if !regions.body.contains(at) {
        return;
    }
    let line = usize::from(at.y - regions.body.y);
    let height = body_height(app);
    let twice = app
        .clicked
        .take()
        .is_some_and(|(when, row)| row == at.y && app.now < when + TWICE);
    let hit = match app.screen() {
        Screen::Tasks(_) if line == 0 => return heading(app, tasks::column_at(app, at.x)),
        Screen::Groups if line == 0 => return heading(app, groups::column_at(app, at.x)),
        Screen::Resources if line == 0 => return heading(app, resources::column_at(app, at.x)),
        Screen::Resources => {
            let row = app.resources.cursor.top(app.resources.rows().len(), height) + line - 1;
            let hit = row < app.resources.rows().len();
            if hit {
                app.resources.select(row, height);
            }
            hit
        }
        Screen::Problems => {
            let row = app.problems.cursor.top(app.problems.rows().len(), height) + line;
            let hit = line < height && row < app.problems.rows().len();
            if hit {
                app.problems.select(row, height);
            }
            hit
        }
        Screen::Tasks(_) => {
            let row = app.tasks.cursor.top(app.tasks.rows().len(), height) + line - 1;
            let hit = row < app.tasks.rows().len();
            if hit {
                app.tasks.select(row, height);
                app.tasks.remember(app.picture.world());
            }
            hit
        }
        Screen::Stacks => {
            let top = app.stacks.cursor.top(app.stacks.rows().len(), height);
            let row = (top + line).wrapping_sub(1);
            let hit = line <= height && row < app.stacks.rows().len();
            if hit {
                app.stacks.select(row, height);
            }
            hit
        }
        Screen::Groups => {
            let row = app.groups.cursor.top(app.groups.rows().len(), height) + line - 1;
            let hit = row < app.groups.rows().len();
            if hit {
                app.groups.select(row, height);
            }
            hit
        }
        Screen::Task(_) | Screen::Resource(_) | Screen::Waits(_) => {
            let doors = moving::document(app).map_or_else(Vec::new, |document| document.doors());
            let walk = match app.screens.last_mut() {
                Some(Screen::Task(detail)) => &mut detail.walk,
                Some(Screen::Resource(thing)) => &mut thing.walk,
                Some(Screen::Waits(walk)) => walk,
                _ => return,
            };
            let door = doors.get(line + walk.scroll).copied().flatten();
            if door.is_some() {
                walk.door = door;
            }
            door.is_some()
        }
        Screen::Help(_) | Screen::Explain(..) => false,
    };
    if hit && twice {
        ways::enter(app);
    } else if hit {
        app.clicked = Some((app.now, at.y));
    }
}

fn heading(app: &mut App, column: Option<usize>) {
    if let Some(column) = column {
        sorting::sort_by(app, column);
    }
}
