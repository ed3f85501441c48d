//! Where a task has left its waker: the stacks of the places at which it was cloned, newest first.
//!
//! A future that waits clones the waker of its task once and keeps it, so its entry has to stay while the task is polled
//! for other reasons. Which entries still stand for a wait nobody tells: there are no more of them than wakers, and those
//! of the last poll are surer than older ones.
//!
//! Written by the thread that polls the task, within its polls; read under the sequence count of its slot.

use std::sync::atomic::Ordering::Relaxed;

use crate::slab::Zeroed;
use crate::sync::AtomicU64;

/// Entries that are kept for each task.
pub const LEAVES: usize = 4;

/// See the [module](self). An entry has the stack in its upper half, and the poll's number modulo 2^32 in the lower.
#[repr(C)]
pub(crate) struct Leaves([AtomicU64; LEAVES]);

// SAFETY: nothing but atomics: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Leaves {}

/// One place at which a task has left its waker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// The number of the stack; 0 for no entry.
    pub stack: u32,
    /// How many polls ago: 0 for the last one, 255 for that many or more.
    pub age: u8,
}

fn entry(stack: u32, poll: u32) -> u64 {
    u64::from(stack) << 32 | u64::from(poll)
}

fn stack(entry: u64) -> u32 {
    (entry >> 32) as u32
}

impl Leaves {
    /// For a new task.
    pub(crate) fn reset(&self) {
        self.0.iter().for_each(|leaf| leaf.store(0, Relaxed));
    }

    /// The task's waker was cloned at `at`, in the poll with this number, and with this clone so many live.
    #[inline]
    pub(crate) fn push(&self, at: u32, poll: u32, wakers: u32) {
        let new = entry(at, poll);
        let [first, second, ..] = &self.0;
        let newest = first.load(Relaxed);
        first.store(new, Relaxed);
        if wakers <= 1 {
            return self.keep_newest();
        }
        if stack(newest) == at {
            return;
        }
        // Where places outnumber wakers, one is over. If the last poll that registered anything registered one thing only,
        // then that is what has woken the task, and this comes in its place.
        let is_one_over =
            || self.0.iter().filter(|leaf| leaf.load(Relaxed) != 0).count() >= wakers as usize;
        let was_alone = newest != 0 && second.load(Relaxed) as u32 != newest as u32;
        let mut carried = if was_alone && newest as u32 != poll && is_one_over() {
            0
        } else {
            newest
        };
        for leaf in &self.0[1..] {
            let there = leaf.load(Relaxed);
            // What was carried away fills the gap that the same stack leaves further on, or that of the first.
            if carried == 0 {
                if stack(there) != at {
                    continue;
                }
                return self.close_gap(leaf);
            }
            leaf.store(carried, Relaxed);
            if there == 0 || stack(there) == at {
                return;
            }
            carried = there;
        }
    }

    /// No waker lives but that of the newest.
    #[inline]
    fn keep_newest(&self) {
        for leaf in &self.0[1..] {
            if leaf.load(Relaxed) == 0 {
                return;
            }
            leaf.store(0, Relaxed);
        }
    }

    /// Moves those behind this entry up.
    #[cold]
    fn close_gap(&self, gap: &AtomicU64) {
        let mut at = self.0.iter().skip_while(|leaf| !std::ptr::eq(*leaf, gap));
        let Some(mut hole) = at.next() else { return };
        for leaf in at {
            hole.store(leaf.load(Relaxed), Relaxed);
            hole = leaf;
        }
        hole.store(0, Relaxed);
    }

    /// The entries, newest first, as of the end of the poll with this number.
    pub(crate) fn read(&self, last_poll: u32) -> [Leaf; LEAVES] {
        std::array::from_fn(|i| {
            let entry = self.0[i].load(Relaxed);
            Leaf {
                stack: stack(entry),
                age: u8::try_from(last_poll.wrapping_sub(entry as u32)).unwrap_or(u8::MAX),
            }
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// What is left of these: stack, poll, and how many wakers there are then.
    fn leaves(pushes: &[(u32, u32, u32)]) -> Vec<(u32, u8)> {
        let leaves = Leaves([const { AtomicU64::new(0) }; LEAVES]);
        for (stack, poll, wakers) in pushes {
            leaves.push(*stack, *poll, *wakers);
        }
        let last = pushes.last().map_or(0, |(_, poll, _)| *poll);
        let read = leaves.read(last).into_iter();
        read.filter(|leaf| leaf.stack != 0)
            .map(|leaf| (leaf.stack, leaf.age))
            .collect()
    }

    #[test]
    fn one_wait_after_another_leaves_the_last() {
        assert_eq!(leaves(&[(7, 1, 1), (8, 2, 1), (9, 3, 1)]), [(9, 0)]);
        assert_eq!(leaves(&[(7, 1, 1), (7, 2, 1), (7, 3, 1)]), [(7, 0)]);
        // Within one poll, too.
        assert_eq!(leaves(&[(7, 1, 1), (8, 1, 2), (9, 1, 1)]), [(9, 0)]);
    }

    #[test]
    fn waits_of_one_poll_stand_beside_each_other() {
        let three = [(7, 1, 1), (8, 1, 2), (9, 1, 3)];
        assert_eq!(leaves(&three), [(9, 0), (8, 0), (7, 0)]);
        // Polled again for one of them: the others have kept their wakers.
        let again = [&three[..], &[(7, 4, 3)]].concat();
        assert_eq!(leaves(&again), [(7, 0), (9, 3), (8, 3)]);
        let five = [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 1, 4), (5, 1, 5)];
        assert_eq!(leaves(&five), [(5, 0), (4, 0), (3, 0), (2, 0)]);
    }

    #[test]
    fn what_woke_the_task_is_over_where_wakers_are_fewer() {
        // 8 waits for long; 7 was alone in its poll, and 9 comes after it.
        let waits = [(8, 1, 1), (7, 1, 2), (7, 2, 2)];
        let next = |wakers| leaves(&[&waits[..], &[(9, 3, wakers)]].concat());
        assert_eq!(next(2), [(9, 0), (8, 2)]);
        assert_eq!(next(3), [(9, 0), (7, 1), (8, 2)]);
        // 7 was woken within the poll in which it left its waker, so 8 was the only one: it still waits when 7 comes again.
        assert_eq!(leaves(&[(7, 1, 1), (8, 1, 1), (7, 2, 2)]), [(7, 0), (8, 1)]);
    }

    #[test]
    fn a_stack_is_listed_once() {
        // 8 was alone and woke the task; 7 comes back, from further on.
        let pushes = [(7, 1, 1), (9, 1, 2), (6, 1, 3), (8, 2, 4), (7, 3, 3)];
        let found = leaves(&pushes);
        let mut stacks: Vec<_> = found.iter().map(|(stack, _)| *stack).collect();
        stacks.sort_unstable();
        stacks.dedup();
        assert_eq!(stacks.len(), found.len(), "{found:?}");
        assert_eq!(found.first(), Some(&(7, 0)));
        assert!(!found.iter().any(|(stack, _)| *stack == 8), "{found:?}");
    }

    #[test]
    fn old_entries_say_so_and_no_more() {
        let pushes = [(7, 1, 1), (8, 1, 2), (8, 1000, 2)];
        assert_eq!(leaves(&pushes), [(8, 0), (7, 255)]);
    }
}
