//! Names of things: tasks, resources, waits, findings, places, runtimes, revisions.

use std::fmt;
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id with the number 1.
            pub const FIRST: Self = Self(NonZeroU64::MIN);

            /// The id with this number; `None` for 0, which on the wire means "none".
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

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.0)
            }
        }
    )*};
}

ids! {
    /// One task of one session, never used again within that session.
    ///
    /// The number is the target's own (it packs a slot and a generation) and means nothing to a person, who is shown
    /// tokio's task id instead ([`Birth::tokio_id`](crate::Birth::tokio_id)).
    TaskId
    /// One lock, semaphore or channel of one session, never used again within that session.
    ResourceId
    /// One wait for a resource: a future that asked for it and was not served at once. Never used again within a session.
    WaitId
    /// One finding of one session, numbered from 1 as they were first made.
    FindingId
}

/// A spawn site: place in the source, kind of task and size of its future. Numbered from 0, without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// A place in the source. Numbered from 0, without gaps; the number 0 is that of places which are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub u32);

/// A stack of the target: a list of program counters, which each stand for one line of each of some functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackId(pub NonZeroU32);

/// A runtime of the target, numbered from 1 in the order in which they were first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuntimeId(pub NonZeroU16);

/// Counts the changes that a [`World`](crate::World) has taken; later changes have larger numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);
