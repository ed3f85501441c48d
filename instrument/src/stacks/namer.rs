//! Gives stacks functions and lines: those of waits while somebody looks, or where something is wrong.

use std::collections::HashSet;
use std::sync::Arc;

use taskscope_model::{Change, Code, Frame, Nanos, Place, Stack, StackId, Wait, World};
use taskscope_stack::{Origin, Step, Symbolizer};

use crate::hub::Hub;

/// Rounds without anything to do after which the debug information is let go of.
const IDLE_ROUNDS: u32 = 300;
/// A wait for a resource that is long: less than what any rule takes for one.
const LONG_WAIT: Nanos = Nanos(500_000_000);
/// Waits that are looked at for that.
const MOST_WAITS: usize = 64;
/// Frames of a stack that are told; the outer ones of deeper stacks are left out.
const MAX_FRAMES: usize = 64;
/// Stacks that are named under one hold of the hub's lock.
const SLICE: usize = 64;

/// See the [module](self).
pub(super) struct Namer {
    hub: Arc<Hub>,
    pub(super) symbolizer: Symbolizer,
    named: HashSet<u32>,
    idle: u32,
}

impl Namer {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            symbolizer: Symbolizer::new(),
            named: HashSet::new(),
            idle: 0,
        }
    }

    /// Names what is new, if it is `wanted` or somebody else has use for it.
    pub(super) fn round(&mut self, wanted: bool) {
        if (wanted || self.are_wanted()) && self.name_new() {
            self.busy();
        }
        self.idle = self.idle.saturating_add(1);
        if self.idle == IDLE_ROUNDS {
            self.symbolizer.forget();
        }
    }

    /// The debug information was used.
    pub(super) fn busy(&mut self) {
        self.idle = 0;
    }

    /// Viewers show them, and so do findings. Where something waits for long there may soon be one.
    fn are_wanted(&self) -> bool {
        let waits_long = |world: &World, wait: &Wait| wait.since.until(world.now()) > LONG_WAIT;
        self.hub.is_watched()
            || self.hub.look(|world| {
                let mut waits = world.waits().iter().take(MOST_WAITS);
                world.findings().iter().next().is_some()
                    || waits.any(|wait| waits_long(world, wait))
            })
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
            let stack = told(self.symbolizer.frames(number));
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

/// What of these frames is told.
pub(super) fn told(frames: Vec<taskscope_stack::Frame>) -> Stack {
    let trimmed = taskscope_stack::trim(frames);
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
