//! The word that says who holds a lock exclusively, in which a release and the taking that follows it may be told in the
//! wrong order.
//!
//! tokio tells of a release only after it has released, so the next holder may already have told that it took the lock.
//! So the word counts: two that hold it at once are the new holder, and the one before it whose release is still to be
//! told. Layout: the holder's tag (40 bits), the count (24 bits).

#[cfg(not(loom))]
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::Ordering::{Acquire, SeqCst};

use crate::id;
use crate::sync::AtomicU64;

const TAG_BITS: u32 = 40;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;
const TAG_SHIFT: u32 = 24;
const COUNT_MASK: u64 = (1 << TAG_SHIFT) - 1;

/// Names a task in less than a word: its slot (28 bits) and the lower part of its generation (12 bits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u64);

impl Tag {
    /// Something that is no task.
    pub(crate) const NO_TASK: Self = Self(TAG_MASK);
    /// Nobody at all.
    const NOBODY: Self = Self(TAG_MASK - 1);

    /// Of a task's id; 0 stands for no task.
    #[inline(always)]
    pub(crate) fn of(task: u64) -> Self {
        if task == 0 {
            return Self::NO_TASK;
        }
        Self(u64::from(id::index(task)) << 12 | u64::from(id::generation(task) & 0xfff))
    }

    pub(crate) fn index(self) -> Option<u32> {
        (self != Self::NO_TASK).then_some((self.0 >> 12) as u32)
    }

    /// The task's id, if `generation` is that of the task in its slot now. Right for the last 4,096 tasks of a slot.
    pub(crate) fn task(self, generation: u32) -> u64 {
        let ago = generation.wrapping_sub(self.0 as u32) & 0xfff;
        let generation = generation.wrapping_sub(ago) & id::GENERATION_MASK;
        id::task((self.0 >> 12) as u32, generation)
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn from_number(number: u64) -> Self {
        Self(number & TAG_MASK)
    }
}

/// See the [module](self).
pub(crate) struct HolderWord(AtomicU64);

/// What a release found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Released {
    /// It was the last one that was known to hold the lock, and had itself taken it.
    Own,
    /// It was the last one that was known to hold it, and another one had taken it: the guard was moved.
    Anothers,
    /// The lock has another holder by now.
    Late,
    /// Nobody was known to hold it.
    Unknown,
}

impl HolderWord {
    #[cfg(all(test, not(loom)))]
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[cfg(not(loom))]
    pub(crate) fn reset(&self) {
        self.0.store(0, Relaxed);
    }

    /// It was taken.
    #[inline(always)]
    pub(crate) fn take(&self, by: Tag) {
        self.change(|old| {
            let count = (old & COUNT_MASK) + 1;
            by.0 << TAG_SHIFT | count.min(COUNT_MASK)
        });
    }

    /// It was given back.
    #[inline(always)]
    pub(crate) fn release(&self, by: Tag) -> Released {
        let old = self.change(|old| {
            let holder = old >> TAG_SHIFT;
            match old & COUNT_MASK {
                0 | 1 => 0,
                // It took it last and gives it back: what is left are releases that are still to be told.
                count if holder == by.0 => Tag::NOBODY.0 << TAG_SHIFT | (count - 1),
                count => holder << TAG_SHIFT | (count - 1),
            }
        });
        match old & COUNT_MASK {
            0 => Released::Unknown,
            1 if old >> TAG_SHIFT == by.0 => Released::Own,
            1 if Tag(old >> TAG_SHIFT) == Tag::NOBODY => Released::Late,
            1 => Released::Anothers,
            _ => Released::Late,
        }
    }

    /// The holder, if there is one.
    pub(crate) fn load(&self) -> Option<Tag> {
        let word = self.0.load(SeqCst);
        (word & COUNT_MASK > 0 && Tag(word >> TAG_SHIFT) != Tag::NOBODY)
            .then_some(Tag(word >> TAG_SHIFT))
    }

    /// In the order of all sequentially consistent steps, on which [`Mark`](crate::mark::Mark) leans.
    #[inline(always)]
    fn change(&self, new: impl Fn(u64) -> u64) -> u64 {
        let mut old = self.0.load(Acquire);
        loop {
            match self.0.compare_exchange_weak(old, new(old), SeqCst, Acquire) {
                Ok(old) => return old,
                Err(now) => old = now,
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn tag(index: u32) -> Tag {
        Tag::of(id::task(index, 7))
    }

    #[test]
    fn a_tag_gives_back_the_task() {
        for (index, generation) in [(0, 0), (5, 4095), (16_777_215, 0x1ff_ffff), (9, 0x12_3456)] {
            let task = id::task(index, generation);
            assert_eq!(Tag::of(task).task(generation), task);
            assert_eq!(Tag::of(task).index(), Some(index));
            // Some tasks later, in the same slot.
            let later = generation.wrapping_add(4000) & id::GENERATION_MASK;
            assert_eq!(Tag::of(task).task(later), task);
        }
        assert_eq!(Tag::of(0).index(), None);
    }

    #[test]
    fn releases_that_are_told_late_do_not_hide_the_next_holder() {
        let word = HolderWord::new();
        word.take(tag(1));
        assert_eq!(word.load(), Some(tag(1)));
        // The next one takes it before the release is told.
        word.take(tag(2));
        assert_eq!(word.load(), Some(tag(2)));
        assert_eq!(word.release(tag(1)), Released::Late);
        assert_eq!(word.load(), Some(tag(2)));
        assert_eq!(word.release(tag(2)), Released::Own);
        assert_eq!(word.load(), None);
    }

    #[test]
    fn releases_in_the_wrong_order_leave_nobody() {
        let word = HolderWord::new();
        word.take(tag(1));
        word.take(tag(2));
        assert_eq!(word.release(tag(2)), Released::Late);
        assert_eq!(word.load(), None);
        assert_eq!(word.release(tag(1)), Released::Late);
        word.take(tag(1));
        word.take(tag(2));
        assert_eq!(word.release(tag(2)), Released::Late);
        word.take(tag(3));
        assert_eq!(word.load(), Some(tag(3)));
        assert_eq!(word.release(tag(1)), Released::Late);
        assert_eq!(word.load(), Some(tag(3)));
        assert_eq!(word.release(tag(3)), Released::Own);
        assert_eq!(word.load(), None);
    }

    #[test]
    fn one_that_takes_it_twice_in_a_row_holds_it_until_its_second_release() {
        let word = HolderWord::new();
        for _ in 0..2 {
            word.take(tag(1));
            word.take(tag(2));
            assert_eq!(word.release(tag(1)), Released::Late);
            assert_eq!(word.release(tag(2)), Released::Own);
        }
        word.take(tag(3));
        assert_eq!(word.release(tag(3)), Released::Own);
        assert_eq!(word.release(tag(3)), Released::Unknown);
    }

    #[test]
    fn a_guard_that_moved_is_given_back_by_another() {
        let word = HolderWord::new();
        word.take(tag(1));
        assert_eq!(word.release(tag(2)), Released::Anothers);
        assert_eq!(word.load(), None);
        word.take(Tag::NO_TASK);
        assert_eq!(word.load(), Some(Tag::NO_TASK));
        assert_eq!(word.release(Tag::NO_TASK), Released::Own);
    }
}
