//! What tokio's events do to the record. Everything here runs in the app's threads, some of it under tokio's locks: it
//! takes no lock, allocates nothing for a poll or a wake, calls nothing of tokio's, and cannot panic.

mod life;
mod resources;
mod runtime;
mod wakers;

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::dirty::DirtySet;
use crate::id::IGNORED;
use crate::leaves::Leaves;
use crate::resource::{Op, Resource};
use crate::ring::{Event, EventKind};
use crate::shares::Shares;
use crate::site::{Sites, Text, cut};
use crate::sketch::Tables;
use crate::slab::{Chunks, Slab, Zeroed};
use crate::slot::Slot;
use crate::sync::AtomicU64;
use crate::taken::Taken;
use crate::thread::{self, Own, Role, Thread, Threads};

pub(crate) use self::life::polls;
pub use self::life::{Spawn, clone_id, close, enter, exit, spawn};
pub(crate) use self::resources::shares;
pub use self::resources::{
    clone_inner, close_op, close_resource, counts_permits, enter_inner, exit_inner, inner_op,
    inner_resource, is_inner, locked, obtained, obtains, op, permits_added, permits_made, polled,
    readers, requested, requests, resource, timer_pending,
};
pub use self::runtime::{enter_worker, exit_worker};
pub use self::wakers::{wake, waker_clone, waker_drop};

/// Chunks of slots: 16.7 million tasks.
const CHUNKS: usize = 16384;
/// Live tasks that can be tracked at once.
pub const MAX_TASKS: usize = Slots::CAPACITY;
/// A task's name is cut at this many bytes.
pub const MAX_NAME: usize = 256;
/// A future that is dropped later than this after its last poll was not dropped for having returned. Between the two
/// tokio does next to nothing, but the system may take the processor away.
const DROP_FOLLOWS_WITHIN_NS: u64 = 100_000_000;

pub(crate) type Slots = Slab<Slot, CHUNKS>;
/// Chunks of resources, and of operations: 4.2 million of each.
const SHARED_CHUNKS: usize = 4096;
type SharedDirtySet = DirtySet<{ SHARED_CHUNKS * 16 }, { SHARED_CHUNKS / 4 }>;

/// Everything that is recorded, of the whole process.
pub(crate) struct Record {
    pub(crate) slots: Slots,
    pub(crate) names: Chunks<Name, CHUNKS>,
    /// Made where stacks are caught.
    pub(crate) leaves: Chunks<Leaves, CHUNKS>,
    pub(crate) dirty: DirtySet<{ CHUNKS * 16 }, { CHUNKS / 4 }>,
    pub(crate) resources: Slab<Resource, SHARED_CHUNKS>,
    pub(crate) shares: Slab<Shares, SHARED_CHUNKS>,
    /// By resource; made where stacks are caught.
    pub(crate) taken: Chunks<Taken, SHARED_CHUNKS>,
    pub(crate) ops: Slab<Op, SHARED_CHUNKS>,
    pub(crate) dirty_resources: SharedDirtySet,
    pub(crate) dirty_ops: SharedDirtySet,
    /// Counts up with each place in a queue.
    pub(crate) orders: AtomicU64,
    pub(crate) tables: Tables,
    pub(crate) sites: Sites,
    pub(crate) threads: Threads,
    pub(crate) listening: AtomicBool,
    pub(crate) lost_to_ending_threads: AtomicU64,
    root: OnceLock<fn() -> Root>,
    capture: OnceLock<Capture>,
    /// The start of the harvester's last round, in ticks: a clock that costs nothing to read.
    pub(crate) latest: AtomicU64,
    drop_follows_within: AtomicU64,
}

pub(crate) static RECORD: Record = Record {
    slots: Slab::new(),
    names: Chunks::new(),
    leaves: Chunks::new(),
    dirty: DirtySet::new(),
    resources: Slab::new(),
    shares: Slab::new(),
    taken: Chunks::new(),
    ops: Slab::new(),
    dirty_resources: DirtySet::new(),
    dirty_ops: DirtySet::new(),
    orders: AtomicU64::new(0),
    tables: Tables::new(),
    sites: Sites::new(),
    threads: Threads::new(),
    listening: AtomicBool::new(false),
    lost_to_ending_threads: AtomicU64::new(0),
    root: OnceLock::new(),
    capture: OnceLock::new(),
    latest: AtomicU64::new(0),
    drop_follows_within: AtomicU64::new(u64::MAX),
};

/// A task's name, beside its slot since few tasks have one.
pub(crate) struct Name(AtomicPtr<Box<str>>);

// SAFETY: a null pointer; dropping the cell does not drop the name.
unsafe impl Zeroed for Name {}

