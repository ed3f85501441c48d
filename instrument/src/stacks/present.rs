//! Await stacks: where tasks wait is caught in the app's threads ([`taskscope_stack`]); here a thread gives the stacks names
//! while somebody looks, or where something is wrong.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use taskscope_model::{Change, Code, Frame, Place, Stack, StackId};
use taskscope_record::{self as record, Role};
use taskscope_stack::{DebugInfo, Origin, Step, Symbolizer};

use crate::facts::Facts;
use crate::hub::Hub;

/// Time between two looks for stacks that are new.
const ROUND: Duration = Duration::from_millis(100);
/// Rounds without anything to do after which the debug information is let go of.
const IDLE_ROUNDS: u32 = 300;
/// Frames of a stack that are told; the outer ones of deeper stacks are left out.
const MAX_FRAMES: usize = 64;
/// Stacks that are named under one hold of the hub's lock.
const SLICE: usize = 64;

/// What is known of stacks in this process.
#[derive(Debug, Default)]
pub(crate) struct StackFacts {
    /// Why there are none; `None` where they are caught.
    refused: Option<String>,
    /// A stack was caught here, as a proof that it can be done.
    tried: bool,
    asked: AtomicBool,
    debug_info: OnceLock<DebugInfo>,
}

impl StackFacts {
    pub(crate) fn is_active(&self) -> bool {
        self.refused.is_none()
    }

    /// Why there are no stacks.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Stacks that were caught in the app, and by the trial.
    pub(crate) fn events(&self) -> (u64, u64) {
        (taskscope_stack::stats().captures, self.tried.into())
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

/// Starts the thread that names them. It ends with the process.
///
/// # Errors
///
/// The system has no thread to give.
pub(crate) fn start(hub: Arc<Hub>, facts: Arc<Facts>) -> std::io::Result<()> {
    thread::Builder::new()
        .name("taskscope-stack".to_owned())
        .spawn(move || {
            record::set_role(Role::Ours);
            let mut namer = Namer {
                hub,
                symbolizer: Symbolizer::new(),
                named: HashSet::new(),
                idle: 0,
            };
            let rounds = || loop {
                namer.round(facts.stacks());
                // Nobody waits for this thread, so it has nothing to be woken for.
                thread::sleep(ROUND);
            };
            // The app goes on whatever happens here, and viewers are told.
            if catch_unwind(AssertUnwindSafe(rounds)).is_err() {
                facts.problem(
                    "the thread that names stacks has died, so new ones have no lines: this is a bug of taskscope".to_owned(),
                );
            }
        })
        .map(drop)
}

struct Namer {
    hub: Arc<Hub>,
    symbolizer: Symbolizer,
    named: HashSet<u32>,
    idle: u32,
}

impl Namer {
    fn round(&mut self, facts: &StackFacts) {
        taskscope_stack::reload_if_needed();
        if facts.asked.load(Relaxed) && facts.debug_info.get().is_none() {
            let _ = facts.debug_info.set(self.symbolizer.debug_info());
            self.idle = 0;
        }
        if self.are_wanted() && self.name_new() {
            self.idle = 0;
        }
        self.idle = self.idle.saturating_add(1);
        if self.idle == IDLE_ROUNDS {
            self.symbolizer.forget();
        }
    }

    /// Viewers show them, and so do findings.
    fn are_wanted(&self) -> bool {
        self.hub.is_watched()
            || self
                .hub
                .look(|world| world.findings().iter().next().is_some())
    }

    /// Whether there were any.
    fn name_new(&mut self) -> bool {
        let mut changes = Vec::new();
        for number in 1..=taskscope_stack::MAX_ID {
            if self.named.contains(&number) || taskscope_stack::program_counters(number).is_none() {
                continue;
            }
            let Some(id) = StackId::new(number) else {
                continue;
            };
            let stack = stack(&mut self.symbolizer, number);
            self.named.insert(number);
            changes.push(Change::Stack(id, Arc::new(stack)));
            if changes.len() == SLICE {
                self.hub.apply(changes.drain(..));
            }
        }
        let any = !changes.is_empty();
        self.hub.apply(changes);
        any
    }
}

fn stack(symbolizer: &mut Symbolizer, number: u32) -> Stack {
    let trimmed = taskscope_stack::trim(symbolizer.frames(number));
    let steps = taskscope_stack::shown(&trimmed.frames);
    Stack {
        whole: trimmed.whole && steps.len() <= MAX_FRAMES,
        frames: steps.into_iter().take(MAX_FRAMES).map(frame).collect(),
    }
}

fn frame(step: Step) -> Frame {
    Frame {
        function: step.name.into(),
        place: Place {
            file: step.file.unwrap_or_default().into(),
            line: step.line.unwrap_or(0),
            column: step.column.unwrap_or(0),
        },
        code: match step.origin {
            Origin::User => Code::App,
            Origin::Dependency => Code::Dependency,
            Origin::Tokio | Origin::Glue => Code::Runtime,
            Origin::Std => Code::Std,
        },
    }
}
