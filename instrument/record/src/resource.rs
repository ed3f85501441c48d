//! What is recorded of one resource: 128 bytes, found from its id by arithmetic, and as many more for those that many can
//! hold at once ([`Shares`](crate::shares::Shares)).
//!
//! A slot belongs to its resource from `open` to `close`. The harvester only reads, and finds from the id whether what it
//! read belongs together: a slot that was given to another resource meanwhile is marked again.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use crate::grant::Grant;
use crate::holder::HolderWord;
use crate::id;
use crate::mark::Mark;
use crate::slab::{Pooled, Zeroed};
use crate::sync::{AtomicU32, AtomicU64};

/// What kind of resource tokio says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceType {
    /// None that is known.
    #[default]
    Unknown = 1,
    /// `Mutex`.
    Mutex = 2,
    /// `RwLock`.
    RwLock = 3,
    /// `Semaphore`.
    Semaphore = 4,
    /// The semaphore of a bounded channel.
    Mpsc = 5,
    /// `oneshot`.
    Oneshot = 6,
    /// `Barrier`.
    Barrier = 7,
}

impl ResourceType {
    fn from_number(number: u32) -> Self {
        match number {
            2 => Self::Mutex,
            3 => Self::RwLock,
            4 => Self::Semaphore,
            5 => Self::Mpsc,
            6 => Self::Oneshot,
            7 => Self::Barrier,
            _ => Self::Unknown,
        }
    }

    /// Whether many can hold it at once.
    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Self::RwLock | Self::Semaphore | Self::Mpsc)
    }
}

/// See the [module](self). Times are ticks of the [clock](crate::clock).
#[repr(C, align(128))]
pub(crate) struct Resource {
    /// Its id while there is one, else 0.
    id: AtomicU64,
    pub(crate) holder: HolderWord,
    /// Since when it is held exclusively.
    pub(crate) since: AtomicU64,
    /// Edges of the holder's polls when it was taken.
    pub(crate) taken_in: AtomicU32,
    pub(crate) mark: Mark,
    refs: AtomicU32,
    generation: AtomicU32,
    kind: AtomicU32,
    pub(crate) site: AtomicU32,
    /// Of the shares, + 1; 0 for none. The link of a free slot.
    pub(crate) shares: AtomicU32,
    /// [`DOUBT_MOVED`], [`DOUBT_PARTIAL`] and [`WRITTEN_LAST`].
    pub(crate) flags: AtomicU32,
    pub(crate) created: AtomicU64,
    pub(crate) creator: AtomicU64,
    pub(crate) acquired: AtomicU64,
    pub(crate) waits: AtomicU32,
    pub(crate) abandoned: AtomicU32,
    pub(crate) waited: AtomicU64,
    pub(crate) longest_wait: AtomicU64,
    pub(crate) longest_hold: AtomicU64,
    pub(crate) across_awaits: AtomicU32,
    pub(crate) cancelled: AtomicU32,
    pub(crate) last_cancelled: AtomicU64,
}

const _: () = assert!(size_of::<Resource>() == 128);

/// A guard was given back by another task than the one that took it.
pub(crate) const DOUBT_MOVED: u32 = 1;
/// Permits were given back that nobody was seen to take.
pub(crate) const DOUBT_PARTIAL: u32 = 2;
/// Of an `RwLock`, it was last taken by a writer. Whoever takes it tells so while holding it, but a release is told after it
/// has happened: where both readers and a writer are said to hold it, the last takers do.
pub(crate) const WRITTEN_LAST: u32 = 4;

// SAFETY: nothing but atomics: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Resource {}

impl Pooled for Resource {
    fn link(&self) -> &AtomicU32 {
        &self.shares
    }
}

impl Resource {
    /// A resource moves into this free slot, which is at `index`. Gives its id.
    pub(crate) fn open(&self, index: u32, kind: ResourceType, shares: u32) -> u64 {
        let generation = self.generation.load(Relaxed).wrapping_add(1) & id::GENERATION_MASK;
        self.generation.store(generation, Relaxed);
        self.holder.reset();
        for field in [
            &self.since,
            &self.acquired,
            &self.waited,
            &self.longest_wait,
            &self.longest_hold,
            &self.last_cancelled,
        ] {
            field.store(0, Relaxed);
        }
        for field in [
            &self.waits,
            &self.abandoned,
            &self.across_awaits,
            &self.cancelled,
            &self.flags,
        ] {
            field.store(0, Relaxed);
        }
        self.kind.store(kind as u32, Relaxed);
        self.shares.store(shares, Relaxed);
        self.refs.store(1, Relaxed);
        let id = id::resource(index, generation);
        self.id.store(id, Release);
        id
    }

