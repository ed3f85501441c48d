//! The one atomic word in which everybody who touches a slot agrees about it.
//!
//! Layout: wakes (34 bits, wrapping), then the flags, then the generation of the slot's present owner (25 bits).
//!
//! Rules, cited by the code that leans on them:
//!
//! 1. Every transition is a read-modify-write, so all of them stand in one order, and each sees all that was written
//!    before the ones ahead of it.
//! 2. `DIRTY` is set in the same step as whatever makes the slot worth a visit, and whoever sets it first puts the
//!    slot into the dirty set. The harvester clears it before it reads: what it does not see sets `DIRTY` again.
//! 3. A poll's start is a transition; its end is not. So a slot that the harvester finds in a poll stays in the dirty
//!    set, and one that it finds out of a poll and not woken cannot change without a transition.
//! 4. `KNOWN` is set by the harvester's visit. A task that is known is handed over at its end (`CLOSED`), and its slot
//!    is freed by the harvester alone. So after a visit that found the slot open, its contents stay until the
//!    harvester frees them.
//! 5. A waker carries the generation of its task. A transition for another generation, or for a task that has ended,
//!    does nothing.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};

use crate::id::GENERATION_MASK;
use crate::sync::AtomicU64;

const WAKES_BITS: u32 = 34;
/// Wakes are counted modulo this.
pub(crate) const WAKES_MASK: u64 = (1 << WAKES_BITS) - 1;
const WOKEN: u64 = 1 << 34;
const DIRTY: u64 = 1 << 35;
const KNOWN: u64 = 1 << 36;
const OPEN: u64 = 1 << 37;
const CLOSED: u64 = 1 << 38;
const GENERATION_SHIFT: u32 = 39;

/// See the [module](self).
pub(crate) struct Word(AtomicU64);

/// A value of the word, to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen(u64);

/// What a wake found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Woke {
    /// The waker's task is gone.
    Stale,
    /// It was counted. `first`: no other wake was unanswered. `mark`: the slot has to be put into the dirty set.
    Counted { first: bool, mark: bool },
}

/// What a poll's start found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Started {
    /// There was an unanswered wake, which this poll answers.
    pub(crate) woken: bool,
    /// The slot has to be put into the dirty set.
    pub(crate) mark: bool,
}

/// What became of a slot whose task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Ended {
    /// There was no such task.
    Stale,
    /// The harvester has it. `mark`: the slot has to be put into the dirty set.
    HandedOver { mark: bool },
    /// It is the caller's, to be used again. With the task's wakes, modulo [`WAKES_MASK`] + 1: to read the word again would
    /// make the processor wait for the step that freed it.
    Freed { wakes: u64 },
}

impl Word {
    #[cfg(all(test, not(loom)))]
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline(always)]
    pub(crate) fn load(&self) -> Seen {
        Seen(self.0.load(Acquire))
    }

    /// A task moves into this free slot, woken by its spawn. Gives its generation, and whether the slot has to be put
    /// into the dirty set (it is still there when an earlier owner came and went between two visits).
    #[inline(always)]
    pub(crate) fn open(&self) -> (u32, bool) {
        let old = self.step(|old| {
            Some(u64::from(Seen(old).next_generation()) << GENERATION_SHIFT | OPEN | WOKEN | DIRTY)
        });
        (old.next_generation(), old.0 & DIRTY == 0)
    }

    /// One wake more. `first` runs before the wake can be seen if it is the first unanswered one; another thread's may
    /// have come in between, so it may run for nothing.
    #[inline(always)]
    pub(crate) fn wake(&self, generation: u32, mut first: impl FnMut()) -> Woke {
        let mut old = self.0.load(Acquire);
        loop {
            if !Seen(old).is(generation) {
                return Woke::Stale;
            }
            if old & WOKEN == 0 {
                first();
            }
            let new = old & !WAKES_MASK | old.wrapping_add(1) & WAKES_MASK | WOKEN | DIRTY;
            match self.0.compare_exchange_weak(old, new, AcqRel, Acquire) {
                Ok(_) => {
                    return Woke::Counted {
                        first: old & WOKEN == 0,
                        mark: old & DIRTY == 0,
                    };
                }
                Err(now) => old = now,
            }
        }
    }

    /// The count of the task's wakers has changed, which the harvester should see. `true`: the slot has to be put into the
    /// dirty set.
    #[inline(always)]
    pub(crate) fn touch(&self, generation: u32) -> bool {
        // The count was changed, and the harvester reads it, in the one order of all sequentially consistent steps: if
        // this finds `DIRTY` still set, the visit that clears it comes later in that order, and so does its reading of the
        // count. (The model checker does not know that order, and tries the step that would do without it.)
        if !cfg!(loom) && self.0.load(SeqCst) & DIRTY != 0 {
            return false;
        }
        self.0
            .fetch_update(SeqCst, Acquire, |old| {
                Seen(old).is(generation).then_some(old | DIRTY)
            })
            .is_ok_and(|old| old & DIRTY == 0)
    }

    /// A poll of the slot's task starts: by then its mark in the slot must be written (rule 3).
    #[inline(always)]
    pub(crate) fn start(&self) -> Started {
        let old = self.step(|old| Some(old & !WOKEN | DIRTY));
        Started {
            woken: old.0 & WOKEN != 0,
            mark: old.0 & DIRTY == 0,
        }
    }

    /// The slot's task ended. It is handed over where the harvester knows it or the caller wants it listed.
    #[inline(always)]
    pub(crate) fn end(&self, generation: u32, list: bool) -> Ended {
        let mut old = self.0.load(Acquire);
        loop {
            if !Seen(old).is(generation) {
                return Ended::Stale;
            }
            let hand_over = list || old & KNOWN != 0;
            let new = if hand_over {
                old & !OPEN | CLOSED | DIRTY
            } else {
                old & !(OPEN | KNOWN)
            };
            match self.0.compare_exchange_weak(old, new, AcqRel, Acquire) {
                Ok(_) if hand_over => {
                    return Ended::HandedOver {
                        mark: old & DIRTY == 0,
                    };
                }
                Ok(_) => {
                    return Ended::Freed {
                        wakes: Seen(old).wakes(),
                    };
                }
                Err(now) => old = now,
            }
        }
    }

    /// The harvester comes by (rules 2 and 4). Gives what it found.
    pub(crate) fn visit(&self) -> Seen {
        let visited = |old| Some(old & !DIRTY | if old & OPEN != 0 { KNOWN } else { 0 });
        match self.0.fetch_update(SeqCst, Relaxed, visited) {
            Ok(old) | Err(old) => Seen(old),
        }
    }

    /// The harvester wants to come by again. `true`: the slot has to be put into the dirty set.
    pub(crate) fn revisit(&self) -> bool {
        self.step(|old| Some(old | DIRTY)).0 & DIRTY == 0
    }

    /// The harvester is done with a slot that was handed over to it.
    pub(crate) fn free(&self) {
        let _ = self.step(|old| Some(old & !(CLOSED | KNOWN)));
    }

    #[inline(always)]
    fn step(&self, mut new: impl FnMut(u64) -> Option<u64>) -> Seen {
        match self.0.fetch_update(AcqRel, Relaxed, &mut new) {
            Ok(old) | Err(old) => Seen(old),
        }
    }
}

