//! What is known of a process's async tasks, as one pure value.
//!
//! Reading order: `id` names things, `time` measures them, `task`, `site` and `stack` describe them, a [`Change`] says what is
//! new about them and the [`World`] is what all changes so far add up to. The instrumented process applies changes to a
//! `World` of its own and sends the same changes to viewers, whose `World`s apply them again. What follows from a world is
//! beside it: [`query`] finds tasks in it, [`graph`] says who waits for whom, and [`rules`] say what is wrong.
//!
//! Deliberately absent: the wire, I/O, a clock, and errors. Time comes in with a change, as the target's own stamp, so
//! that a replay equals what was seen live. A change that makes no sense (news of a task that was never announced) is
//! ignored, never a panic.
#![forbid(unsafe_code)]

mod backlog;
mod change;
mod finding;
pub mod graph;
mod id;
pub mod query;
mod resource;
pub mod rules;
#[cfg(test)]
mod script;
mod site;
mod sketch;
mod stack;
mod stuck;
mod table;
mod task;
mod time;
mod totals;
mod world;

pub use backlog::Backlog;
pub use change::Change;
pub use finding::{Concern, Finding, Role, Subject, Tier, UnknownTier};
pub use id::{
    FindingId, PlaceId, ResourceId, Revision, RuntimeId, SiteId, StackId, TaskId, WaitId,
};
pub use resource::{
    Hold, Holder, Mode, Origin, Place, Resource, ResourceKind, Sureness, Usage, Wait,
};
pub use site::{Kind, Site, Tally};
pub use sketch::{Bucket, Sketch, Sketches};
pub use stack::{Await, Code, Frame, Leaves, Stack};
pub use stuck::{Activity, Doing, LongPoll};
pub use table::{News, Table};
pub use task::{Birth, LastWaker, State, Task, Vitals};
pub use time::{Nanos, Stamp};
pub use totals::Totals;
pub use world::{Block, World};
