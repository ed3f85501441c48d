//! Asks all rules, look after look.

use super::ledger::{Ledger, MAX_OPEN};
use super::look::Look;
use super::problem::Problem;
use super::survey::{self, Survey};
use super::words::Words;
use super::{
    Thresholds, accept_backlog, async_mutex_not_needed, blocking_pool_full, busy_wake,
    cancelled_mid_await, deadlock, futurelock, held_across_await, large_future, long_poll,
    lost_waker, never_polled, starved, task_leak,
};
use crate::graph::WaitGraph;
use crate::{Change, Nanos, Revision, Stamp, World};

/// Looks closer together than this are one: two samples of the same moment confirm nothing.
const APART: Nanos = Nanos(50_000_000);

/// Finds out what is wrong in a world.
///
/// It is asked again and again, about every half second, always of the same world, and remembers what it needs of its
/// earlier looks: within bounds that do not grow with the time, and with the number of tasks by a few bytes each.
#[derive(Debug)]
pub struct Judge {
    thresholds: Thresholds,
    last: Option<Stamp>,
    seen: Revision,
    ledger: Ledger,
    survey: survey::Memory,
    long_poll: long_poll::Memory,
    starved: starved::Memory,
    lost_waker: lost_waker::Memory,
    busy_wake: busy_wake::Memory,
    cancelled: cancelled_mid_await::Memory,
    mutexes: async_mutex_not_needed::Memory,
    leak: task_leak::Memory,
    pool: blocking_pool_full::Memory,
    futures: large_future::Memory,
    wants_lines: bool,
    polls_are_seen: bool,
}

impl Default for Judge {
    fn default() -> Self {
        Self::new(Thresholds::default())
    }
}

impl Judge {
    /// A judge that has not seen anything yet.
    #[must_use]
    pub fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            last: None,
            seen: Revision(0),
            ledger: Ledger::default(),
            survey: survey::Memory::default(),
            long_poll: long_poll::Memory::default(),
            starved: starved::Memory::default(),
            lost_waker: lost_waker::Memory::default(),
            busy_wake: busy_wake::Memory::default(),
            cancelled: cancelled_mid_await::Memory::default(),
            mutexes: async_mutex_not_needed::Memory::default(),
            leak: task_leak::Memory::default(),
            pool: blocking_pool_full::Memory::default(),
            futures: large_future::Memory::default(),
            wants_lines: false,
            polls_are_seen: false,
        }
    }

    /// Somebody looks at polls that do not return, and tells of it by [`Change::LongPoll`]: a poll of which nothing was told
    /// yet is judged a little later.
    #[must_use]
    pub fn with_polls_seen(self) -> Self {
        Self {
            polls_are_seen: true,
            ..self
        }
    }

    /// Whether the last look would have told more if the stacks of the world had had their functions and lines.
    #[must_use]
    pub fn wants_lines(&self) -> bool {
        self.wants_lines
    }

    /// Looks at the world as it is now, and gives what is new about its findings: only [`Change::Finding`] and
    /// [`Change::FindingGone`]. Most findings need two looks. A look less than 50 ms after the last one is none.
    ///
    /// The changes are meant to be applied to the same world, but nothing here depends on it.
    pub fn look(&mut self, world: &World) -> Vec<Change> {
        let now = world.now();
        let elapsed = self.last.map(|last| last.until(now));
        if elapsed.is_some_and(|elapsed| elapsed < APART) {
            return Vec::new();
        }
        let look = Look {
            world,
            now,
            elapsed,
            seen: self.seen,
            graph: WaitGraph::of(world),
            survey: Survey::of(world, self.thresholds.long_poll, &mut self.survey),
            words: Words(world),
            thresholds: self.thresholds,
            polls_are_seen: self.polls_are_seen,
        };
        let problems = self.problems(&look);
        self.wants_lines = busy_wake::wants_lines(&look) || world.backlogs().next().is_some();
        self.last = Some(now);
        self.seen = world.revision();
        self.ledger.settle(problems, now)
    }

    fn problems(&mut self, look: &Look<'_>) -> Vec<Problem> {
        let long_polls = long_poll::check(look, &mut self.long_poll);
        let blocked = self.long_poll.has_blocked(None, look.now);
        let load = starved::Load::of(look, &mut self.starved).blocked(blocked);
        let mut problems = Vec::new();
        // A rule can't crowd out the others.
        let mut add = |found: Vec<Problem>| problems.extend(found.into_iter().take(MAX_OPEN));
        add(deadlock::check(look));
        add(futurelock::check(look));
        add(lost_waker::check(look, &mut self.lost_waker));
        add(starved::check(
            look,
            &load,
            &self.long_poll,
            &mut self.starved,
        ));
        add(never_polled::check(look, &load));
        add(held_across_await::check(look));
        add(cancelled_mid_await::check(look, &mut self.cancelled));
        add(busy_wake::check(look, &mut self.busy_wake));
        add(blocking_pool_full::check(look, &mut self.pool));
        add(accept_backlog::check(look));
        add(task_leak::check(look, &self.survey.sites, &mut self.leak));
        add(large_future::check(look, &mut self.futures));
        add(async_mutex_not_needed::check(look, &mut self.mutexes));
        add(long_polls);
        problems
    }
}
