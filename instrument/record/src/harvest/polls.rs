//! Polls that have not returned for long.

use std::sync::atomic::Ordering::Relaxed;

use crate::id;
use crate::record::RECORD;

/// A poll that is under way, the outermost one of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongPoll {
    /// The task.
    pub task: u64,
    /// When the poll began, in ticks.
    pub since: u64,
    /// What the system calls the thread.
    pub tid: i32,
    /// Where the thread's stack stood when the poll began.
    pub stack: usize,
    edges: u64,
}

impl LongPoll {
    /// Whether it is this poll of this task.
    #[must_use]
    pub fn is(&self, task: u64, since: u64) -> bool {
        (self.task, self.since) == (task, since)
    }

    /// Whether it is still under way.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        RECORD.slots.get(id::index(self.task)).is_some_and(|slot| {
            slot.word.load().is(id::generation(self.task)) && slot.edges.count() == self.edges
        })
    }
}

/// The polls that began before this moment, given in ticks, and have not returned. Only of threads whose number and stack
/// are known.
#[must_use]
pub fn long_polls(before: u64) -> Vec<LongPoll> {
    let threads = RECORD.threads.iter().filter_map(|thread| {
        let poll = LongPoll {
            task: thread.outermost.load(Relaxed),
            since: 0,
            tid: thread.tid.load(Relaxed),
            stack: thread.outermost_stack.load(Relaxed),
            edges: 0,
        };
        // Between two polls it names the last one.
        let polls = thread.current.load(Relaxed) != 0;
        (polls && poll.tid != 0 && poll.stack != 0).then_some(poll)
    });
    threads
        .filter_map(|poll| {
            let slot = RECORD.slots.get(id::index(poll.task))?;
            let (polled, _) = slot.polled();
            let poll = LongPoll {
                since: polled.since,
                edges: polled.edges,
                ..poll
            };
            (polled.edges % 2 == 1 && polled.since < before && poll.goes_on()).then_some(poll)
        })
        .collect()
}
