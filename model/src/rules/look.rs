//! What the rules look at.

use super::Thresholds;
use super::survey::Survey;
use super::words::Words;
use crate::graph::WaitGraph;
use crate::{Nanos, Revision, Stamp, World};

/// A world, and what was made of it for all rules.
pub(super) struct Look<'w> {
    pub(super) world: &'w World,
    pub(super) now: Stamp,
    /// Since the look before; `None` at the first one, and where no time has passed.
    pub(super) elapsed: Option<Nanos>,
    /// How much of the world the look before has seen.
    pub(super) seen: Revision,
    pub(super) graph: WaitGraph,
    pub(super) survey: Survey<'w>,
    pub(super) words: Words<'w>,
    pub(super) thresholds: Thresholds,
    /// Whether somebody looks at polls that do not return.
    pub(super) polls_are_seen: bool,
}
