//! What the harvester tells of tasks and of threads.

use crate::leaves::{LEAVES, Leaf};
use crate::sketch::Counts;
use crate::slot::Outcome;
use crate::word::WAKES_MASK;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Woken, not polled yet.
    Scheduled,
    /// In a poll.
    Running,
    /// Waiting for a wake.
    Idle,
    /// Ended.
    Ended(Outcome),
}

/// Who woke a task last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WokenBy {
    /// Nobody yet.
    Nobody,
    /// No task.
    NoTask,
    /// This one.
    Task(u64),
}

/// What does not change about a task.
#[derive(Clone, Copy, Debug)]
pub struct BirthReport<'a> {
    /// Number of its site; see [`site`](crate::site()).
    pub site: u32,
    /// Its name.
    pub name: Option<&'a str>,
    /// tokio's id of it; 0 for none.
    pub tokio_id: u64,
    /// The task that spawned it; 0 for none.
    pub parent: u64,
    /// When it was spawned, in ticks.
    pub created: u64,
}

/// A task as the harvester found it. Times are in ticks; counters that wrap say so.
#[derive(Debug)]
pub struct TaskReport<'a> {
    /// Its id.
    pub id: u64,
    /// Given the first time the task is reported.
    pub birth: Option<BirthReport<'a>>,
    /// What it is doing.
    pub phase: Phase,
    /// Since when.
    pub since: u64,
    /// Polls that have ended.
    pub polls: u64,
    /// Time in them.
    pub busy: u64,
    /// Time woken but not polled, up to the last poll.
    pub scheduled: u64,
    /// Wakes, modulo [`WAKES_MODULUS`].
    pub wakes: u64,
    /// Wakes by itself, modulo 2^32.
    pub self_wakes: u32,
    /// Who woke it last.
    pub woken_by: WokenBy,
    /// Clones of its waker.
    pub wakers: u32,
    /// Its runtime, from 1; 0 if not known.
    pub runtime: u16,
    /// Where it has left its waker, newest first; those of operations are told with their waits.
    pub leaves: [Leaf; LEAVES],
    /// Its distributions, given with its end.
    pub counts: Option<Box<Counts>>,
}

/// What [`TaskReport::wakes`] is counted modulo.
pub const WAKES_MODULUS: u64 = WAKES_MASK + 1;

/// Ended tasks that were not reported one by one, by site, since the start. Times in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unlisted {
    /// Done, cancelled, panicked.
    pub ended: [u64; 3],
    /// Their polls.
    pub polls: u64,
    /// Their time in polls.
    pub busy: u64,
    /// Their time woken but not polled.
    pub scheduled: u64,
    /// Their wakes.
    pub wakes: u64,
    /// Their wakes by themselves.
    pub self_wakes: u64,
}

/// Counters over all threads, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadTotals {
    /// Threads that are workers now.
    pub workers: u32,
    /// Ticks that workers spent in polls, the polls under way included.
    pub worker_busy: u64,
    /// Tasks that ended without being reported one by one.
    pub unlisted: u64,
    /// Tasks that could not be tracked.
    pub untracked: u64,
    /// Spawns whose site did not fit.
    pub unplaced: u64,
    /// Clones of wakers that were seen.
    pub clones: u64,
    /// What the trial saw: spawns, polls, wakes, clones, locks, permits.
    pub trial: [u64; 6],
}