impl Seen {
    #[inline(always)]
    pub(crate) fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    /// The generation of the task that moves in next.
    #[inline(always)]
    pub(crate) fn next_generation(self) -> u32 {
        self.generation().wrapping_add(1) & GENERATION_MASK
    }

    /// Whether the slot belongs to the live task of this generation.
    #[inline(always)]
    pub(crate) fn is(self, generation: u32) -> bool {
        self.0 & OPEN != 0 && self.generation() == generation
    }

    pub(crate) fn is_open(self) -> bool {
        self.0 & OPEN != 0
    }

    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    pub(crate) fn was_known(self) -> bool {
        self.0 & KNOWN != 0
    }

    #[inline(always)]
    pub(crate) fn is_woken(self) -> bool {
        self.0 & WOKEN != 0
    }

    /// Whether the slot is in the dirty set, or about to be put there.
    #[inline(always)]
    pub(crate) fn is_dirty(self) -> bool {
        self.0 & DIRTY != 0
    }

    /// Wakes so far, modulo [`WAKES_MASK`] + 1.
    pub(crate) fn wakes(self) -> u64 {
        self.0 & WAKES_MASK
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_slot_goes_through_its_life() {
        let word = Word::new();
        let (generation, mark) = word.open();
        assert!(mark && word.load().is(generation) && word.load().is_woken());
        let counted = |first, mark| Woke::Counted { first, mark };
        // The spawn is the first wake.
        assert_eq!(word.wake(generation, || ()), counted(false, false));
        assert_eq!(
            word.start(),
            Started {
                woken: true,
                mark: false
            }
        );
        assert!(!word.visit().was_known());
        assert!(word.load().was_known());
        let mut ran = 0;
        assert_eq!(word.wake(generation, || ran += 1), counted(true, true));
        let _ = word.visit();
        // A redundant wake counts, so it marks.
        assert_eq!(word.wake(generation, || ran += 1), counted(false, true));
        assert_eq!((ran, word.load().wakes()), (1, 3));
        assert_eq!(word.wake(generation + 1, || ran += 1), Woke::Stale);
        assert_eq!(
            word.end(generation, false),
            Ended::HandedOver { mark: false },
            "it is known"
        );
        assert_eq!(word.wake(generation, || ran += 1), Woke::Stale);
        assert!(word.visit().is_closed());
        word.free();
        assert_eq!(word.open(), (generation + 1, true));
        assert_eq!(
            word.end(generation + 1, false),
            Ended::Freed { wakes: 0 },
            "nobody has seen it"
        );
        assert_eq!(
            word.open(),
            (generation + 2, false),
            "still in the dirty set"
        );
    }

    #[test]
    fn wakes_wrap_without_touching_the_flags() {
        let word = Word(AtomicU64::new(WAKES_MASK | OPEN | 7 << GENERATION_SHIFT));
        assert_eq!(
            word.wake(7, || ()),
            Woke::Counted {
                first: true,
                mark: true
            }
        );
        assert_eq!(word.load().wakes(), 0);
        assert!(word.load().is(7) && !word.load().was_known());
    }
}
