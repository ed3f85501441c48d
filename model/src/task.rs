//! One task: what never changes about it, and how it lives.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use crate::{Leaves, Nanos, Revision, RuntimeId, SiteId, Sketches, Stamp, TaskId};

/// What a task is doing. The last three are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Woken (or just spawned) and waiting for a worker to poll it.
    Scheduled,
    /// In a poll.
    Running,
    /// Waiting for something to wake it.
    Idle,
    /// Its future returned.
    Done,
    /// Its future was dropped before it returned: aborted, or its runtime shut down. tokio tells nothing that sets such a
    /// drop apart from that of a future which has just returned; so it reads as `Done` where it came within about 100 ms
    /// of the task's last poll, on the same thread, and nothing else was polled there in between.
    Cancelled,
    /// A poll of it panicked.
    Panicked,
}

impl State {
    /// All states, in the order of their declaration.
    pub const ALL: [Self; 6] = [
        Self::Scheduled,
        Self::Running,
        Self::Idle,
        Self::Done,
        Self::Cancelled,
        Self::Panicked,
    ];

    /// Whether a task in this state will never be polled again.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Panicked)
    }

    /// The word that screens, filters and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Idle => "idle",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who woke a task last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LastWaker {
    /// Nobody yet.
    #[default]
    Nobody,
    /// Something that is no task: the I/O or timer driver, or a thread outside of any task.
    NoTask,
    /// This task, which can be the woken one itself.
    Task(TaskId),
}

/// What never changes about a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birth {
    /// tokio's own id of the task, as `tokio::task::Id` prints it. `None` where tokio gave none.
    pub tokio_id: Option<NonZeroU64>,
    /// The task in whose poll it was spawned; `None` where that was no task, or none that is tracked.
    pub parent: Option<TaskId>,
    /// The name that `tokio::task::Builder` gave it, cut at 256 bytes. It is the app's data: it may hold anything.
    pub name: Option<Arc<str>>,
    /// Where it was spawned, what kind it is and how large its future.
    pub site: SiteId,
    /// When it was spawned.
    pub created: Stamp,
}

/// How a task lives: everything about it that changes.
///
/// The three times leave out the state that the task is in now: [`Task::busy`], [`Task::scheduled`] and [`Task::idle`]
/// add it, for the moment asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// What it is doing.
    pub state: State,
    /// Since when; for an ended task, the moment of its end.
    pub since: Stamp,
    /// Polls begun and ended.
    pub polls: u64,
    /// Time in polls that have ended.
    pub busy: Nanos,
    /// Time between a wake (or the spawn) and the poll that answered it. The first unanswered wake counts.
    pub scheduled: Nanos,
    /// Calls of `wake` and `wake_by_ref`, redundant ones and its own included; the spawn is not counted.
    pub wakes: u64,
    /// Those of `wakes` that came from a poll of the task itself.
    pub self_wakes: u64,
    /// Who woke it last.
    pub last_waker: LastWaker,
    /// Clones of its waker that exist now. 0 in an idle task means that nothing can wake it.
    pub wakers: u32,
    /// The runtime that polled it first; `None` before the first poll, and where it could not be told.
    pub runtime: Option<RuntimeId>,
    /// Where it left its waker; empty where that is not caught, and of a task that is done.
    pub leaves: Leaves,
}

impl Vitals {
    /// A task that was spawned at `created` and has not been polled: it is scheduled, since the spawn is its first wake.
    #[must_use]
    pub const fn at_birth(created: Stamp) -> Self {
        Self {
            state: State::Scheduled,
            since: created,
            polls: 0,
            busy: Nanos::ZERO,
            scheduled: Nanos::ZERO,
            wakes: 0,
            self_wakes: 0,
            last_waker: LastWaker::Nobody,
            wakers: 0,
            runtime: None,
            leaves: Leaves::NONE,
        }
    }
}

/// A task as a [`World`](crate::World) knows it.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What never changes about it.
    pub birth: Birth,
    /// How it lives.
    pub vitals: Vitals,
    /// Its poll times and scheduling delays; `None` where they were not asked for.
    pub sketches: Option<Box<Sketches>>,
    /// When the world first heard of it.
    pub(crate) born: Revision,
    /// When the world last heard of it.
    pub(crate) changed: Revision,
    /// When the world heard of its end; means nothing while it lives.
    pub(crate) ended: Revision,
}

impl Task {
    /// The world's revision at which the task was first announced.
    #[must_use]
    pub fn born(&self) -> Revision {
        self.born
    }

    /// The world's revision at which the task last changed.
    #[must_use]
    pub fn changed(&self) -> Revision {
        self.changed
    }

    /// How long it has been in its state at `now`; for an ended task, how long ago it ended.
    #[must_use]
    pub fn in_state(&self, now: Stamp) -> Nanos {
        self.vitals.since.until(now)
    }

    /// From its spawn to `now`, or to its end.
    #[must_use]
    pub fn age(&self, now: Stamp) -> Nanos {
        self.birth.created.until(self.end().unwrap_or(now))
    }

    /// When it ended; `None` while it lives.
    #[must_use]
    pub fn end(&self) -> Option<Stamp> {
        self.vitals.state.has_ended().then_some(self.vitals.since)
    }

    /// Time in polls up to `now`, the poll under way included.
    #[must_use]
    pub fn busy(&self, now: Stamp) -> Nanos {
        self.vitals.busy + self.current(State::Running, now)
    }

    /// Time spent woken but not polled up to `now`, the present wait included.
    #[must_use]
    pub fn scheduled(&self, now: Stamp) -> Nanos {
        self.vitals.scheduled + self.current(State::Scheduled, now)
    }

    /// Time spent waiting for a wake up to `now`: what its age leaves after busy and scheduled.
    #[must_use]
    pub fn idle(&self, now: Stamp) -> Nanos {
        self.age(now) - self.busy(now) - self.scheduled(now)
    }

    fn current(&self, state: State, now: Stamp) -> Nanos {
        if self.vitals.state == state {
            self.in_state(now)
        } else {
            Nanos::ZERO
        }
    }
}
