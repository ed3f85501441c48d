//! Which of tokio's callsites is which.
//!
//! A callsite is classified once, by its names, when it registers; from then on its kind is found by the address of its
//! metadata in a table that is never locked.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize};

use tracing_core::{Level, Metadata};

use super::fields::Keys;

/// What a callsite is to taskscope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callsite {
    /// The user's, or a library's: none of ours.
    User = 0,
    /// The span of a task.
    Spawn = 1,
    /// The span of a closure on the blocking pool.
    SpawnBlocking = 2,
    /// A waker was cloned, dropped or used.
    Waker = 3,
    /// tokio's, but nothing is recorded of it.
    Unrecorded = 4,
}

impl Callsite {
    #[inline(always)]
    fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Spawn,
            2 => Self::SpawnBlocking,
            3 => Self::Waker,
            4 => Self::Unrecorded,
            _ => Self::User,
        }
    }

    /// Whether its spans and events should be delivered.
    pub(crate) fn is_recorded(self) -> bool {
        matches!(self, Self::Spawn | Self::SpawnBlocking | Self::Waker)
    }
}

/// Classifies by names. Targets are matched whole: other crates' names begin with "tokio" too.
fn classify(metadata: &Metadata<'_>) -> Callsite {
    // State changes of resources have targets without a crate's name, so the module has to tell that they are tokio's.
    let of_tokio = || {
        metadata
            .module_path()
            .is_some_and(|module| module.starts_with("tokio::"))
    };
    match (metadata.target(), metadata.name()) {
        ("tokio::task", "runtime.spawn") => Callsite::Spawn,
        ("tokio::task::blocking", "runtime.spawn") => Callsite::SpawnBlocking,
        ("tokio::task::waker", _) if metadata.is_event() => Callsite::Waker,
        (target, name) if metadata.is_span() => {
            let resource = matches!(
                name,
                "runtime.resource" | "runtime.resource.async_op" | "runtime.resource.async_op.poll"
            );
            if resource && target.starts_with("tokio::") {
                Callsite::Unrecorded
            } else {
                Callsite::User
            }
        }
        (
            "runtime::resource::state_update"
            | "runtime::resource::async_op::state_update"
            | "runtime::resource::poll_op",
            _,
        ) if of_tokio() => Callsite::Unrecorded,
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
    if callsite == Callsite::User || place(metadata).is_some() {
        return callsite;
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
    *metadata.level() == Level::TRACE
}

#[cold]
fn while_it_registers(metadata: &'static Metadata<'static>) -> (Callsite, Keys) {
    let callsite = register(metadata);
    match callsite {
        Callsite::User => (callsite, Keys::default()),
        _ => (callsite, Keys::of(metadata)),
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
