//! Which of tokio's callsites is which.
//!
//! A callsite is classified once, by its names, when it registers; from then on its kind is found by the address of its
//! metadata in a table that is never locked.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};

use tracing_core::Metadata;

use super::fields::Keys;

/// How much is recorded. Each level takes in those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Tasks: their lives, polls, wakes and wakers.
    Tasks,
    /// Locks and waits too: who holds a `Mutex` or an `RwLock`, and who waits for these, a `Semaphore`, a `Barrier` or a
    /// `oneshot`.
    Locks,
    /// Permits too: who holds those of a `Semaphore`, who waits for room in a bounded `mpsc` channel, the exact order of
    /// queues, and to whom a lock was handed that does not know it yet.
    #[default]
    Permits,
}

impl Level {
    /// The word that the environment uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Locks => "locks",
            Self::Permits => "permits",
        }
    }
}

/// What a callsite is to taskscope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Callsite {
    /// The user's, or a library's: none of ours.
    User,
    /// The span of a task.
    Spawn,
    /// The span of a closure on the blocking pool.
    SpawnBlocking,
    /// A waker was cloned, dropped or used.
    Waker,
    /// The span of a resource.
    Resource,
    /// The span of the semaphore within a resource, or within a channel.
    InnerResource,
    /// The span of an operation on a resource.
    Op,
    /// The same on a semaphore within a resource.
    InnerOp,
    /// An operation was polled.
    Polled,
    /// One on a semaphore within a resource was.
    InnerPolled,
    /// A timer was polled.
    TimerPolled,
    /// A lock was taken or given back by one alone.
    Locked,
    /// Readers came or went.
    Readers,
    /// The permits of a semaphore changed; how is not known before its first event.
    Permits,
    /// A semaphore has more permits.
    PermitsAdded,
    /// A semaphore was made with permits.
    PermitsMade,
    /// An operation asks for permits.
    Requested,
    /// It was given some, or none so far; which is not known before the first event.
    Obtained,
    /// It was given some.
    ObtainedSome,
    /// tokio's, but nothing is recorded of it.
    Unrecorded,
}

impl Callsite {
    #[inline(always)]
    fn from_number(number: u8) -> Self {
        const ALL: [Callsite; 20] = [
            Callsite::User,
            Callsite::Spawn,
            Callsite::SpawnBlocking,
            Callsite::Waker,
            Callsite::Resource,
            Callsite::InnerResource,
            Callsite::Op,
            Callsite::InnerOp,
            Callsite::Polled,
            Callsite::InnerPolled,
            Callsite::TimerPolled,
            Callsite::Locked,
            Callsite::Readers,
            Callsite::Permits,
            Callsite::PermitsAdded,
            Callsite::PermitsMade,
            Callsite::Requested,
            Callsite::Obtained,
            Callsite::ObtainedSome,
            Callsite::Unrecorded,
        ];
        ALL.get(number as usize).copied().unwrap_or(Self::User)
    }

    /// Whether its spans and events should be delivered.
    pub(crate) fn is_recorded(self, level: Level) -> bool {
        match self {
            Self::User | Self::Unrecorded => false,
            Self::Spawn | Self::SpawnBlocking | Self::Waker => true,
            Self::Resource
            | Self::Op
            | Self::Polled
            | Self::TimerPolled
            | Self::Locked
            | Self::Readers => level >= Level::Locks,
            Self::InnerResource
            | Self::InnerOp
            | Self::InnerPolled
            | Self::Permits
            | Self::PermitsAdded
            | Self::PermitsMade
            | Self::Requested
            | Self::Obtained
            | Self::ObtainedSome => level >= Level::Permits,
        }
    }
}

/// The semaphore of which tokio makes its locks and channels.
const INNER: &str = "tokio::sync::batch_semaphore";

/// Classifies by names. Targets are matched whole: other crates' names begin with "tokio" too.
fn classify(metadata: &Metadata<'_>) -> Callsite {
    // State changes of resources have targets without a crate's name, so the module has to tell that they are tokio's.
    let module = metadata.module_path().unwrap_or_default();
    let of_tokio = module.starts_with("tokio::");
    let has = |field| metadata.fields().field(field).is_some();
    match (metadata.target(), metadata.name()) {
        ("tokio::task", "runtime.spawn") => Callsite::Spawn,
        ("tokio::task::blocking", "runtime.spawn") => Callsite::SpawnBlocking,
        ("tokio::task::waker", _) if metadata.is_event() => Callsite::Waker,
        (target, name) if metadata.is_span() => classify_span(target, name),
        ("runtime::resource::poll_op", _) if of_tokio => match module {
            INNER => Callsite::InnerPolled,
            _ if module.starts_with("tokio::time") => Callsite::TimerPolled,
            _ => Callsite::Polled,
        },
        ("runtime::resource::state_update", _) if of_tokio => {
            if has("locked") || has("write_locked") {
                Callsite::Locked
            } else if has("current_readers") {
                Callsite::Readers
            } else if module == INNER && has("permits") {
                Callsite::Permits
            } else {
                Callsite::Unrecorded
            }
        }
        ("runtime::resource::async_op::state_update", _) if of_tokio => {
            if has("permits_requested") {
                Callsite::Requested
            } else if has("permits_obtained") {
                Callsite::Obtained
            } else {
                Callsite::Unrecorded
            }
        }
        _ => Callsite::User,
    }
}

