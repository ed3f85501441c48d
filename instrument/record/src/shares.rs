//! Who holds parts of a resource that many can hold at once: read guards, permits.
//!
//! Eight holders have words of their own: a task's tag (40 bits) and how many it holds (24 bits). What the others hold is
//! added up. A permit has no identity: when one is given back it is taken off the words of the task that does so, then off
//! the sum, then off whatever word there is, which shows that guards move between tasks here.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::holder::Tag;
use crate::slab::{Pooled, Zeroed};
use crate::sync::{AtomicU32, AtomicU64};

/// Holders that are listed one by one.
pub(crate) const LISTED: usize = 8;
const TAG_SHIFT: u32 = 24;
const COUNT_MASK: u64 = (1 << TAG_SHIFT) - 1;

/// See the [module](self).
#[repr(C, align(64))]
pub(crate) struct Shares {
    words: [AtomicU64; LISTED],
    since: [AtomicU64; LISTED],
    /// [`Edges`](crate::edges::Edges) of the task when it took its first one.
    edges: [AtomicU32; LISTED],
    unlisted: AtomicU64,
    /// Permits when it was made, + 1; 0 if not known.
    pub(crate) capacity: AtomicU64,
    /// Operations that were given some of what they wait for.
    pub(crate) outstanding: AtomicU32,
    /// The task that last received from a channel.
    pub(crate) served_by: AtomicU64,
    link: AtomicU32,
}

// SAFETY: nothing but atomics: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Shares {}

impl Pooled for Shares {
    fn link(&self) -> &AtomicU32 {
        &self.link
    }
}

/// One holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) tag: Tag,
    pub(crate) count: u64,
    pub(crate) since: u64,
    pub(crate) edges: u32,
}

/// Whose parts were given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GivenBack {
    /// Those of the task that did it.
    pub(crate) own: u64,
    /// Those of holders that are not listed.
    pub(crate) unlisted: u64,
    /// Those of others.
    pub(crate) others: u64,
    /// Nobody was known to hold these.
    pub(crate) missing: u64,
}

impl Shares {
    pub(crate) fn reset(&self) {
        self.words.iter().for_each(|word| word.store(0, Relaxed));
        for field in [&self.unlisted, &self.capacity, &self.served_by] {
            field.store(0, Relaxed);
        }
        self.outstanding.store(0, Relaxed);
    }

    /// A task took `n` parts; `now` says since when, `edges` counts its polls.
    pub(crate) fn add(&self, by: Tag, n: u64, now: u64, edges: u32) {
        let n = n.min(COUNT_MASK);
        for word in &self.words {
            let more = word.fetch_update(SeqCst, Relaxed, |old| {
                let count = (old & COUNT_MASK) + n;
                (old & COUNT_MASK > 0 && old >> TAG_SHIFT == by.number() && count <= COUNT_MASK)
                    .then_some(old >> TAG_SHIFT << TAG_SHIFT | count)
            });
            if more.is_ok() {
                return;
            }
        }
        for (i, word) in self.words.iter().enumerate() {
            let fresh = by.number() << TAG_SHIFT | n;
            if word.compare_exchange(0, fresh, SeqCst, Relaxed).is_ok() {
                self.since[i].store(now, Relaxed);
                self.edges[i].store(edges, Relaxed);
                return;
            }
        }
        self.unlisted.fetch_add(n, SeqCst);
    }

    /// `n` parts are given back.
    pub(crate) fn give_back(&self, by: Tag, n: u64) -> GivenBack {
        let own = self.take_off(n, |tag| tag == by.number());
        let unlisted = self.take_off_sum(n - own);
        let anybodys = self.take_off(n - own - unlisted, |_| true);
        GivenBack {
            own,
            unlisted,
            others: anybodys,
            missing: n - own - unlisted - anybodys,
        }
    }

    /// What is listed.
    pub(crate) fn listed(&self) -> impl Iterator<Item = Share> {
        (0..LISTED).filter_map(|i| {
            let word = self.words[i].load(SeqCst);
            (word & COUNT_MASK > 0).then(|| Share {
                tag: Tag::from_number(word >> TAG_SHIFT),
                count: word & COUNT_MASK,
                since: self.since[i].load(Relaxed),
                edges: self.edges[i].load(Relaxed),
            })
        })
    }

    /// The parts that are held by others than those listed.
    pub(crate) fn unlisted(&self) -> u64 {
        self.unlisted.load(SeqCst)
    }

    fn take_off(&self, n: u64, whose: impl Fn(u64) -> bool) -> u64 {
        let mut left = n;
        for word in &self.words {
            if left == 0 {
                break;
            }
            let old = word.fetch_update(SeqCst, Relaxed, |old| {
                let count = old & COUNT_MASK;
                let rest = count - count.min(left);
                (count > 0 && whose(old >> TAG_SHIFT)).then_some(if rest == 0 {
                    0
                } else {
                    old >> TAG_SHIFT << TAG_SHIFT | rest
                })
            });
            if let Ok(old) = old {
                left -= (old & COUNT_MASK).min(left);
            }
        }
        n - left
    }

    fn take_off_sum(&self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let off = |old: u64| Some(old - old.min(n));
        match self.unlisted.fetch_update(SeqCst, Relaxed, off) {
            Ok(old) | Err(old) => old.min(n),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::id;

    fn shares() -> Shares {
        // SAFETY: zeroes are a valid value (`Zeroed`).
        unsafe { std::mem::zeroed() }
    }

    fn tag(index: u32) -> Tag {
        Tag::of(id::task(index, 3))
    }

    fn counts(shares: &Shares) -> Vec<(Tag, u64)> {
        shares
            .listed()
            .map(|share| (share.tag, share.count))
            .collect()
    }

    #[test]
    fn each_holder_has_its_count() {
        let shares = shares();
        shares.add(tag(1), 2, 100, 7);
        shares.add(tag(2), 1, 200, 9);
        shares.add(tag(1), 3, 300, 11);
        assert_eq!(counts(&shares), [(tag(1), 5), (tag(2), 1)]);
        assert_eq!(shares.listed().next().map(|s| s.since), Some(100));
        assert_eq!(shares.listed().nth(1).map(|s| s.edges), Some(9));
        let given = shares.give_back(tag(1), 4);
        assert_eq!((given.own, given.others, given.missing), (4, 0, 0));
        assert_eq!(counts(&shares), [(tag(1), 1), (tag(2), 1)]);
    }

    #[test]
    fn what_others_give_back_is_taken_off_whatever_there_is() {
        let shares = shares();
        shares.add(tag(1), 2, 0, 0);
        let given = shares.give_back(tag(9), 1);
        assert_eq!((given.own, given.others, given.missing), (0, 1, 0));
        let given = shares.give_back(tag(9), 2);
        assert_eq!((given.own, given.others, given.missing), (0, 1, 1));
        assert_eq!(counts(&shares), []);
    }

    #[test]
    fn holders_beyond_the_listed_ones_are_added_up() {
        let shares = shares();
        for index in 0..20 {
            shares.add(tag(index), 1, 0, 0);
        }
        assert_eq!((counts(&shares).len(), shares.unlisted()), (LISTED, 12));
        for index in 0..20 {
            assert_eq!(shares.give_back(tag(index), 1).missing, 0);
        }
        assert_eq!((counts(&shares).len(), shares.unlisted()), (0, 0));
    }
}
