//! Counters over all tasks of the target, whatever a filter leaves out.

use crate::Nanos;

/// Counters over all tasks of the target. Exact, however fast tasks come and go; what was not tracked is counted too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tasks tracked so far, live and ended.
    pub spawned: u64,
    /// Live tasks that wait for a worker.
    pub scheduled: u64,
    /// Live tasks in a poll.
    pub running: u64,
    /// Live tasks that wait for a wake.
    pub idle: u64,
    /// Tasks whose future returned.
    pub done: u64,
    /// Tasks whose future was dropped before it returned.
    pub cancelled: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Polls that have ended.
    pub polls: u64,
    /// Time in polls that have ended.
    pub busy: Nanos,
    /// Time between wakes and the polls that answered them.
    pub delayed: Nanos,
    /// Wakes, redundant ones and self-wakes included.
    pub wakes: u64,
    /// Wakes of a task by itself.
    pub self_wakes: u64,
    /// Worker threads that were seen to poll tasks and live now.
    pub workers: u32,
    /// Time that those workers spent in polls, the polls under way included.
    pub worker_busy: Nanos,
    /// Tasks that ended without a record of their own: they are in these totals and in their site's tally only.
    pub unlisted: u64,
    /// Tasks that could not be tracked at all, because the table of tasks was full. In no other counter.
    pub untracked: u64,
    /// Spawn places that could not be told apart, because the table of places was full.
    pub unplaced: u64,
}

impl Totals {
    /// Tasks that live now.
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.scheduled
            .saturating_add(self.running)
            .saturating_add(self.idle)
    }

    /// Tasks that ended, in any way.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.done
            .saturating_add(self.cancelled)
            .saturating_add(self.panicked)
    }
}
