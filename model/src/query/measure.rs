//! What of a task can be compared with a number, and how.

use std::fmt;

use crate::{Task, World};

use super::value::Scale;

/// What of a task can be compared with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Polls,
    Wakes,
    SelfWakes,
    Wakers,
    Busy,
    Scheduled,
    Idle,
    Age,
    For,
    Size,
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

impl Measure {
    pub(super) const ALL: [Self; 10] = [
        Self::Polls,
        Self::Wakes,
        Self::SelfWakes,
        Self::Wakers,
        Self::Busy,
        Self::Scheduled,
        Self::Idle,
        Self::Age,
        Self::For,
        Self::Size,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Polls => "polls",
            Self::Wakes => "wakes",
            Self::SelfWakes => "self",
            Self::Wakers => "wakers",
            Self::Busy => "busy",
            Self::Scheduled => "sched",
            Self::Idle => "idle",
            Self::Age => "age",
            Self::For => "for",
            Self::Size => "size",
        }
    }

    pub(super) const fn scale(self) -> Scale {
        match self {
            Self::Polls | Self::Wakes | Self::SelfWakes | Self::Wakers => Scale::Count,
            Self::Busy | Self::Scheduled | Self::Idle | Self::Age | Self::For => Scale::Time,
            Self::Size => Scale::Bytes,
        }
    }

    /// The number for this task, now; `None` where it is not known.
    pub(super) fn of(self, task: &Task, world: &World) -> Option<u64> {
        let now = world.now();
        Some(match self {
            Self::Polls => task.vitals.polls,
            Self::Wakes => task.vitals.wakes,
            Self::SelfWakes => task.vitals.self_wakes,
            Self::Wakers => task.vitals.wakers.into(),
            Self::Busy => task.busy(now).0,
            Self::Scheduled => task.scheduled(now).0,
            Self::Idle => task.idle(now).0,
            Self::Age => task.age(now).0,
            Self::For => task.in_state(now).0,
            Self::Size => {
                return world
                    .site(task.birth.site)
                    .map(|s| s.size)
                    .filter(|s| *s > 0);
            }
        })
    }
}

impl Op {
    /// All of them; those of two characters first, so that the first that fits is the longest.
    pub(super) const ALL: [Self; 5] = [
        Self::AtLeast,
        Self::AtMost,
        Self::Above,
        Self::Below,
        Self::Equal,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::Below => "<",
            Self::Equal => "=",
        }
    }

    pub(super) fn holds(self, found: u64, value: u64) -> bool {
        match self {
            Self::AtLeast => found >= value,
            Self::AtMost => found <= value,
            Self::Above => found > value,
            Self::Below => found < value,
            Self::Equal => found == value,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
