//! Lets a debugger see every task of a tokio program, live.
//!
//! The program adds two lines, and the viewer `taskscope`, run from another terminal, shows what each task is doing, for
//! how long, how often it is polled and who wakes it:
//!
//! ```no_run
//! fn main() {
//!     taskscope::init();
//!     run();
//! }
//!
//! #[tokio::main]
//! async fn run() {
//!     // ... the program as it was
//! }
//! ```
//!
//! or, in a program that has logs of its own:
//!
//! ```no_run
//! use taskscope::SubscriberExt as _;
//! use tracing_subscriber::prelude::*;
//!
//! tracing_subscriber::registry().with_taskscope().init();
//! ```
//!
//! tokio tells about its tasks only if the program is built with `--cfg tokio_unstable`, as by this `.cargo/config.toml`:
//!
//! ```toml
//! [build]
//! rustflags = ["--cfg", "tokio_unstable"]
//! ```
//!
//! # What it does to the program
//!
//! The program comes first: nothing here panics, prints, blocks or allocates for a poll or a wake; memory is bounded; a
//! full buffer is a count that viewers show. One thread collects, one looks for what is wrong, one serves a Unix socket
//! that only the same user can open. The user's own spans and events pass through untouched, and none of tokio's show in the logs.
//!
//! # What it can't see
//!
//! Tasks that were spawned before it was set up or under another subscriber that is set for a thread; wakes of a future
//! in `block_on`; anything at all without `tokio_unstable`, or with one of tracing's `release_max_level_*` features.
//! `taskscope doctor` says which of these holds.
#![deny(unsafe_code)]

mod builder;
mod config;
mod facts;
mod harvester;
mod hub;
mod judge;
mod runtime;
mod scope;
mod server;
mod stacks;
mod target;
mod trial;
mod wire;

use tracing_core::Subscriber;

pub use crate::builder::Builder;
pub use crate::scope::{Level, Scope};
pub use crate::target::{Status, status};
// What `Builder::on_finding` is given, and `Builder::thresholds` takes.
pub use taskscope_model::rules::Thresholds;
pub use taskscope_model::{
    Concern, Finding, FindingId, Nanos, PlaceId, ResourceId, Role, RuntimeId, SiteId, Stamp,
    Subject, TaskId, Tier,
};

/// Installs the instrument with its defaults; see [`Builder::init`].
///
/// To be called first thing in `main`, before a runtime is built, by programs without logs of their own.
pub fn init() {
    builder().init();
}

/// Settings that differ from the defaults.
pub fn builder() -> Builder {
    Builder::default()
}

/// Puts the instrument around any subscriber.
pub trait SubscriberExt: Subscriber + Sized {
    /// Puts the instrument around this subscriber, with its defaults. It goes outermost: what comes out is to be
    /// installed as the process's global subscriber, before a runtime is built.
    fn with_taskscope(self) -> Scope<Self> {
        builder().wrap(self)
    }
}

impl<S: Subscriber> SubscriberExt for S {}
