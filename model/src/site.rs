//! Spawn sites, and what the tasks of one add up to.

use std::fmt;
use std::sync::Arc;

use crate::Nanos;

/// What kind of task tokio says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Spawned on a runtime: `tokio::spawn`.
    Task,
    /// Spawned on a `LocalSet`: `spawn_local`.
    Local,
    /// A closure on a thread of the blocking pool: `spawn_blocking`.
    Blocking,
    /// The future of a `block_on`, which `#[tokio::main]` also makes. Its wakes can't be seen.
    BlockOn,
    /// A kind that this version does not know.
    #[default]
    Unknown,
}

impl Kind {
    /// The word that screens, filters and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Local => "local",
            Self::Blocking => "blocking",
            Self::BlockOn => "block_on",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A spawn site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// The source file as the compiler names it; empty where it is not known.
    pub file: Arc<str>,
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
    /// The column, from 1; 0 where it is not known.
    pub column: u32,
    /// The kind of the tasks that are spawned here.
    pub kind: Kind,
    /// Size of the task's future (or closure) in bytes; 0 where it is not known.
    pub size: u64,
    /// Its size before tokio boxed it for being large; `None` where it was not boxed.
    pub boxed_from: Option<u64>,
    /// The type of a blocking closure; `None` for the other kinds.
    pub type_name: Option<Arc<str>>,
    /// What the tasks of this site add up to that are no longer in the world by themselves.
    pub past: Tally,
}

impl Site {
    /// The file's last component with the line, as `handler.rs:42`; `?` where the place is not known.
    #[must_use]
    pub fn short(&self) -> String {
        match (self.file.rsplit(['/', '\\']).next(), self.line) {
            (None | Some(""), _) => "?".to_owned(),
            (Some(name), line) => format!("{name}:{line}"),
        }
    }
}

/// What a number of ended tasks add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tasks whose future returned.
    pub done: u64,
    /// Tasks whose future was dropped before it returned.
    pub cancelled: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Their polls.
    pub polls: u64,
    /// Their time in polls.
    pub busy: Nanos,
    /// Their time woken but not polled.
    pub scheduled: Nanos,
    /// Their wakes.
    pub wakes: u64,
    /// Their wakes by themselves.
    pub self_wakes: u64,
}

impl Tally {
    /// How many tasks this adds up.
    #[must_use]
    pub const fn tasks(&self) -> u64 {
        self.done
            .saturating_add(self.cancelled)
            .saturating_add(self.panicked)
    }

    /// Both together. Counters stop at their largest number: a target can send any.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            done: self.done.saturating_add(other.done),
            cancelled: self.cancelled.saturating_add(other.cancelled),
            panicked: self.panicked.saturating_add(other.panicked),
            polls: self.polls.saturating_add(other.polls),
            busy: self.busy + other.busy,
            scheduled: self.scheduled + other.scheduled,
            wakes: self.wakes.saturating_add(other.wakes),
            self_wakes: self.self_wakes.saturating_add(other.self_wakes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Site, Tally};
    use crate::Nanos;

    #[test]
    fn tallies_stop_at_the_largest_number() {
        let most = Tally {
            done: u64::MAX,
            cancelled: u64::MAX,
            panicked: u64::MAX,
            polls: u64::MAX,
            busy: Nanos(u64::MAX),
            scheduled: Nanos(u64::MAX),
            wakes: u64::MAX,
            self_wakes: u64::MAX,
        };
        assert_eq!(most.plus(&most), most);
        assert_eq!(most.tasks(), u64::MAX);
    }

    #[test]
    fn a_short_place_is_the_files_name_and_the_line() {
        for (file, short) in [
            ("src/api.rs", "api.rs:7"),
            ("src\\api.rs", "api.rs:7"),
            ("a.rs", "a.rs:7"),
            ("", "?"),
        ] {
            let site = Site {
                file: file.into(),
                line: 7,
                ..Site::default()
            };
            assert_eq!(site.short(), short);
        }
    }
}
