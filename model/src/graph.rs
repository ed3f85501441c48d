//! Who waits for whom: tasks, what they wait for, and who holds that or waits ahead of them.
//!
//! Built anew from a [`World`] at each look, in time that grows with the waits there are (and their holders), whatever
//! the number of tasks and resources: a waiter leads to its resource and the resource to its holders, so no edge from
//! waiter to waiter is ever made but one to the first who is stuck in the queue. Nothing here is recursive.
//!
//! A task is *stuck* if nothing that can be seen is able to wake it: it is idle, it waits for something, none of that has
//! a timeout, no waker of it is left but those in the queues, and all it waits for is kept by tasks that are stuck
//! themselves. That is the largest set with this property, found by letting go whoever can go on, and then whoever
//! these make way for, until no more go (the reduction of Holt's resource graphs, 1972). Locks wait for all who hold them
//! (the AND model); permits for any who hold them (the OR model), so that one holder who can go on frees all. A stuck
//! set has at least one part that is closed: a [`Knot`].

mod chains;
mod knots;
mod parts;
mod reduce;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use foldhash::fast::FixedState;

use self::parts::Parts;
use crate::{Holder, Mode, ResourceId, Stamp, TaskId, WaitId, World};

/// Members of a knot beyond this many are counted, not listed.
pub const MAX_MEMBERS: usize = 64;
/// Knots beyond this many are counted, not listed.
pub const MAX_KNOTS: usize = 256;
/// Chains beyond this many are counted, not listed.
pub const MAX_CHAINS: usize = 64;
/// Links of a chain beyond this many are counted, not listed.
pub const MAX_LINKS: usize = 16;
/// Names within one link or member beyond this many are counted, not listed.
pub const MAX_NAMES: usize = 8;

/// Tasks of which none can go on before another of them does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knot {
    /// The oldest wait of it: the same for as long as the knot stands.
    pub key: WaitId,
    /// Its tasks, at most [`MAX_MEMBERS`]. The first [`cycle`](Self::cycle) of them in the order in which each waits for
    /// the next, and the last for the first; then the others.
    pub members: Vec<Member>,
    /// How many tasks make up the cycle. It can be larger than the number of listed members.
    pub cycle: usize,
    /// How many tasks are in it.
    pub tasks: usize,
    /// How many more tasks are stuck behind it, however far.
    pub behind: usize,
    /// When it closed: the latest of its waits.
    pub since: Stamp,
    /// Whether no doubt is left. Otherwise it holds a task whose wakers can't be seen, or a guard that may have been
    /// handed to another task, or a channel.
    pub certain: bool,
    /// Whether it holds something that was granted to a future which its task does not poll: a futurelock.
    pub parked: bool,
    /// Whether it holds a full channel.
    pub mailbox: bool,
}

/// One task of a knot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The task.
    pub task: TaskId,
    /// The wait that keeps it; in a cycle, the one for the next member.
    pub wait: WaitId,
    /// What it waits for.
    pub resource: ResourceId,
    /// How.
    pub mode: Mode,
    /// Since when.
    pub since: Stamp,
    /// Whether it could have it, were it not for those who wait ahead: a reader behind a writer.
    pub behind: bool,
    /// What it has that others of the knot wait for, at most [`MAX_NAMES`].
    pub holds: Vec<Kept>,
}

/// Something that a member of a knot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What.
    pub resource: ResourceId,
    /// How.
    pub mode: Mode,
    /// Since when.
    pub since: Stamp,
    /// Whether it was granted to a future that the task has not polled since.
    pub parked: bool,
}

/// Something that was granted to a future which its task does not poll, though the task itself was polled since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The wait that was granted.
    pub wait: WaitId,
    /// Its task.
    pub task: TaskId,
    /// What was granted.
    pub resource: ResourceId,
    /// Since when.
    pub since: Stamp,
    /// How many wait behind it, waits of the same task included.
    pub waiting: usize,
    /// The knot that it closes, or which its task is stuck behind: an index into [`WaitGraph::knots`].
    pub knot: Option<usize>,
}

/// Who waits behind what, from the end of a line to its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The holder of each resource waits for the next one. At most [`MAX_LINKS`].
    pub links: Vec<Link>,
    /// How many links there are in all.
    pub length: usize,
    /// The knot that it ends in: an index into [`WaitGraph::knots`].
    pub knot: Option<usize>,
}

/// A resource that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What.
    pub resource: ResourceId,
    /// Who waits, the first in the queue first, at most [`MAX_NAMES`]; waits outside of tasks are left out.
    pub waiters: Vec<TaskId>,
    /// How many wait.
    pub waiting: usize,
    /// Since when the longest of them.
    pub since: Stamp,
    /// Who has it, at most [`MAX_NAMES`].
    pub holders: Vec<Holder>,
    /// How many have it, as far as they are listed.
    pub holding: usize,
}

/// Who waits for whom, at one moment.
#[derive(Clone, Debug, Default)]
pub struct WaitGraph {
    knots: Vec<Knot>,
    more_knots: usize,
    chains: Vec<Chain>,
    more_chains: usize,
    parked: Vec<Parked>,
    // Each stuck task with the knot that it is in, or behind; `usize::MAX` where that knot is not listed.
    stuck: HashMap<TaskId, (usize, bool), FixedState>,
}

impl WaitGraph {
    /// The graph of what is known now.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut parts = Parts::of(world);
        let stuck = reduce::stuck(world, &mut parts);
        let mut graph = Self::default();
        knots::tie(&parts, &stuck, &mut graph);
        chains::draw(&parts, &mut graph);
        graph.parked = parts.parked(|task| graph.knot_of(task));
        graph
    }

    /// All knots, the oldest first, at most [`MAX_KNOTS`].
    #[must_use]
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }

    /// How many knots there are that are not listed.
    #[must_use]
    pub fn more_knots(&self) -> usize {
        self.more_knots
    }

    /// The chains of those who wait, the ones that wait longest first, at most [`MAX_CHAINS`]. Those which end in a knot
    /// are among them, the knots themselves are not.
    #[must_use]
    pub fn chains(&self) -> &[Chain] {
        &self.chains
    }

    /// How many chains there are that are not listed.
    #[must_use]
    pub fn more_chains(&self) -> usize {
        self.more_chains
    }

    /// What was granted to futures that nobody polls.
    #[must_use]
    pub fn parked(&self) -> &[Parked] {
        &self.parked
    }

    /// Whether this task is in a knot, or stuck behind one.
    #[must_use]
    pub fn is_stuck(&self, task: TaskId) -> bool {
        self.stuck.contains_key(&task)
    }

    /// The knot that this task is in, or stuck behind: an index into [`knots`](Self::knots). `None` for other tasks, and
    /// where the knot is not listed.
    #[must_use]
    pub fn knot_of(&self, task: TaskId) -> Option<usize> {
        let (knot, _) = self.stuck.get(&task)?;
        (*knot < self.knots.len()).then_some(*knot)
    }

    /// Whether this task is in a knot itself, rather than behind one.
    #[must_use]
    pub fn is_in_knot(&self, task: TaskId) -> bool {
        self.stuck.get(&task).is_some_and(|(_, inside)| *inside)
    }

    /// How many tasks are stuck, in knots and behind them.
    #[must_use]
    pub fn stuck(&self) -> usize {
        self.stuck.len()
    }
}
