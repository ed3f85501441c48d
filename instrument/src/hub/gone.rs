//! Which tasks are no longer listed, as far back as it pays to remember.

use std::collections::VecDeque;

use taskscope_model::{Revision, TaskId};

/// How many are remembered, at 24 bytes each. A reader that let more of them pass starts anew, which costs it about as
/// much as so many ends would.
const MOST: usize = 1 << 18;

/// A task that is no longer listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gone {
    /// When it ceased to be.
    pub(super) at: Revision,
    /// When it was announced: whoever last asked before that has never heard of it.
    pub(super) born: Revision,
    /// The task.
    pub(super) task: TaskId,
}

/// The tasks that are no longer listed, oldest first.
#[derive(Debug)]
pub(super) struct Departed {
    gone: VecDeque<Gone>,
    most: usize,
    horizon: Revision,
}

impl Departed {
    pub(super) fn new() -> Self {
        Self::with_most(MOST)
    }

    /// Remembers `most` of them.
    pub(super) fn with_most(most: usize) -> Self {
        Self {
            gone: VecDeque::new(),
            most,
            horizon: Revision::default(),
        }
    }

    /// Remembers one; `at` is later than all before.
    pub(super) fn push(&mut self, gone: Gone) {
        // First room, then the new one: a full queue that takes one more doubles its memory.
        while self.gone.len() >= self.most.max(1) {
            self.horizon = self.gone.pop_front().map_or(self.horizon, |gone| gone.at);
        }
        self.gone.push_back(gone);
    }

    /// Forgets all of them, and gives the memory back.
    pub(super) fn clear(&mut self) {
        self.horizon = self.gone.back().map_or(self.horizon, |gone| gone.at);
        self.gone = VecDeque::new();
    }

    /// Those that went after `cursor`.
    pub(super) fn after(&self, cursor: Revision) -> impl Iterator<Item = &Gone> {
        self.gone
            .range(self.gone.partition_point(|gone| gone.at <= cursor)..)
    }

    /// When the newest of those went that are no longer remembered: who has heard less can't be told all.
    pub(super) fn horizon(&self) -> Revision {
        self.horizon
    }

    #[cfg(test)]
    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.gone.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(at: u64) -> Gone {
        Gone {
            at: Revision(at),
            born: Revision(1),
            task: TaskId::new(at).expect("not 0"),
        }
    }

    #[test]
    fn the_oldest_are_forgotten_and_the_horizon_says_so() {
        let mut departed = Departed::with_most(3);
        (1..=5).for_each(|n| departed.push(gone(n * 10)));
        assert_eq!(departed.horizon(), Revision(20));
        let after = |cursor| {
            departed
                .after(Revision(cursor))
                .map(|gone| gone.at.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(after(20), [30, 40, 50]);
        assert_eq!(after(35), [40, 50]);
        assert_eq!(after(50), [] as [u64; 0]);
        let mut full = Departed::with_most(64);
        (1..=200).for_each(|n| full.push(gone(n)));
        assert_eq!((full.len(), full.gone.capacity()), (64, 64));
        departed.clear();
        assert_eq!((departed.horizon(), departed.len()), (Revision(50), 0));
    }
}
