//! What is recorded of one live task: 128 bytes, found from its id by arithmetic.
//!
//! The first cache line belongs to the thread that polls the task, the second to everybody. The fields of the first have
//! one writer at a time, so they need no read-modify-write; they change at a poll's start and end only, under [`Edges`].
//!
//! Half of the edges is the number of polls. Dropping a task's future looks like a poll: it is taken back at the task's
//! end by two edges more, and four less count ([`Traits::drop_was_counted`]).

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::edges::Edges;
use crate::sketch::{Counts, Samples, Tables};
use crate::slab::{Pooled, Zeroed};
use crate::sync::{AtomicU32, AtomicU64};
use crate::word::Word;

/// See the [module](self). Times are ticks of the [clock](crate::clock).
#[repr(C, align(128))]
pub(crate) struct Slot {
    pub(crate) edges: Edges,
    pub(crate) busy: AtomicU64,
    pub(crate) scheduled: AtomicU64,
    /// When the last poll started or ended; before the first one, the spawn.
    pub(crate) since: AtomicU64,
    polls: AtomicU64,
    delays: AtomicU64,
    table: AtomicU32,
    /// Modulo 2^32.
    pub(crate) self_wakes: AtomicU32,

    pub(crate) word: Word,
    pub(crate) wakers: Wakers,
    /// When the first wake that is unanswered came.
    pub(crate) first_wake: AtomicU64,
    /// The task that woke it last, [`NO_TASK`], or 0 for nobody.
    pub(crate) last_waker: AtomicU64,
    pub(crate) created: AtomicU64,
    pub(crate) parent: AtomicU64,
    pub(crate) tokio_id: AtomicU64,
    pub(crate) site: AtomicU32,
    pub(crate) traits: Traits,
}

const _: () = assert!(size_of::<Slot>() == 128);

// SAFETY: nothing but atomics: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Slot {}

impl Pooled for Slot {
    fn link(&self) -> &AtomicU32 {
        &self.site
    }
}

/// In `last_waker`: woken by something that is no task.
pub(crate) const NO_TASK: u64 = 1;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its future returned.
    Done = 1,
    /// Its future was dropped before.
    Cancelled = 2,
    /// A poll of it panicked.
    Panicked = 3,
}

/// The part of a slot that changes with polls, as of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Polled {
    pub(crate) edges: u64,
    pub(crate) busy: u64,
    pub(crate) scheduled: u64,
    pub(crate) since: u64,
    /// Clones of the task's waker that exist.
    pub(crate) wakers: u32,
}

impl Slot {
    /// The distributions.
    #[inline(always)]
    pub(crate) fn samples(&self) -> Samples<'_> {
        Samples {
            polls: &self.polls,
            delays: &self.delays,
            table: &self.table,
        }
    }

    /// Reads the first line, and whether what was read belongs together. It may not while the task's thread is writing, or
    /// was interrupted in the midst of it: then the slot is to be visited again.
    pub(crate) fn polled(&self) -> (Polled, bool) {
        let read = |edges| Polled {
            edges,
            busy: self.busy.load(Relaxed),
            scheduled: self.scheduled.load(Relaxed),
            since: self.since.load(Relaxed),
            wakers: self.wakers(),
        };
        match self.edges.consistent(read) {
            Some(polled) => (polled, true),
            None => (read(self.edges.count()), false),
        }
    }

    /// The number of the poll that is under way, or of the last one, modulo 2^32.
    #[inline(always)]
    pub(crate) fn poll_number(&self) -> u32 {
        self.edges.count().div_ceil(2) as u32
    }

    /// A waker of the task is cloned or dropped, in a poll of its own or not.
    #[inline(always)]
    pub(crate) fn count_waker(&self, generation: u32, in_own_poll: bool, up: bool) {
        if in_own_poll {
            self.edges.count_own_waker(up);
        } else {
            self.wakers.count(generation, up);
        }
    }

    /// Who drops a waker got it from a poll that is counted before. So where the poll's count has not changed meanwhile, no
    /// drop is missing its clone. Where it has, that may be so.
    pub(crate) fn wakers(&self) -> u32 {
        let sum = self.edges.own_wakers().wrapping_add(self.wakers.load());
        u32::try_from(sum as i32).unwrap_or(0)
    }

    /// Reads the distributions; `None` where they kept changing.
    pub(crate) fn counts(&self, tables: &Tables) -> Option<Counts> {
        self.edges.consistent(|_| {
            let mut counts = Counts::default();
            self.samples().read(tables, &mut counts);
            counts
        })
    }
}