impl Name {
    fn set(&self, name: &str) {
        self.0.store(
            Box::into_raw(Box::new(Box::from(cut(name, MAX_NAME)))),
            Relaxed,
        );
    }

    /// By whoever the slot can't be taken away from (rule 4 of [`word`](crate::word)).
    pub(crate) fn get(&self) -> Option<&str> {
        // SAFETY: a pointer that is not null came from `set`, and goes only with the slot.
        unsafe { self.0.load(Acquire).as_ref() }.map(|name| &**name)
    }

    /// By the owner of a slot that is about to be freed.
    pub(crate) fn clear(&self) {
        if self.0.load(Relaxed).is_null() {
            return;
        }
        let name = self.0.swap(std::ptr::null_mut(), AcqRel);
        if !name.is_null() {
            // SAFETY: it came from `set`, and the swap gave it to nobody else.
            drop(unsafe { Box::from_raw(name) });
        }
    }
}

/// What the caller knows of the runtime that runs on this thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Root {
    /// Its number, from 1; 0 if not known.
    pub runtime: u16,
    /// Whether a thread in its `block_on` does a worker's work.
    pub is_worker: bool,
}

/// Gets recording ready: starts the clock and takes the function that tells, from within a `block_on` or a worker, of
/// the runtime there, and how many ended tasks each thread may hand over before the first round of the harvester. Later
/// calls change nothing.
pub fn start(root: fn() -> Root, listings: u32) {
    RECORD.threads.listings.store(listings, Relaxed);
    let clock = crate::clock::start();
    let _ = RECORD.root.set(root);
    let within = DROP_FOLLOWS_WITHIN_NS as f64 / clock.ns_per_tick();
    RECORD.drop_follows_within.store(within as u64, Relaxed);
}

/// Gives the number of the stack of this thread, from here down to where it stood at the moment given; 0 where it can't be
/// told.
pub type Capture = fn(usize) -> u32;

/// From now on, where tasks wait is caught by this function. It is called in the app's threads, under locks of tokio's.
/// Later calls change nothing.
pub fn set_capture(capture: Capture) {
    let _ = RECORD.capture.set(capture);
}

/// The stack from here down to the start of the innermost task's poll; 0 where it can't be told, or is not wanted.
#[inline(always)]
fn stack_here(own: &Own) -> u32 {
    RECORD
        .capture
        .get()
        .map_or(0, |capture| capture(own.top_stack()))
}

/// Says what this thread is for, until it ends.
pub fn set_role(role: Role) {
    if let Some(thread) = thread::current() {
        thread.role.store(role as u32, Relaxed);
    }
}

/// The number of a text, to describe a site with.
#[inline]
#[must_use]
pub fn text(text: &str) -> Text {
    RECORD.sites.text(text)
}

/// What this thread is for.
#[must_use]
pub fn role() -> Role {
    thread::current().map_or(Role::App, Thread::role)
}

/// The id of the task that is polled on this thread; 0 for none.
#[must_use]
pub fn task_here() -> u64 {
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    thread::current().map_or(0, |thread| unsafe { thread.own() }.top())
}

/// A span that is of no interest is entered: on a thread that tries out what arrives, that is a poll.
#[cold]
pub fn enter_ignored() {
    trial_only(thread::current(), 1);
}

impl Record {
    /// What an ending thread has in hand.
    pub(crate) fn give_back(&self, own: &mut Own) {
        own.slots.empty(&self.slots);
        own.tables.empty(&self.tables);
        own.inner.resources.empty(&self.resources);
        own.inner.shares.empty(&self.shares);
        own.inner.ops.empty(&self.ops);
    }
}

/// One relaxed load while nobody listens.
#[inline(always)]
fn emit(thread: &Thread, kind: EventKind, task: u64, other: u64, at: impl FnOnce() -> u64) {
    if RECORD.listening.load(Relaxed) {
        publish(
            thread,
            Event {
                kind,
                at: at(),
                task,
                other,
            },
        );
    }
}

#[cold]
fn publish(thread: &Thread, event: Event) {
    match thread.ring() {
        Some(ring) => ring.push(event),
        None => thread
            .unringed
            .store(thread.unringed.load(Relaxed) + 1, Relaxed),
    }
}

#[cold]
fn tried(thread: &Thread, what: usize) -> u64 {
    if let Some(count) = thread.trial.get(what) {
        count.store(count.load(Relaxed) + 1, Relaxed);
    }
    IGNORED
}

#[cold]
fn trial_only(thread: Option<&Thread>, what: usize) {
    if let Some(thread) = thread.filter(|thread| thread.role() == Role::Trial) {
        tried(thread, what);
    }
}
