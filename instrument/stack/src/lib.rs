//! Where tasks wait and what long polls do: native stacks, caught cheaply and named later.
//!
//! Reading order: `native/capture` (the hot path: the stack of a wait becomes a number), `native/template` and
//! `native/intern` (what is known already), `native/walk` (what is not), `native/modules` (which code is where);
//! [`Symbolizer`] (numbers become functions and lines), [`trim`] (which of them a person wants to see); `native/look` (another
//! thread, in the middle of a poll). Beside them, [`Listeners`]: connections that nobody accepts.
//!
//! Linux on x86_64 and aarch64. Elsewhere everything compiles, [`start`] says that it is not supported, and [`capture`]
//! gives 0.
//!
//! Rules that code leans on are numbered in each module's text. The tests run under AddressSanitizer too, which is why
//! stacks are read by `arch`'s loads: AddressSanitizer would object to an ordinary one between two frames.
//!
//! A crate of its own, not to be used by itself: see the crate `taskscope`.
#![allow(
    unsafe_code,
    reason = "reading stacks cannot be done without; everything unsafe here is about that"
)]

/// The largest number that a stack can have.
pub const MAX_ID: u32 = 1 << 15;

mod arch;
mod error;
mod frame;
mod listener;
mod look;
mod name;
mod origin;
mod stats;
mod symbolize;
mod trim;

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod native;
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
#[path = "elsewhere.rs"]
mod native;

pub use crate::{
    arch::stack_pointer,
    error::StartError,
    frame::{DebugInfo, Frame},
    listener::Listener,
    look::{Activity, Certainty, Look, LookError, SignalError, Source},
    native::{
        Listeners, Watch, capture, program_counters, reload_if_needed, start, stats, walk_only,
    },
    origin::Origin,
    stats::{Dropped, Skipped, Stats},
    symbolize::Symbolizer,
    trim::{Step, Trimmed, shown, trim},
};
