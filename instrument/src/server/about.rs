//! What the server asks the rest of the process: who it is, and the distributions of live tasks.

use taskscope_model::{Sketches, Stamp, TaskId};

/// Answers who this process is.
pub(crate) trait About: Send + Sync {
    /// What a viewer is told when it says hello. Called on the server's thread, for each viewer anew.
    fn hello(&self) -> HelloFacts;
}

/// Answers how the times of live tasks are distributed. Those of ended tasks are in the world.
pub(crate) trait Sketcher: Send + Sync {
    /// The distributions of a task as they are now; `None` where it is no longer tracked. Called on the server's thread.
    fn sketches(&self, task: TaskId) -> Option<Sketches>;
}

/// Who this process is and what it can tell. The server adds the versions and its own limits.
#[derive(Clone, Debug, Default)]
pub(crate) struct HelloFacts {
    /// The process id.
    pub(crate) pid: u32,
    /// Path of the executable; empty where the system would not tell.
    pub(crate) executable: String,
    /// The name that the app gave itself, or the file name of its executable.
    pub(crate) name: String,
    /// When the session began, in nanoseconds since the Unix epoch.
    pub(crate) started_unix_ns: u64,
    /// A random number per session.
    pub(crate) session_id: u64,
    /// The moment of this answer.
    pub(crate) now: Stamp,
    /// What can be told.
    pub(crate) sources: Vec<SourceFacts>,
    /// What was found about the set-up.
    pub(crate) setup: SetupFacts,
    /// Live tasks that can be tracked at once.
    pub(crate) max_tasks: u64,
    /// Names are cut at this many bytes.
    pub(crate) max_name_bytes: u32,
}

/// A kind of fact that can be told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SourceFacts {
    /// "tasks", "polls", "wakes", "wakers", "locks", "permits".
    pub(crate) name: &'static str,
    /// It was set up so that it should deliver.
    pub(crate) active: bool,
    /// Events that arrived from the app.
    pub(crate) events: u64,
    /// Events that arrived from the trial at start-up.
    pub(crate) trial_events: u64,
}

/// What was found about the set-up; the fields are those of the protocol's `Setup`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SetupFacts {
    /// Built with `--cfg tokio_unstable`.
    pub(crate) tokio_unstable: bool,
    /// The most verbose level that was compiled in.
    pub(crate) static_max_level: &'static str,
    /// Installed as the process's global subscriber.
    pub(crate) installed: bool,
    /// Why it is not.
    pub(crate) install_error: String,
    /// Installed from within a runtime.
    pub(crate) installed_in_runtime: bool,
    /// Tasks of that runtime that were alive then.
    pub(crate) tasks_before: u64,
    /// What stamps are made of: "tsc" or "os".
    pub(crate) clock: &'static str,
    /// What did not go as it should, for people. The server adds what it could not do itself.
    pub(crate) problems: Vec<String>,
    /// What the executable tells about its own code; empty if not known yet.
    pub(crate) debug_info: &'static str,
    /// Why where tasks wait is not caught; empty where it is.
    pub(crate) no_stacks: String,
    /// Why threads that compute are not asked where they are; empty where they are.
    pub(crate) no_signals: String,
}
