//! Which of tokio's callsites is which.
//!
//! A callsite is classified once, by its names, when it registers; from then on its kind is found by the address of its
//! metadata in a table that is never locked.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicU8, AtomicUsize};

use tracing_core::Metadata;

/// What a callsite is to taskscope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callsite {
    /// The user's, or a library's: none of ours.
    User,
    /// The span of a task.
    Spawn,
    /// The span of a closure on the blocking pool.
    SpawnBlocking,
    /// A waker was cloned, dropped or used.
    Waker,
    /// tokio's, but nothing is recorded of it.
    Unrecorded,
}

impl Callsite {
    const ALL: [Self; 5] = [Self::User, Self::Spawn, Self::SpawnBlocking, Self::Waker, Self::Unrecorded];

    /// Whether its spans and events should be delivered.
    pub(crate) fn is_recorded(self) -> bool {
        matches!(self, Self::Spawn | Self::SpawnBlocking | Self::Waker)
    }
}

/// Classifies by names. Targets are matched whole: other crates' names begin with "tokio" too.
fn classify(metadata: &Metadata<'_>) -> Callsite {
    // State changes of resources have targets without a crate's name, so the module has to tell that they are tokio's.
    let of_tokio = || metadata.module_path().is_some_and(|module| module.starts_with("tokio::"));
    match (metadata.target(), metadata.name()) {
        ("tokio::task", "runtime.spawn") => Callsite::Spawn,
        ("tokio::task::blocking", "runtime.spawn") => Callsite::SpawnBlocking,
        ("tokio::task::waker", _) if metadata.is_event() => Callsite::Waker,
        (target, name) if metadata.is_span() => {
            let resource = matches!(
                name,
                "runtime.resource" | "runtime.resource.async_op" | "runtime.resource.async_op.poll"
            );
            if resource && target.starts_with("tokio::") { Callsite::Unrecorded } else { Callsite::User }
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
}

static TABLE: [Place; PLACES] = [const { Place { key: AtomicUsize::new(0), kind: AtomicU8::new(0) } }; PLACES];

fn places(key: usize) -> impl Iterator<Item = &'static Place> {
    let first = (key >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    (first..first + PROBES).map(|at| &TABLE[at % PLACES])
}

/// Registers a callsite; gives what it is.
pub(crate) fn register(metadata: &'static Metadata<'static>) -> Callsite {
    let callsite = classify(metadata);
    if callsite == Callsite::User {
        return callsite;
    }
    let key = std::ptr::from_ref(metadata) as usize;
    for place in places(key) {
        match place.key.compare_exchange(0, key, AcqRel, Acquire) {
            Ok(_) => {
                place.kind.store(callsite as u8, Relaxed);
                return callsite;
            }
            Err(there) if there == key => return callsite,
            Err(_) => {}
        }
    }
    Callsite::User
}

/// What a registered callsite is.
#[inline(always)]
pub(crate) fn of(metadata: &Metadata<'_>) -> Callsite {
    let key = std::ptr::from_ref(metadata) as usize;
    for place in places(key) {
        match place.key.load(Acquire) {
            there if there == key => return Callsite::ALL[place.kind.load(Relaxed) as usize % Callsite::ALL.len()],
            0 => return Callsite::User,
            _ => {}
        }
    }
    Callsite::User
}
