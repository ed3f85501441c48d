//! How many wait where, and since when.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::{ResourceId, Stamp, World};

/// Who waits for one resource, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// Waits that are not over, those that were granted and not polled since included.
    pub waiting: u64,
    /// Since when the one waits that has waited longest.
    pub oldest: Option<Stamp>,
}

/// Who waits for which resource, in numbers. Counted in one pass over all waits: a question for each of a million
/// resources would cost more than all of them together.
#[derive(Clone, Debug, Default)]
pub struct Queues(HashMap<ResourceId, Queue, FixedState>);

impl Queues {
    /// Counts the waits of a world.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut queues: HashMap<_, Queue, _> = HashMap::default();
        for wait in world.waits().iter() {
            let queue = queues.entry(wait.resource).or_default();
            queue.waiting += 1;
            queue.oldest = Some(queue.oldest.map_or(wait.since, |at| at.min(wait.since)));
        }
        Self(queues)
    }

    /// Those of one resource.
    #[must_use]
    pub fn at(&self, resource: ResourceId) -> Queue {
        self.0.get(&resource).copied().unwrap_or_default()
    }

    /// How many resources somebody waits for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody waits for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