fn classify_span(target: &str, name: &str) -> Callsite {
    let is_timer = target.starts_with("tokio::time");
    match name {
        _ if !target.starts_with("tokio::") => Callsite::User,
        "runtime.resource" | "runtime.resource.async_op" if is_timer => Callsite::Unrecorded,
        "runtime.resource" if target == INNER => Callsite::InnerResource,
        "runtime.resource" => Callsite::Resource,
        "runtime.resource.async_op" if target == INNER => Callsite::InnerOp,
        "runtime.resource.async_op" => Callsite::Op,
        "runtime.resource.async_op.poll" => Callsite::Unrecorded,
        _ => Callsite::User,
    }
}

/// Room for several times the callsites that tokio has. What does not fit is the user's: noise in a log, no harm.
const PLACES: usize = 1024;
const PROBES: usize = 16;

struct Place {
    key: AtomicUsize,
    kind: AtomicU8,
    keys: AtomicU64,
}

static TABLE: [Place; PLACES] = [const {
    Place {
        key: AtomicUsize::new(0),
        kind: AtomicU8::new(0),
        keys: AtomicU64::new(0),
    }
}; PLACES];

/// The upper bits of a product are those that depend on all of the key's.
#[inline(always)]
fn first_place(key: usize) -> usize {
    ((key as u64 >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())) as usize
}

fn places(key: usize) -> impl Iterator<Item = &'static Place> {
    let first = first_place(key);
    (first..first + PROBES).map(|at| &TABLE[at % PLACES])
}

/// In a place that is being filled.
const RESERVED: usize = 1;

/// Registers a callsite; gives what it is.
#[cold]
pub(crate) fn register(metadata: &'static Metadata<'static>) -> Callsite {
    let callsite = classify(metadata);
    if callsite == Callsite::User {
        return callsite;
    }
    if let Some(place) = place(metadata) {
        // It may have been found to be of no interest since it was classified.
        return place.read().0;
    }
    for place in places(key(metadata)) {
        // The key comes last: whoever finds it finds the rest. Two threads that register one callsite at the same time
        // fill two places, which does no harm.
        if place
            .key
            .compare_exchange(0, RESERVED, AcqRel, Acquire)
            .is_ok()
        {
            place.keys.store(Keys::of(metadata).to_number(), Relaxed);
            place.kind.store(callsite as u8, Relaxed);
            place.key.store(key(metadata), Release);
            return callsite;
        }
    }
    Callsite::User
}

/// What a callsite is.
#[inline(always)]
pub(crate) fn of(metadata: &'static Metadata<'static>) -> Callsite {
    with_keys(metadata).0
}

/// What a callsite is, and which of its fields is which.
#[inline(always)]
pub(crate) fn with_keys(metadata: &'static Metadata<'static>) -> (Callsite, Keys) {
    match place(metadata) {
        Some(place) => place.read(),
        None if can_be_tokios(metadata) => while_it_registers(metadata),
        None => (Callsite::User, Keys::default()),
    }
}

/// What a callsite is, for metadata that may not live on.
pub(crate) fn look(metadata: &Metadata<'_>) -> Callsite {
    match place(metadata) {
        Some(place) => place.read().0,
        None if can_be_tokios(metadata) => classify(metadata),
        None => Callsite::User,
    }
}

/// While one thread registers a callsite, `tracing` lets others use it already. So one that is not in the table may be
/// tokio's all the same; all of tokio's are at this level, and few of anybody else's.
#[inline(always)]
fn can_be_tokios(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == tracing_core::Level::TRACE
}

#[cold]
fn while_it_registers(metadata: &'static Metadata<'static>) -> (Callsite, Keys) {
    let callsite = register(metadata);
    match callsite {
        Callsite::User => (callsite, Keys::default()),
        _ => (callsite, Keys::of(metadata)),
    }
}

/// Whether callsites were dismissed that `tracing` still delivers.
static DISMISSED: AtomicBool = AtomicBool::new(false);

/// What this callsite is, which only its first event has shown. One that is [`Callsite::Unrecorded`] is of no interest.
#[cold]
pub(crate) fn learn(metadata: &'static Metadata<'static>, callsite: Callsite) {
    if let Some(place) = place(metadata) {
        place.kind.store(callsite as u8, Relaxed);
        if callsite == Callsite::Unrecorded {
            DISMISSED.store(true, Relaxed);
        }
    }
}

/// Has `tracing` ask again about all callsites if some were dismissed. It locks its list of them meanwhile, so this is not
/// for the app's threads.
pub(crate) fn settle() {
    if DISMISSED.swap(false, Relaxed) {
        tracing_core::callsite::rebuild_interest_cache();
    }
}

fn key(metadata: &Metadata<'_>) -> usize {
    std::ptr::from_ref(metadata) as usize
}

#[inline(always)]
fn place(metadata: &Metadata<'_>) -> Option<&'static Place> {
    let key = key(metadata);
    let place = &TABLE[first_place(key)];
    match place.key.load(Acquire) {
        there if there == key => Some(place),
        0 => None,
        _ => further_on(key),
    }
}

#[inline(never)]
fn further_on(key: usize) -> Option<&'static Place> {
    places(key)
        .find(|place| matches!(place.key.load(Acquire), there if there == key || there == 0))
        .filter(|place| place.key.load(Acquire) == key)
}

impl Place {
    #[inline(always)]
    fn read(&self) -> (Callsite, Keys) {
        let callsite = Callsite::from_number(self.kind.load(Relaxed));
        (callsite, Keys::from_number(self.keys.load(Relaxed)))
    }
}
