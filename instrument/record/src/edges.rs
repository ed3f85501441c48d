//! Counts a task's poll starts and ends, and lets the fields that change with them be read together.
//!
//! Rules:
//!
//! 1. There is one writer at a time: a task is polled by one thread, and tokio orders one poll before the next.
//! 2. A change counts `begun` up, then writes the fields, then counts `done` up to the same number. Who reads `done`,
//!    then fields, then `begun`, and finds both equal, has fields that belong together.
//! 3. The count is odd while a poll is under way.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::{AtomicU32, AtomicU64, fence};

/// See the [module](self).
#[repr(C)]
pub(crate) struct Edges {
    done: AtomicU64,
    /// Modulo 2^32, since it is only compared with `done`.
    begun: AtomicU32,
    /// How many more wakers of itself the task has cloned than dropped, in its own polls, modulo 2^32. It has the room that
    /// is left here, and the same one writer, so it needs no read-modify-write.
    own_wakers: AtomicU32,
}

impl Edges {
    #[cfg(all(loom, test))]
    pub(crate) fn new() -> Self {
        Self {
            done: AtomicU64::new(0),
            begun: AtomicU32::new(0),
            own_wakers: AtomicU32::new(0),
        }
    }

    /// For a new task; nobody reads the slot yet, or finds that it changed owners.
    #[inline]
    pub(crate) fn reset(&self) {
        self.begun.store(0, Relaxed);
        self.done.store(0, Relaxed);
        self.own_wakers.store(0, Relaxed);
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
        self.begun.store(to as u32, Relaxed);
        fence(Release);
        write();
        self.done.store(to, Release);
    }

    /// The task clones or drops a waker of itself in its own poll.
    #[inline(always)]
    pub(crate) fn count_own_waker(&self, up: bool) {
        let n = self.own_wakers.load(Relaxed);
        let n = if up {
            n.wrapping_add(1)
        } else {
            n.wrapping_sub(1)
        };
        self.own_wakers.store(n, Relaxed);
    }

    /// See [`count_own_waker`](Self::count_own_waker).
    pub(crate) fn own_wakers(&self) -> u32 {
        self.own_wakers.load(Relaxed)
    }

    /// What `read` reads, given the count, as of one moment; `None` where the fields kept changing, which means that the
    /// task is being polled this instant.
    pub(crate) fn consistent<T>(&self, read: impl Fn(u64) -> T) -> Option<T> {
        for _ in 0..TRIES {
            let count = self.done.load(Acquire);
            let value = read(count);
            fence(Acquire);
            if self.begun.load(Relaxed) == count as u32 {
                return Some(value);
            }
            std::hint::spin_loop();
        }
        None
    }
}

const TRIES: usize = if cfg!(loom) { 2 } else { 64 };
