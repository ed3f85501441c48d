//! What a connection tells the app, and what the app asks of it. Plain values: no sockets, no generated types.

use std::time::Duration;

use taskscope_model::{Change, TaskId};

/// News of a connection to a target, in order.
#[derive(Clone, Debug)]
pub enum Feed {
    /// Trying to reach the target, for the `attempt`-th time since it was last reached (from 1).
    Connecting {
        /// Which attempt this is.
        attempt: u32,
    },
    /// The target answered. A session id other than the last one means a new process: all that was known is of another.
    Connected(Box<Hello>),
    /// The same process says something else of itself than when it answered: it was set up since then, say.
    Learnt(Box<Hello>),
    /// What is new.
    Update {
        /// Forget all that was told before: a new picture begins here.
        restart: bool,
        /// With this, everything there was at the time has been told.
        complete: bool,
        /// The news itself.
        changes: Vec<Change>,
    },
    /// The connection broke or could not be made; it is tried again after this time.
    Lost {
        /// What happened, for a person.
        reason: String,
        /// When the next attempt is made.
        retry_in: Duration,
    },
    /// The target can't be watched, and trying again would not help.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
}

/// What the app asks of its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// From now on tell the distributions of these tasks, and of no others.
    Sketches(Vec<TaskId>),
    /// Do not wait for the next attempt to reconnect.
    RetryNow,
}

/// Who the target is and what it can tell, as it said when it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Differs between any two processes, even under the same pid.
    pub session: u64,
    /// Process id, in the target's own pid namespace.
    pub pid: u32,
    /// The name the app gave itself, or its executable's. It is the app's data: it may hold anything.
    pub name: String,
    /// Path of the executable; empty where it is not known.
    pub executable: String,
    /// The protocol version of this connection.
    pub protocol_version: u32,
    /// The version of the instrument crate.
    pub instrument_version: String,
    /// When the session began, in nanoseconds since the Unix epoch.
    pub started_unix_ns: u64,
    /// The target's clock when it answered: nanoseconds since the session began.
    pub now_ns: u64,
    /// What the target can tell.
    pub sources: Vec<Source>,
    /// What was found about its set-up.
    pub setup: Setup,
    /// The bounds that it keeps.
    pub limits: Limits,
}

/// A kind of fact that a target can tell: "tasks", "polls", "wakes", "wakers", "locks", "permits", "stacks", or one
/// that this version does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// It was set up so that it should deliver.
    pub active: bool,
    /// Events that arrived from the app.
    pub events: u64,
    /// Events that arrived from the target's own trial at start-up.
    pub trial_events: u64,
}

/// What was found about a target's set-up; the fields are those of the protocol's `Setup`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// Built with `--cfg tokio_unstable`.
    pub tokio_unstable: bool,
    /// The most verbose level that was compiled in.
    pub static_max_level: String,
    /// The instrument is the process's global subscriber.
    pub installed: bool,
    /// Why it is not.
    pub install_error: String,
    /// It was installed from within a runtime.
    pub installed_in_runtime: bool,
    /// Tasks of that runtime that were alive then.
    pub tasks_before: u64,
    /// What the target's time stamps come from.
    pub clock: String,
    /// What did not go as it should, in the target's words.
    pub problems: Vec<String>,
    /// What the executable tells about its own code: "stripped", "symbols", "line-tables" or "full"; empty while nobody has
    /// looked.
    pub debug_info: String,
    /// Why it is not caught where tasks wait, and what to do; empty where it is.
    pub no_stacks: String,
    /// Why threads that compute are not asked where they are; empty where they are.
    pub no_signals: String,
}

/// The bounds that a target keeps; the fields are those of the protocol's `Limits`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Live tasks that can be tracked at once.
    pub max_tasks: u64,
    /// How long ended tasks are listed.
    pub ended_for: Duration,
    /// Memory for ended tasks, in bytes.
    pub ended_bytes: u64,
    /// Where names are cut, in bytes.
    pub max_name_bytes: u32,
    /// Viewers that can watch at once.
    pub max_watchers: u32,
}
