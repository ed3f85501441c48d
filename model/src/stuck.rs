//! What a poll that does not return was seen doing.

use std::fmt;
use std::sync::Arc;

use crate::{Await, StackId, Stamp, TaskId};

/// What a thread was doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// Computing.
    OnCpu,
    /// Able to compute, but no processor was free for it.
    Runnable,
    /// Waiting in the kernel, within this system call; empty where that has no name.
    Blocked(Arc<str>),
    /// The system does not tell.
    #[default]
    Unknown,
}

impl Activity {
    /// The word that JSON uses.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::OnCpu => "on-cpu",
            Self::Runnable => "runnable",
            Self::Blocked(_) => "blocked",
            Self::Unknown => "unknown",
        }
    }
}

/// `computing`, `blocked in nanosleep`, as part of a sentence.
impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnCpu => f.write_str("computing"),
            Self::Runnable => f.write_str("ready to compute, but without a processor"),
            Self::Blocked(call) if call.is_empty() => f.write_str("blocked in the system"),
            Self::Blocked(call) => write!(f, "blocked in {call}"),
            Self::Unknown => f.write_str("doing something that the system does not tell"),
        }
    }
}

/// What a task does in a poll that does not return.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doing {
    /// What its thread was doing.
    pub activity: Activity,
    /// Whether it is within `block_in_place`: then another thread does the work of its worker meanwhile.
    pub in_place: bool,
}

impl Doing {
    /// The shortest word for it: `blocked`, or `block_in_place`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        if self.in_place {
            "block_in_place"
        } else {
            self.activity.as_str()
        }
    }
}

impl From<Activity> for Doing {
    fn from(activity: Activity) -> Self {
        Self {
            activity,
            in_place: false,
        }
    }
}

/// `in block_in_place, blocked in read`, as part of a sentence: what is no fault is seen even where the end is cut off.
impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_place {
            f.write_str("in block_in_place, ")?;
        }
        self.activity.fmt(f)
    }
}

/// A poll that had not returned for long, as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongPoll {
    /// The task.
    pub task: TaskId,
    /// When the poll began.
    pub since: Stamp,
    /// When it was last looked at.
    pub seen: Stamp,
    /// What it was doing then.
    pub doing: Doing,
    /// What it was doing it in; `None` where that could not be seen.
    pub stack: Option<StackId>,
    /// Whether the frames of the stack are sure. Otherwise only the first is, and the others are likely.
    pub proven: bool,
    /// Why the stack could not be seen; empty where it could.
    pub unseen: Arc<str>,
}

impl LongPoll {
    /// Where it was last seen; `None` where that could not be seen.
    #[must_use]
    pub fn place(&self) -> Option<Await> {
        let stack = Some(self.stack?);
        Some(Await {
            stack,
            wait: None,
            sure: self.proven,
        })
    }
}
