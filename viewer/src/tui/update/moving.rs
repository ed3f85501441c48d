//! Up and down, left and right.

use taskscope_model::query::{Column, GroupColumn, ResourceColumn};

use super::super::app::{App, Screen};
use super::super::keys::Motion;
use super::super::view;
use super::super::view::document::Document;
use super::super::view::layout::body_height;
use super::super::walk::{Walk, scrolled};

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
        Screen::Stacks => app.stacks.step(by, height),
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
        Screen::Stacks => app.stacks.scroll(by, height),
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
        Screen::Problems => moves(&mut app.problems.walk, &doors),
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
pub(super) fn pan(app: &mut App, by: isize) {
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
