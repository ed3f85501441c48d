//! What can be known of a task, by what its target can tell.

use taskscope_model::query::Group;
use taskscope_model::{Kind, Task, World};

use crate::feed::Hello;
use crate::text::sees_wakes_of;

/// What a target can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    polls: bool,
    wakes: bool,
    wakers: bool,
}

impl Known {
    /// What the target says that it can tell. A source that it does not name is one that it can't tell.
    pub(super) fn of(hello: &Hello) -> Self {
        let active = |name| {
            hello
                .sources
                .iter()
                .any(|source| source.name == name && source.active)
        };
        Self {
            polls: active("polls"),
            wakes: active("wakes"),
            wakers: active("wakers"),
        }
    }

    /// A value that is counted in polls.
    pub(super) fn polls<T>(self, value: T) -> Option<T> {
        self.polls.then_some(value)
    }

    /// A value that is counted in wakes.
    pub(super) fn wakes<T>(self, task: &Task, world: &World, value: T) -> Option<T> {
        (self.wakes && !is_block_on(task, world)).then_some(value)
    }

    /// A value that the tasks of one place add up to, counted in wakes.
    pub(super) fn wakes_of<T>(self, group: &Group, world: &World, value: T) -> Option<T> {
        (self.wakes && sees_wakes_of(group, world)).then_some(value)
    }

    /// The time that the tasks of one place waited for a worker.
    pub(super) fn waits_of<T>(self, group: &Group, world: &World, value: T) -> Option<T> {
        self.polls(value)
            .and_then(|value| self.wakes_of(group, world, value))
    }

    /// A time between polls: what part of it a task was scheduled or idle takes both to know.
    pub(super) fn waits<T>(self, task: &Task, world: &World, value: T) -> Option<T> {
        self.polls(value)
            .and_then(|value| self.wakes(task, world, value))
    }

    /// A value that is counted in wakers.
    pub(super) fn wakers<T>(self, task: &Task, world: &World, value: T) -> Option<T> {
        (self.wakers && !is_block_on(task, world)).then_some(value)
    }
}

/// The wakers of such a future are its thread's own, of which nothing is told.
fn is_block_on(task: &Task, world: &World) -> bool {
    world
        .site(task.birth.site)
        .is_some_and(|site| site.kind == Kind::BlockOn)
}
