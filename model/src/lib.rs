//! What is known of a process's async tasks, as one pure value.
//!
//! Reading order: `id` names things, `time` measures them, `task` and `site` describe them, a [`Change`] says what is
//! new about them and the [`World`] is what all changes so far add up to. The instrumented process applies changes to a
//! `World` of its own and sends the same changes to viewers, whose `World`s apply them again.
//!
//! Deliberately absent: the wire, I/O, a clock, and errors. Time comes in with a change, as the target's own stamp, so
//! that a replay equals what was seen live. A change that makes no sense (news of a task that was never announced) is
//! ignored, never a panic.
#![forbid(unsafe_code)]

mod change;
mod id;
pub mod query;
mod site;
mod sketch;
mod task;
mod time;
mod totals;
mod world;

pub use change::Change;
pub use id::{Revision, RuntimeId, SiteId, TaskId};
pub use site::{Kind, Site, Tally};
pub use sketch::{Bucket, Sketch, Sketches};
pub use task::{Birth, LastWaker, State, Task, Vitals};
pub use time::{Nanos, Stamp};
pub use totals::Totals;
pub use world::World;
