//! What tasks share and wait for: locks, semaphores, channels.

use std::fmt;
use std::sync::Arc;

use crate::{Nanos, PlaceId, ResourceId, StackId, Stamp, TaskId, WaitId};

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The source file as the compiler names it; empty where it is not known.
    pub file: Arc<str>,
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
    /// The column, from 1; 0 where it is not known.
    pub column: u32,
}

impl Place {
    /// `bank.rs:31`: the file's name and the line; empty where the file is not known.
    #[must_use]
    pub fn short(&self) -> String {
        let file = self.file.rsplit(['/', '\\']).next().unwrap_or_default();
        if file.is_empty() {
            return String::new();
        }
        format!("{file}:{}", self.line)
    }

    /// Whether what is made in this file is made by `Default` or `From` of a lock (`#[derive(Default)]`,
    /// `Arc::<Mutex<_>>::default()`): those have a line of tokio's own as their place, which says nothing.
    ///
    /// ```
    /// use taskscope_model::Place;
    ///
    /// assert!(Place::is_of_default("/registry/src/index/tokio-1.54.1/src/sync/mutex.rs"));
    /// assert!(!Place::is_of_default("/registry/src/index/tokio-1.54.1/src/fs/file.rs"));
    /// assert!(!Place::is_of_default("src/sync/mutex.rs"));
    /// ```
    #[must_use]
    pub fn is_of_default(file: &str) -> bool {
        let mut parts = file.rsplit(['/', '\\']);
        let mut next = || parts.next().unwrap_or_default();
        matches!(next(), "mutex.rs" | "rwlock.rs")
            && next() == "sync"
            && next() == "src"
            && matches!(next().strip_prefix("tokio"), Some(rest) if rest.is_empty() || rest.starts_with('-'))
    }
}

/// What kind of resource tokio says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// `tokio::sync::Mutex`.
    Mutex,
    /// `tokio::sync::RwLock`.
    RwLock,
    /// `tokio::sync::Semaphore`.
    Semaphore,
    /// The places of a bounded `tokio::sync::mpsc` channel: a message holds one until it is received. Receivers can't be
    /// seen.
    Mpsc,
    /// `tokio::sync::oneshot`, seen from its receiver.
    Oneshot,
    /// `tokio::sync::Barrier`.
    Barrier,
    /// `tokio::sync::OnceCell`, while it is being initialized.
    OnceCell,
    /// One that this version does not know.
    #[default]
    Unknown,
}

impl ResourceKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Mutex,
        Self::RwLock,
        Self::Semaphore,
        Self::Mpsc,
        Self::Oneshot,
        Self::Barrier,
        Self::OnceCell,
        Self::Unknown,
    ];

    /// The type's name, as screens, filters and JSON use it: `Mutex`, `mpsc`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mutex => "Mutex",
            Self::RwLock => "RwLock",
            Self::Semaphore => "Semaphore",
            Self::Mpsc => "mpsc",
            Self::Oneshot => "oneshot",
            Self::Barrier => "Barrier",
            Self::OnceCell => "OnceCell",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a task that gets it holds it until it gives it back. What is not held makes nobody else wait.
    #[must_use]
    pub const fn is_held(self) -> bool {
        matches!(
            self,
            Self::Mutex | Self::RwLock | Self::Semaphore | Self::OnceCell
        )
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What never changes about a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What kind it is.
    pub kind: ResourceKind,
    /// Where it was made; the channel of an mpsc has no place.
    pub place: PlaceId,
    /// When it was made.
    pub created: Stamp,
    /// The task that made it; `None` where that was no task, or none that is tracked.
    pub creator: Option<TaskId>,
}

/// How a resource is held, or asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// By one at a time: a Mutex, the writer of an RwLock.
    #[default]
    Exclusive,
    /// By many at a time: the readers of an RwLock.
    Shared,
    /// In part: permits of a semaphore, places of a channel.
    Permits,
}

impl Mode {
    /// The word that screens and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
            Self::Permits => "permits",
        }
    }
}