    /// One more hold on its span.
    #[inline(always)]
    pub(crate) fn cloned(&self) {
        self.refs.fetch_add(1, Relaxed);
    }

    /// One hold less; `true` if it was the last: the caller frees the slot.
    #[inline(always)]
    pub(crate) fn let_go(&self) -> bool {
        // One that has no other hold needs no agreement with anybody.
        if self.refs.load(Acquire) != 1 && self.refs.fetch_sub(1, AcqRel) != 1 {
            return false;
        }
        self.id.swap(0, SeqCst);
        true
    }

    /// The id of the resource in this slot, or 0.
    #[inline(always)]
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Acquire)
    }

    #[inline(always)]
    pub(crate) fn kind(&self) -> ResourceType {
        ResourceType::from_number(self.kind.load(Relaxed))
    }
}

/// How a resource is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// By one at a time.
    #[default]
    Exclusive = 0,
    /// By many at a time.
    Shared = 1,
    /// In part.
    Permits = 2,
}

impl Access {
    fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Shared,
            2 => Self::Permits,
            _ => Self::Exclusive,
        }
    }
}

/// What is recorded of one operation on a resource: a future that asks for it.
#[repr(C, align(64))]
pub(crate) struct Op {
    /// Its id while there is one, else 0.
    id: AtomicU64,
    pub(crate) resource: AtomicU64,
    /// The task that polled it last in vain, or 0.
    pub(crate) task: AtomicU64,
    /// When it was first polled in vain; 0 while it does not wait.
    pub(crate) since: AtomicU64,
    /// When it was last polled in vain.
    pub(crate) polled: AtomicU64,
    /// Its place in the queue, from 1; 0 before it has one.
    pub(crate) order: AtomicU64,
    pub(crate) grant: Grant,
    access: AtomicU32,
    pub(crate) mark: Mark,
    refs: AtomicU32,
    generation: AtomicU32,
    link: AtomicU32,
    /// Where it was first polled in vain; 0 if not known.
    pub(crate) stack: AtomicU32,
}

// SAFETY: nothing but atomics: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Op {}

impl Pooled for Op {
    fn link(&self) -> &AtomicU32 {
        &self.link
    }
}

impl Op {
    /// An operation moves into this free slot, which is at `index`. Gives its id.
    #[inline(always)]
    pub(crate) fn open(&self, index: u32, resource: u64, access: Access) -> u64 {
        let generation = self.generation.load(Relaxed).wrapping_add(1) & id::GENERATION_MASK;
        self.generation.store(generation, Relaxed);
        self.resource.store(resource, Relaxed);
        self.since.store(0, Relaxed);
        self.order.store(0, Relaxed);
        self.grant.reset();
        self.stack.store(0, Relaxed);
        self.access.store(access as u32, Relaxed);
        self.refs.store(1, Relaxed);
        let id = id::op(index, generation);
        self.id.store(id, Release);
        id
    }

    /// One more hold on its span.
    #[inline(always)]
    pub(crate) fn cloned(&self) {
        self.refs.fetch_add(1, Relaxed);
    }

    /// One hold less; `true` if it was the last: the caller frees the slot.
    #[inline(always)]
    pub(crate) fn let_go(&self) -> bool {
        // One that has no other hold needs no agreement with anybody.
        if self.refs.load(Acquire) != 1 && self.refs.fetch_sub(1, AcqRel) != 1 {
            return false;
        }
        self.id.store(0, Release);
        true
    }

    /// The id of the operation in this slot, or 0.
    #[inline(always)]
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Acquire)
    }

    pub(crate) fn access(&self) -> Access {
        Access::from_number(self.access.load(Relaxed))
    }

    /// Whether its span has one hold only.
    pub(crate) fn is_last(&self) -> bool {
        self.refs.load(Acquire) == 1
    }

    /// Whether it waits.
    #[inline(always)]
    pub(crate) fn waits(&self) -> bool {
        self.since.load(Relaxed) != 0
    }
}
