//! What an operation has been given of what it asks for.
//!
//! Two threads write here: the one that polls the operation, and, while it queues, whoever gives permits back. Rules:
//!
//! 1. What is given, and when it was all, is written with the queue locked (that is where tokio tells it), or by the poll
//!    of an operation that is not in the queue. So plain stores do, and nothing is written twice at a time.
//! 2. The end of a poll in vain is told with the queue unlocked: by then the operation may have been handed what it asks
//!    for. So [`polled_in_vain`](Grant::polled_in_vain) touches nothing but the flags.
//! 3. The flags are written by both at any time: with read-modify-writes only.
//! 4. An operation that is done, or is dropped, has left the queue: what it was given is its own to forget.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::sync::{AtomicU32, AtomicU64};

/// The task of an operation polled a pending timer in the poll in which it polled this.
const TIMED: u32 = 1;
/// An operation is counted among those that were given some and do not know it:
/// [`Shares::outstanding`](crate::shares::Shares).
const COUNTED: u32 = 2;

/// See the [module](self).
#[repr(C)]
pub(crate) struct Grant {
    /// When it was given all that it asked for; 0 while it was not, or once it knows.
    all: AtomicU64,
    /// Permits that it asks for.
    want: AtomicU32,
    /// Permits that it was given and does not know of.
    given: AtomicU32,
    flags: AtomicU32,
}

impl Grant {
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            all: AtomicU64::new(0),
            want: AtomicU32::new(0),
            given: AtomicU32::new(0),
            flags: AtomicU32::new(0),
        }
    }

    /// For the next operation.
    #[inline(always)]
    pub(crate) fn reset(&self) {
        self.all.store(0, Relaxed);
        for field in [&self.want, &self.given, &self.flags] {
            field.store(0, Relaxed);
        }
    }

    /// It asks for `n` permits.
    #[inline(always)]
    pub(crate) fn ask(&self, n: u32) {
        self.want.store(n, Relaxed);
    }

    /// What it asks for; 0 if that was not told.
    #[inline(always)]
    pub(crate) fn wanted(&self) -> u32 {
        self.want.load(Relaxed)
    }

    /// What it was given and does not know of.
    #[inline(always)]
    pub(crate) fn given(&self) -> u32 {
        self.given.load(Relaxed)
    }

    /// When it was given all that it asked for, without being polled since to take it; else 0.
    pub(crate) fn granted(&self) -> u64 {
        self.all.load(Relaxed)
    }

    /// Its own poll found all of it at once.
    #[inline(always)]
    pub(crate) fn found(&self, n: u32) {
        self.given.store(n, Relaxed);
    }

    /// Its own poll looked at the queue and took `n`. What it was handed before it has seen by that. `true` if it has all
    /// that it asks for by now.
    pub(crate) fn looked(&self, n: u32) -> bool {
        let given = self.given().saturating_add(n);
        self.given.store(given, Relaxed);
        if self.all.load(Relaxed) != 0 {
            self.all.store(0, Relaxed);
        }
        given >= self.wanted()
    }

    /// Its own poll, of which it has all, is not done: the task has to let others go first. It is not in the queue.
    pub(crate) fn left_for_later(&self, now: u64) {
        self.all.store(now, Relaxed);
    }

    /// Somebody else gave it `n`, at `now`.
    pub(crate) fn handed(&self, n: u32, now: u64) {
        let given = self.given().saturating_add(n);
        self.given.store(given, Relaxed);
        if given >= self.wanted() {
            self.all.swap(now, SeqCst);
        }
    }

    /// A poll in vain is over; `timed`: its task waits for a timer too.
    pub(crate) fn polled_in_vain(&self, timed: bool) {
        if timed != self.is_timed() {
            self.flags.fetch_xor(TIMED, SeqCst);
        }
    }

    /// Its task waits for a timer too.
    pub(crate) fn set_timed(&self) {
        self.flags.fetch_or(TIMED, SeqCst);
    }

    pub(crate) fn is_timed(&self) -> bool {
        self.flags.load(Relaxed) & TIMED != 0
    }

    /// `true`, once: it was given some and does not know it.
    pub(crate) fn count(&self) -> bool {
        self.given() > 0 && self.flags.fetch_or(COUNTED, Relaxed) & COUNTED == 0
    }

    /// It knows by now what it was given, or has given it back. `true` if it was counted.
    #[inline(always)]
    pub(crate) fn settle(&self) -> bool {
        self.given.store(0, Relaxed);
        self.flags.load(Relaxed) & COUNTED != 0
            && self.flags.fetch_and(!COUNTED, Relaxed) & COUNTED != 0
    }

    /// Its wait is over.
    pub(crate) fn forget(&self) {
        self.all.store(0, Relaxed);
    }
}
