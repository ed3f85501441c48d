//! What the keys do while nothing is being typed.

use taskscope_model::query::{Column, GroupColumn, ResourceColumn};

use super::super::app::{App, Mode, Screen, Stale};
use super::super::detail::Door;
use super::super::keys::Action;
use super::super::msg::Effect;
use super::super::picker::Picker;
use super::super::prompt::Prompt;
use super::super::resources::ResourceTable;
use super::super::view::facts;
use super::moving::{go, pan};
use super::sorting::{UNSORTED, reverse, sort_beside};
use super::ways::{TABS, back, enter, explain, open, places, tab_of, through, to_tab, to_table};
use crate::feed::Ask;

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
                Screen::Tasks(_) | Screen::Stacks | Screen::Groups => app.tasks.filter.to_string(),
                Screen::Resources => app.resources.filter.to_string(),
                _ => {
                    return app
                        .say("tasks, resources, stacks and places are filtered: 2, 3, 5 and 6");
                }
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
                Screen::Stacks => return app.say("stacks are always by how many tasks wait there"),
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