/// Small facts in one word: the runtime (16 bits), the [`Outcome`] (2), whether a poll panicked, whether the last poll
/// that was counted was the drop, whether it is a `block_on`, and one that does a worker's work, and how often the span was cloned.
///
/// Stored, not added to: its writers are the thread that polls the task and the one that drops it, which tokio orders.
/// (tokio clones no task's span. Should it begin to, a race would lose a clone: the task would end early, no worse.)
pub(crate) struct Traits(AtomicU32);

const PANICKED: u32 = 1 << 18;
const DROP_COUNTED: u32 = 1 << 19;
const ROOT: u32 = 1 << 20;
const BLOCK_ON: u32 = 1 << 21;
const CLONE: u32 = 1 << 24;

impl Traits {
    #[inline]
    pub(crate) fn reset(&self, block_on: bool) {
        self.0.store(if block_on { BLOCK_ON } else { 0 }, Relaxed);
    }

    #[inline]
    fn add(&self, bits: u32) {
        self.0.store(self.0.load(Relaxed) | bits, Relaxed);
    }

    #[inline]
    pub(crate) fn set_runtime(&self, runtime: u16) {
        self.add(runtime.into());
    }

    pub(crate) fn set_root(&self) {
        self.add(ROOT);
    }

    pub(crate) fn set_panicked(&self) {
        self.add(PANICKED);
    }

    #[inline]
    pub(crate) fn set_ended(&self, outcome: Outcome, drop_counted: bool) {
        self.add((outcome as u32) << 16 | if drop_counted { DROP_COUNTED } else { 0 });
    }

    pub(crate) fn runtime(&self) -> u16 {
        self.0.load(Relaxed) as u16
    }

    #[inline]
    pub(crate) fn is_root(&self) -> bool {
        self.0.load(Relaxed) & ROOT != 0
    }

    #[inline(always)]
    pub(crate) fn is_block_on(&self) -> bool {
        self.0.load(Relaxed) & BLOCK_ON != 0
    }

    #[inline]
    pub(crate) fn has_panicked(&self) -> bool {
        self.0.load(Relaxed) & PANICKED != 0
    }

    pub(crate) fn drop_was_counted(&self) -> bool {
        self.0.load(Relaxed) & DROP_COUNTED != 0
    }

    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match self.0.load(Relaxed) >> 16 & 3 {
            1 => Some(Outcome::Done),
            2 => Some(Outcome::Cancelled),
            3 => Some(Outcome::Panicked),
            _ => None,
        }
    }

    /// One more holder of the span.
    pub(crate) fn cloned(&self) {
        self.0.fetch_add(CLONE, Relaxed);
    }

    /// One holder less; `false` if it was the last.
    #[inline]
    pub(crate) fn let_go(&self) -> bool {
        self.0.load(Relaxed) >= CLONE && {
            self.0.fetch_sub(CLONE, Relaxed);
            true
        }
    }
}

/// How many more wakers of a task were cloned than dropped outside of its own polls, modulo 2^32: in the lower half, with the
/// generation of the task in the upper, so that a waker that outlives its task can't be counted for the next one. Those of
/// its own polls are with the [`Edges`]. Counted and read in sequentially consistent steps, on which [`Word::touch`] leans.
pub(crate) struct Wakers(AtomicU64);

impl Wakers {
    #[inline(always)]
    pub(crate) fn reset(&self, generation: u32) {
        self.0.store(u64::from(generation) << 32, Relaxed);
    }

    /// One more, or one less.
    #[inline(always)]
    pub(crate) fn count(&self, generation: u32, up: bool) {
        let mut old = self.0.load(Relaxed);
        while (old >> 32) as u32 == generation {
            let n = old as u32;
            let n = if up {
                n.wrapping_add(1)
            } else {
                n.wrapping_sub(1)
            };
            match self
                .0
                .compare_exchange_weak(old, old >> 32 << 32 | u64::from(n), SeqCst, Relaxed)
            {
                Ok(_) => return,
                Err(now) => old = now,
            }
        }
    }

    fn load(&self) -> u32 {
        self.0.load(SeqCst) as u32
    }
}
