//! The hot path of taskscope: what is recorded of each task, in fixed slots that are updated in place.
//!
//! Nothing is queued, so nothing can be dropped, and who reads slowly costs nothing. Reading order: `id` (a task's id
//! leads to its slot by arithmetic), `word` (the one atomic word in which all who touch a slot agree), `slot` and `edges` (what is
//! recorded), `leaves` (where a task waits), `record` (what tokio's events do to it), `harvest` (who reads it). Beside these: `slab` (memory that is
//! never given back), `dirty` (which slots to visit), `sketch` (distributions), `site` (spawn places), `thread` (what a
//! thread has to itself), `ring` (raw events, while somebody listens), `clock`, `exit`.
//!
//! Everything unsafe of the instrument lives here. Rules that code leans on are numbered in each module's text. The lock-
//! free parts are checked with loom (`RUSTFLAGS="--cfg loom" cargo test -p taskscope-record --release`) and run under
//! AddressSanitizer; `.ci/run` does both.
//!
//! A crate of its own for those reasons, not to be used by itself: see the crate `taskscope`.
#![allow(unsafe_code, reason = "this is the crate in which unsafe code lives")]

#[cfg(not(loom))]
pub mod clock;
mod dirty;
mod edges;
#[cfg(not(loom))]
mod exit;
mod grant;
#[cfg(not(loom))]
mod harvest;
mod holder;
pub mod id;
#[cfg(not(loom))]
mod leaves;
mod mark;
#[cfg(not(loom))]
mod record;
#[cfg(not(loom))]
mod resource;
mod ring;
#[cfg(not(loom))]
mod shares;
#[cfg(not(loom))]
mod site;
#[cfg(not(loom))]
mod sketch;
mod slab;
#[cfg(not(loom))]
mod slot;
mod sync;
#[cfg(not(loom))]
mod taken;
#[cfg(not(loom))]
mod thread;
mod word;

#[cfg(all(loom, test))]
mod loom;

#[cfg(not(loom))]
pub use crate::{
    exit::at_exit,
    harvest::{
        BirthReport, Harvester, HoldReport, LongPoll, OriginReport, Phase, ResourceReport, Shared,
        TaskReport, ThreadTotals, Unlisted, WAKES_MODULUS, WaitReport, WokenBy, counts, listen,
        long_polls, read_text, resource_now, resources_now, site,
    },
    leaves::{LEAVES, Leaf},
    record::{
        Capture, MAX_NAME, MAX_TASKS, Root, Spawn, clone_id, clone_inner, close, close_op,
        close_resource, counts_permits, enter, enter_ignored, enter_inner, enter_worker, exit,
        exit_inner, exit_worker, inner_op, inner_resource, is_inner, locked, obtained, obtains, op,
        permits_added, permits_made, polled, readers, requested, requests, resource, role,
        set_capture, set_role, spawn, start, task_here, text, timer_pending, wake, waker_clone,
        waker_drop,
    },
    resource::{Access, ResourceType},
    ring::{Event, EventKind},
    site::{SpawnKind, SpawnSite, Text},
    sketch::{CODES, Counts, shortest},
    slot::Outcome,
    thread::Role,
};
