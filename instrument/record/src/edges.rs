//! Counts a task's poll starts and ends, and lets the fields that change with them be read together.
//!
//! Rules:
//!
//! 1. There is one writer at a time: a task is polled by one thread, and tokio orders one poll before the next.
//! 2. A change counts `begun` up, then writes the fields, then counts `done` up to the same number. Who reads `done`,
//!    then fields, then `begun`, and finds both equal, has fields that belong together.
//! 3. The count is odd while a poll is under way.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::{AtomicU64, fence};

/// See the [module](self).
pub(crate) struct Edges {
    begun: AtomicU64,
    done: AtomicU64,
}

impl Edges {
    #[cfg(all(loom, test))]
    pub(crate) fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    /// For a new task; nobody reads the slot yet, or finds that it changed owners.
    pub(crate) fn reset(&self) {
        self.begun.store(0, Relaxed);
        self.done.store(0, Relaxed);
    }

    /// The count, by the writer.
    #[inline(always)]
    pub(crate) fn count(&self) -> u64 {
        self.done.load(Relaxed)
    }

    /// A change that counts `by` edges.
    #[inline(always)]
    pub(crate) fn change(&self, by: u64, write: impl FnOnce()) {
        let to = self.done.load(Relaxed) + by;
        self.begun.store(to, Relaxed);
        fence(Release);
        write();
        self.done.store(to, Release);
    }

    /// What `read` reads, given the count, as of one moment; `None` where the fields kept changing, which means that the
    /// task is being polled this instant.
    pub(crate) fn consistent<T>(&self, read: impl Fn(u64) -> T) -> Option<T> {
        for _ in 0..TRIES {
            let count = self.done.load(Acquire);
            let value = read(count);
            fence(Acquire);
            if self.begun.load(Relaxed) == count {
                return Some(value);
            }
            std::hint::spin_loop();
        }
        None
    }
}

const TRIES: usize = if cfg!(loom) { 2 } else { 64 };
