//! What the mouse does.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::app::{App, Mode, Screen};
use super::super::view::layout::{Regions, body_height};
use super::super::view::{frame, groups, picker, task, tasks};
use super::act;

/// Two clicks on one row within this time open it.
const TWICE: Duration = Duration::from_millis(400);
/// Lines that one notch of the wheel moves.
const NOTCH: isize = 3;

/// Takes what the mouse did.
pub(super) fn used(app: &mut App, event: MouseEvent) {
    match event.kind {
        MouseEventKind::ScrollDown if matches!(app.mode, Mode::Screen) => act::scroll(app, NOTCH),
        MouseEventKind::ScrollUp if matches!(app.mode, Mode::Screen) => act::scroll(app, -NOTCH),
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
                act::sort_by(app, choice);
            }
            return;
        }
        Mode::Screen => {}
    }
    if let Some(tab) = frame::tab_at(&regions, at) {
        return act::to_tab(app, tab);
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
        Screen::Tasks(_) => {
            let row = app.tasks.cursor.top(app.tasks.rows().len(), height) + line - 1;
            let hit = row < app.tasks.rows().len();
            if hit {
                app.tasks.select(row, height);
                app.tasks.remember(app.picture.world());
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
        Screen::Task(detail) => {
            let doors = task::document(app, detail, app.size.0).doors();
            let door = doors.get(line + detail.scroll).copied().flatten();
            if let (Some(Screen::Task(detail)), Some(_)) = (app.screens.last_mut(), door) {
                detail.door = door;
            }
            door.is_some()
        }
        Screen::Help(_) => false,
    };
    if hit && twice {
        act::enter(app);
    } else if hit {
        app.clicked = Some((app.now, at.y));
    }
}

fn heading(app: &mut App, column: Option<usize>) {
    if let Some(column) = column {
        act::sort_by(app, column);
    }
}
