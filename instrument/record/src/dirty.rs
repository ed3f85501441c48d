//! The set of slots that the harvester has to visit: a bit for each slot, and a bit for each word of those bits.
//!
//! Rules:
//!
//! 1. Marking sets the slot's bit first, then, if its word was empty, the bit of the word.
//! 2. Draining takes the bits of words first, then the words.
//!
//! So a word that has bits has its own bit too, or a marker is just about to set it: nothing is lost, at worst it waits
//! for the next drain.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::sync::AtomicU64;

const BITS: usize = 64;

/// A set of slot indexes below `WORDS * 64`. `SUMMARY` must be `WORDS / 64`, rounded up.
pub(crate) struct DirtySet<const WORDS: usize, const SUMMARY: usize> {
    words: [AtomicU64; WORDS],
    summary: [AtomicU64; SUMMARY],
}

impl<const WORDS: usize, const SUMMARY: usize> DirtySet<WORDS, SUMMARY> {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        assert!(SUMMARY * BITS >= WORDS);
        Self {
            words: [const { AtomicU64::new(0) }; WORDS],
            summary: [const { AtomicU64::new(0) }; SUMMARY],
        }
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            words: std::array::from_fn(|_| AtomicU64::new(0)),
            summary: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Puts a slot into the set. Indexes that are out of range are left out.
    #[inline]
    pub(crate) fn mark(&self, index: u32) {
        let word = index as usize / BITS;
        let (Some(bits), Some(summary)) = (self.words.get(word), self.summary.get(word / BITS))
        else {
            return;
        };
        if bits.fetch_or(1 << (index as usize % BITS), AcqRel) == 0 {
            summary.fetch_or(1 << (word % BITS), AcqRel);
        }
    }

    /// Takes all slots out of the set and gives them to `visit`, in the order of their indexes.
    pub(crate) fn drain(&self, mut visit: impl FnMut(u32)) {
        for (s, summary) in self.summary.iter().enumerate() {
            if summary.load(Relaxed) == 0 {
                continue;
            }
            for w in ones(summary.swap(0, AcqRel)) {
                let word = s * BITS + w;
                let Some(bits) = self.words.get(word) else {
                    continue;
                };
                for bit in ones(bits.swap(0, Acquire)) {
                    visit((word * BITS + bit) as u32);
                }
            }
        }
    }
}

/// The positions of the bits that are set.
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(bit)
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_drained_once_and_in_order() {
        let set = DirtySet::<130, 3>::new();
        for index in [8319, 0, 63, 64, 4096, 0, 8320, u32::MAX] {
            set.mark(index);
        }
        let mut seen = vec![];
        set.drain(|i| seen.push(i));
        assert_eq!(
            seen,
            [0, 63, 64, 4096, 8319],
            "what is out of range is left out"
        );
        set.drain(|i| panic!("{i} was drained twice"));
    }
}