/// Who holds a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// This task took it.
    Task(TaskId),
    /// A thread took it outside of any task: `blocking_lock`, or `try_lock` on a thread of its own.
    NoTask,
}

/// One holder of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who took it.
    pub holder: Holder,
    /// How.
    pub mode: Mode,
    /// How many permits, or read guards; 1 for an exclusive hold.
    pub permits: u64,
    /// Since when, the first of several.
    pub since: Stamp,
    /// Polls of the task that have ended between the taking and now, at least; more than 0 means that the guard was kept
    /// across an await. Saturates at 255.
    pub awaits: u8,
    /// Where it was taken; `None` where that was not caught, which is so for locks that nobody has waited for since they
    /// were taken the first few times, and for those that many can hold.
    pub stack: Option<StackId>,
}

/// How sure the list of holders is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sureness {
    /// Each listed holder took it and has not given it back; none is missing. Only a guard that was moved to another task
    /// and is still held there is shown with the task that took it: tokio tells nothing of moves.
    #[default]
    Exact,
    /// A guard was given back by another task than any that took it, so guards move between tasks here: who of the listed
    /// ones holds it now can't be told.
    Moved,
    /// Permits were taken without a word (`try_acquire`, `forget_permits`, `add_permits`), or before taskscope was there:
    /// listed holders did take theirs, others may be missing.
    Partial,
}

impl Sureness {
    /// The word that screens and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Moved => "moved",
            Self::Partial => "partial",
        }
    }
}

/// How a resource is used: everything about it that changes, but for those who wait ([`Wait`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Who holds it, in no particular order. At most 8 of those who share it.
    pub holds: Vec<Hold>,
    /// Permits or read guards that are held by others than those listed.
    pub unlisted: u64,
    /// How sure that is.
    pub sureness: Sureness,
    /// Permits that were free when tokio last told; `None` where it never did, and for locks. Counts what
    /// [`Sureness::Partial`] says it may have missed.
    pub free: Option<u64>,
    /// Times that it was taken, at once or after a wait.
    pub acquired: u64,
    /// Times that somebody had to wait, those who wait now included.
    pub waits: u64,
    /// Waits that were given up: the waiting future was dropped.
    pub abandoned: u64,
    /// Time spent in waits that are over.
    pub waited: Nanos,
    /// The longest wait that is over.
    pub longest_wait: Nanos,
    /// The longest time that it was held, holds that last included up to when they were last looked at.
    pub longest_hold: Nanos,
    /// Times that an exclusive guard was kept while its task returned from a poll: kept across an await.
    pub across_awaits: u64,
    /// Times that the future of a task was dropped before it was done while the task held this: whatever it was about to do
    /// under the lock was left half done.
    pub cancelled: u64,
    /// The last such task.
    pub last_cancelled: Option<TaskId>,
    /// The task that received from this channel last, that is, gave a place back; `None` for other kinds, and where nobody
    /// has received yet or it was no task.
    pub receiver: Option<TaskId>,
}

/// A resource as a [`World`](crate::World) knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// What never changes about it.
    pub origin: Origin,
    /// How it is used.
    pub usage: Usage,
}

/// A future that asked for a resource and was not served at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Its id.
    pub id: WaitId,
    /// What it waits for.
    pub resource: ResourceId,
    /// The task that polled it last; `None` for a thread outside of any task.
    pub task: Option<TaskId>,
    /// How it asks.
    pub mode: Mode,
    /// How many permits; 1 for a lock.
    pub permits: u64,
    /// When it was first polled in vain.
    pub since: Stamp,
    /// When it was last polled, in vain.
    pub polled: Stamp,
    /// Its place in the queue: tokio serves the smallest number first.
    pub order: u64,
    /// When it was handed what it asked for, while its task has not polled it since. All who come after it wait for that
    /// poll.
    pub granted: Option<Stamp>,
    /// Its task also waits for a timer, polled no earlier than this wait began: a timeout can end it.
    pub timed: bool,
    /// Where it was first polled in vain; `None` where that was not caught.
    pub stack: Option<StackId>,
}
