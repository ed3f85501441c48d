//! Names of things: tasks, spawn sites, runtimes, revisions.

use std::fmt;
use std::num::{NonZeroU16, NonZeroU64};

/// One task of one session, never used again within that session.
///
/// The number is the target's own (it packs a slot and a generation) and means nothing to a person, who is shown
/// tokio's task id instead ([`Birth::tokio_id`](crate::Birth::tokio_id)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(NonZeroU64);

impl TaskId {
    /// The id with the number 1.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The id with this number; `None` for 0, which on the wire means "no task".
    #[must_use]
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number that [`new`](Self::new) was given.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({:#x})", self.0)
    }
}

/// A spawn site: place in the source, kind of task and size of its future. Numbered from 0, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// A runtime of the target, numbered from 1 in the order in which they were first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuntimeId(pub NonZeroU16);

/// Counts the changes that a [`World`](crate::World) has taken; later changes have larger numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);
