//! Where tasks wait is caught in the app's threads ([`taskscope_stack`]); here begins the thread that does the rest.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use taskscope_record::{self as record, Role, clock::Clock};
use taskscope_stack::{DebugInfo, Stats, Watch};

use super::accept::Backlogs;
use super::namer::Namer;
use super::watch::PollWatch;
use crate::facts::Facts;
use crate::hub::Hub;

/// Time between two looks for stacks that are new.
const ROUND: Duration = Duration::from_millis(100);

/// What is known of stacks in this process.
#[derive(Debug, Default)]
pub(crate) struct StackFacts {
    /// Why there are none; `None` where they are caught.
    refused: Option<String>,
    /// A stack was caught here, as a proof that it can be done.
    tried: bool,
    asked: AtomicBool,
    wanted: AtomicBool,
    debug_info: OnceLock<DebugInfo>,
    /// Why threads that compute are not asked where they are.
    unasked: OnceLock<String>,
}

impl StackFacts {
    pub(crate) fn is_active(&self) -> bool {
        self.refused.is_none()
    }

    /// Whether the rules want to know functions and lines.
    pub(crate) fn want(&self, lines: bool) {
        self.wanted.store(lines, Relaxed);
    }

    /// Why there are no stacks.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Why threads that compute are not asked where they are.
    pub(crate) fn signals_refused(&self) -> Option<&str> {
        self.unasked.get().map(String::as_str)
    }

    /// What was not kept for want of room, in words.
    pub(crate) fn loss(&self) -> Option<String> {
        loss(&taskscope_stack::stats())
    }

    /// Stacks that were caught in the app, and by the trial.
    pub(crate) fn events(&self) -> (u64, u64) {
        let (stats, tried) = (taskscope_stack::stats(), u64::from(self.tried));
        // Threads count in batches, but each new stack at once.
        let stacks = u64::from(stats.stacks).saturating_sub(tried);
        (stats.captures.max(stacks), tried)
    }

    /// What the executable tells about its own code, as one word; empty until the thread that names stacks has looked,
    /// which this makes it do.
    pub(crate) fn debug_info(&self) -> &'static str {
        self.asked.store(true, Relaxed);
        match self.debug_info.get() {
            None => "",
            Some(DebugInfo::Stripped) => "stripped",
            Some(DebugInfo::Symbols) => "symbols",
            Some(DebugInfo::LineTables) => "line-tables",
            Some(DebugInfo::Full) => "full",
        }
    }
}

fn loss(stats: &Stats) -> Option<String> {
    let times = stats.dropped.stacks;
    let kept = stats.stacks;
    (times > 0).then(|| {
        format!(
            "{times} times it was not kept where a task waits, since there is no room for more than the {kept} different \
             stacks that are known: such places are shown as not known"
        )
    })
}

/// Where this thread's stack stands.
#[inline(always)]
pub(crate) fn here() -> usize {
    taskscope_stack::stack_pointer()
}

/// Has stacks caught from now on. Gives what is known of them.
pub(crate) fn catch(wanted: bool) -> StackFacts {
    let refused = |why: String| StackFacts {
        refused: Some(why),
        ..StackFacts::default()
    };
    if !wanted {
        return refused(
            "stacks are switched off by `TASKSCOPE_STACKS` or `Builder::stacks`".to_owned(),
        );
    }
    match taskscope_stack::start() {
        Ok(()) => {
            record::set_capture(taskscope_stack::capture);
            StackFacts {
                tried: taskscope_stack::capture(here()) != 0,
                ..StackFacts::default()
            }
        }
        Err(error) => refused(error.to_string()),
    }
}

/// Starts the thread that names them, and looks at long polls and at connections that wait. It ends with the process.
///
/// # Errors
///
/// The system has no thread to give.
pub(crate) fn start(
    clock: &'static Clock,
    hub: Arc<Hub>,
    facts: Arc<Facts>,
    signals: bool,
) -> std::io::Result<()> {
    thread::Builder::new()
        .name("taskscope-stack".to_owned())
        .spawn(move || {
            record::set_role(Role::Ours);
            let signals = if signals {
                Watch::with_signals().map_err(|error| error.to_string())
            } else {
                Err("it is switched off by `TASKSCOPE_SIGNALS` or `Builder::signals`".to_owned())
            };
            let watch = signals.unwrap_or_else(|why| {
                let _ = facts.stacks().unasked.set(why);
                Watch::new()
            });
            let mut watch = PollWatch::new(clock, watch);
            let mut namer = Namer::new(Arc::clone(&hub));
            let mut backlogs = Backlogs::new(clock);
            let rounds = || loop {
                round(&hub, facts.stacks(), &mut namer, &mut watch);
                let waiting = backlogs.round();
                if !waiting.is_empty() {
                    hub.apply(waiting);
                }
                // Nobody waits for this thread, so it has nothing to be woken for.
                thread::sleep(ROUND);
            };
            // The app goes on whatever happens here, and viewers are told.
            if catch_unwind(AssertUnwindSafe(rounds)).is_err() {
                facts.problem(
                    "the thread that names stacks has died, so new ones have no lines, and long polls none: this is a bug \
                     of taskscope"
                        .to_owned(),
                );
            }
        })
        .map(drop)
}

fn round(hub: &Hub, facts: &StackFacts, namer: &mut Namer, watch: &mut PollWatch) {
    taskscope_stack::reload_if_needed();
    let seen = watch.round(&mut namer.symbolizer);
    if !seen.is_empty() {
        hub.apply(seen);
        namer.busy();
    }
    if facts.asked.load(Relaxed) && facts.debug_info.get().is_none() {
        let _ = facts.debug_info.set(namer.symbolizer.debug_info());
        namer.busy();
    }
    namer.round(facts.wanted.load(Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_kept_is_told() {
        let mut stats = Stats::default();
        assert_eq!(loss(&stats), None);
        (stats.stacks, stats.dropped.stacks) = (16_384, 7);
        let told = loss(&stats).unwrap();
        assert!(
            told.starts_with("7 times") && told.contains("16384 different stacks"),
            "{told}"
        );
    }
}
