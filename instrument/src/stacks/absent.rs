//! No stacks: the program was built without them.

use std::sync::Arc;

use taskscope_record::clock::Clock;

use crate::facts::Facts;
use crate::hub::Hub;

/// What is known of stacks in this process: nothing.
#[derive(Debug, Default)]
pub(crate) struct StackFacts;

impl StackFacts {
    pub(crate) fn is_active(&self) -> bool {
        false
    }

    /// The rules' wish for functions and lines.
    pub(crate) fn want(&self, _lines: bool) {}

    /// Why there are no stacks.
    pub(crate) fn refused(&self) -> Option<&str> {
        Some("this program was built without the feature `stacks` of taskscope")
    }

    /// What was not kept for want of room: nothing.
    pub(crate) fn loss(&self) -> Option<String> {
        None
    }

    /// Why threads that compute are not asked: that there are no stacks says it.
    pub(crate) fn signals_refused(&self) -> Option<&str> {
        None
    }

    /// Stacks that were caught in the app, and by the trial.
    pub(crate) fn events(&self) -> (u64, u64) {
        (0, 0)
    }

    /// What the executable tells about its own code: nobody has looked.
    pub(crate) fn debug_info(&self) -> &'static str {
        ""
    }
}

/// Where this thread's stack stands: not of interest.
#[inline(always)]
pub(crate) fn here() -> usize {
    0
}

pub(crate) fn catch(_wanted: bool) -> StackFacts {
    StackFacts
}

pub(crate) fn start(
    _clock: &'static Clock,
    _hub: Arc<Hub>,
    _facts: Arc<Facts>,
    _signals: bool,
) -> std::io::Result<()> {
    Ok(())
}
