//! What is known about the process and its set-up, for whoever asks.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use taskscope_model::{Sketches, Stamp, TaskId};
use taskscope_record::clock::Clock;
use taskscope_record::{self as record};
use tokio::runtime::Handle;
use tracing_core::dispatcher;

use crate::harvester::sketches;
use crate::scope::{Installed, Level};
use crate::server::{About, HelloFacts, SetupFacts, Sketcher, SourceFacts};
use crate::stacks::StackFacts;

/// Facts that do not change, and counters that do.
pub(crate) struct Facts {
    clock: &'static Clock,
    level: Level,
    stacks: StackFacts,
    name: String,
    executable: String,
    session_id: u64,
    installed: AtomicBool,
    /// Tasks that lived before, if the instrument was set up from within a runtime.
    runtime_before: Option<u64>,
    seen: Mutex<Seen>,
    problems: Mutex<Vec<String>>,
}

/// Events that arrived: spawns, polls, wakes, clones of wakers, locks and waits, permits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) app: [u64; 6],
    pub(crate) trial: [u64; 6],
}

const SOURCES: [&str; 6] = ["tasks", "polls", "wakes", "wakers", "locks", "permits"];

/// The level that it takes to be told of a source.
fn level_of(source: &str) -> Level {
    match source {
        "locks" => Level::Locks,
        "permits" => Level::Permits,
        _ => Level::Tasks,
    }
}

impl Facts {
    /// Collects the facts; to be called where the instrument is set up, since it looks at the runtime there.
    pub(crate) fn new(
        clock: &'static Clock,
        name: Option<String>,
        level: Level,
        stacks: StackFacts,
    ) -> Self {
        let executable = std::env::current_exe().unwrap_or_default();
        let file_name = || {
            executable
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        Self {
            clock,
            level,
            stacks,
            name: name.unwrap_or_else(file_name),
            executable: executable.to_string_lossy().into_owned(),
            session_id: RandomState::new().build_hasher().finish(),
            installed: AtomicBool::new(false),
            runtime_before: Handle::try_current()
                .ok()
                .map(|handle| handle.metrics().num_alive_tasks() as u64),
            seen: Mutex::default(),
            problems: Mutex::default(),
        }
    }

    /// Whether the process's global subscriber is ours, by looking at it.
    pub(crate) fn look_whether_installed(&self) -> bool {
        // This thread has no subscriber of its own, so what it gets is the global one.
        let installed = dispatcher::get_default(|dispatch| dispatch.is::<Installed>());
        self.installed.store(installed, Relaxed);
        installed
    }

    pub(crate) fn is_installed(&self) -> bool {
        self.installed.load(Relaxed)
    }

    /// What is known of stacks.
    pub(crate) fn stacks(&self) -> &StackFacts {
        &self.stacks
    }

    pub(crate) fn set_seen(&self, seen: Seen) {
        *lock(&self.seen) = seen;
    }

    /// Remembers that something did not go as it should, for those who look at this process.
    pub(crate) fn problem(&self, problem: String) {
        lock(&self.problems).push(problem);
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        lock(&self.problems).clone()
    }

    fn install_error(&self) -> String {
        if self.is_installed() {
            String::new()
        } else if dispatcher::has_been_set() {
            "another subscriber is the process's global one: build it with `.with_taskscope()` outermost, or call \
             `taskscope::init()` before it is set"
                .to_owned()
        } else {
            "no subscriber has been set as the process's global one: call `.init()` on what `.with_taskscope()` gave"
                .to_owned()
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl About for Facts {
    fn hello(&self) -> HelloFacts {
        let seen = *lock(&self.seen);
        // A viewer believes this for as long as it is connected, and the harvester may not have looked yet.
        let installed = self.is_installed() || self.look_whether_installed();
        let compiled_in = cfg!(tokio_unstable)
            && tracing::level_filters::STATIC_MAX_LEVEL >= tracing::Level::TRACE;
        let sources =
            SOURCES
                .iter()
                .zip(seen.app)
                .zip(seen.trial)
                .map(|((name, events), trial_events)| SourceFacts {
                    name,
                    active: installed && compiled_in && self.level >= level_of(name),
                    events,
                    trial_events,
                });
        let (events, trial_events) = self.stacks.events();
        let stacks = SourceFacts {
            name: "stacks",
            active: installed && compiled_in && self.stacks.is_active(),
            events,
            trial_events,
        };
        HelloFacts {
            pid: std::process::id(),
            executable: self.executable.clone(),
            name: self.name.clone(),
            started_unix_ns: self.clock.started_unix_ns(),
            session_id: self.session_id,
            now: Stamp(self.clock.stamp(self.clock.now())),
            sources: sources.chain([stacks]).collect(),
            setup: SetupFacts {
                tokio_unstable: cfg!(tokio_unstable),
                static_max_level: static_max_level(),
                installed,
                install_error: self.install_error(),
                installed_in_runtime: self.runtime_before.is_some(),
                tasks_before: self.runtime_before.unwrap_or(0),
                clock: self.clock.source(),
                problems: self
                    .problems()
                    .into_iter()
                    .chain(self.stacks.loss())
                    .collect(),
                debug_info: self.stacks.debug_info(),
                no_stacks: self.stacks.refused().unwrap_or_default().to_owned(),
                no_signals: self.stacks.signals_refused().unwrap_or_default().to_owned(),
            },
            max_tasks: record::MAX_TASKS as u64,
            max_name_bytes: record::MAX_NAME as u32,
        }
    }
}

impl Sketcher for Facts {
    fn sketches(&self, task: TaskId) -> Option<Sketches> {
        record::counts(task.number()).map(|counts| sketches(&counts, self.clock))
    }
}

fn static_max_level() -> &'static str {
    match tracing::level_filters::STATIC_MAX_LEVEL.into_level() {
        None => "off",
        Some(tracing::Level::ERROR) => "error",
        Some(tracing::Level::WARN) => "warn",
        Some(tracing::Level::INFO) => "info",
        Some(tracing::Level::DEBUG) => "debug",
        Some(tracing::Level::TRACE) => "trace",
    }
}
