//! Things by their ids that remembers what changed when, for readers who come back for the news.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::mem;

use foldhash::fast::FixedState;

use crate::Revision;

/// Removals beyond this many are forgotten: a reader who is further behind has to begin anew. The newest half of them is
/// always kept, so that whoever comes back often never is.
const MAX_REMOVED: usize = 1 << 16;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a, K, V> {
    /// It is new, or it changed; this is how it is now.
    Is(&'a V),
    /// It is no more.
    Gone(K),
}

/// Values by id, with the order in which they last changed.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    // Boxed: up to half of the table is empty, which would be as large as what is full.
    entries: HashMap<K, (Revision, Box<V>), FixedState>,
    changes: BTreeMap<Revision, (K, Is)>,
    removed: usize,
    floor: Revision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    There,
    Gone,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            entries: HashMap::default(),
            changes: BTreeMap::new(),
            removed: 0,
            floor: Revision(0),
        }
    }
}

impl<K: Copy + Eq + Hash, V> Table<K, V> {
    /// The entry with this id.
    #[must_use]
    pub fn get(&self, id: K) -> Option<&V> {
        self.entries.get(&id).map(|(_, value)| &**value)
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.entries.values().map(|(_, value)| &**value)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What changed after `revision`, in the order of the last changes; each entry once. Costs what there is to tell.
    /// Means nothing where `revision` is before the [`floor`](Self::floor), but for 0: then it is all there is.
    pub fn since(&self, revision: Revision) -> impl Iterator<Item = (Revision, News<'_, K, V>)> {
        self.changes
            .range(Revision(revision.0.saturating_add(1))..)
            .filter_map(|(at, (id, is))| match is {
                Is::There => Some((*at, News::Is(self.get(*id)?))),
                Is::Gone => Some((*at, News::Gone(*id))),
            })
    }

    /// Removals up to this revision are no longer known: whoever was told less has to begin anew.
    #[must_use]
    pub fn floor(&self) -> Revision {
        self.floor
    }

    /// Puts an entry in, or another value in its place; gives the value that was there. `at` is later than that of every
    /// earlier call.
    pub(crate) fn put(&mut self, id: K, value: V, at: Revision) -> Option<V> {
        self.changes.insert(at, (id, Is::There));
        match self.entries.entry(id) {
            Entry::Vacant(entry) => {
                entry.insert((at, Box::new(value)));
                None
            }
            Entry::Occupied(mut entry) => {
                let (changed, known) = entry.get_mut();
                self.changes.remove(&mem::replace(changed, at));
                Some(mem::replace(&mut **known, value))
            }
        }
    }

    /// Takes an entry out. `at` is later than that of every earlier call.
    pub(crate) fn remove(&mut self, id: K, at: Revision) -> Option<V> {
        let (before_at, before) = self.entries.remove(&id)?;
        self.changes.remove(&before_at);
        self.changes.insert(at, (id, Is::Gone));
        self.removed += 1;
        if self.removed > MAX_REMOVED {
            self.forget_removals();
        }
        Some(*before)
    }

    /// Forgets the older half of all removals at once, so that each removal pays for little of this.
    fn forget_removals(&mut self) {
        let mut left = self.removed / 2;
        let floor = &mut self.floor;
        self.changes.retain(|at, (_, is)| {
            let forgotten = left > 0 && *is == Is::Gone;
            if forgotten {
                left -= 1;
                *floor = *at;
            }
            !forgotten
        });
        self.removed -= self.removed / 2;
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_REMOVED, News, Table};
    use crate::Revision;

    fn told(table: &Table<u32, char>, since: u64) -> Vec<(u64, Option<char>)> {
        table
            .since(Revision(since))
            .map(|(at, news)| match news {
                News::Is(value) => (at.0, Some(*value)),
                News::Gone(_) => (at.0, None),
            })
            .collect()
    }

    #[test]
    fn news_is_told_once_in_the_order_of_the_last_change() {
        let mut table = Table::default();
        table.put(1, 'a', Revision(1));
        table.put(2, 'b', Revision(2));
        table.put(1, 'c', Revision(3));
        table.put(3, 'd', Revision(4));
        table.remove(2, Revision(5));
        assert_eq!(told(&table, 0), [(3, Some('c')), (4, Some('d')), (5, None)]);
        assert_eq!(told(&table, 3), [(4, Some('d')), (5, None)]);
        assert_eq!(told(&table, 5), []);
        assert_eq!(
            (table.get(1), table.get(2), table.len()),
            (Some(&'c'), None, 2)
        );
    }

    #[test]
    fn removals_are_forgotten_within_bounds_and_that_is_told() {
        let mut table = Table::default();
        let mut at = 0;
        let mut next = || {
            at += 1;
            Revision(at)
        };
        table.put(0, 'x', next());
        for id in 1..=MAX_REMOVED as u32 + 1 {
            table.put(id, 'y', next());
            table.remove(id, next());
        }
        let kept = MAX_REMOVED / 2 + 1;
        assert_eq!(table.changes.len(), kept + 1);
        // Each entry came, and went with the next revision.
        assert_eq!(table.floor(), Revision(2 * (MAX_REMOVED as u64 / 2) + 1));
        let told = told(&table, 0);
        assert_eq!(told[0], (1, Some('x')));
        let gone = told[1..]
            .iter()
            .filter(|(at, is)| is.is_none() && Revision(*at) > table.floor());
        assert_eq!(gone.count(), kept);
    }
}
