//! Counters, and what of them the outside sees.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::intern::STACKS;
use super::template::TEMPLATES;
use crate::stats::{Dropped, Skipped, Stats};

/// All counters. Those of captures are added to by each thread in batches.
pub(crate) struct Counters {
    pub(crate) captures: AtomicU64,
    pub(crate) walks: AtomicU64,
    pub(crate) walkers: AtomicU32,
    pub(crate) copied_bytes: AtomicU64,
    pub(crate) unknown_code: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) reloads: AtomicU32,
    pub(crate) no_poll: AtomicU64,
    pub(crate) other_stack: AtomicU64,
    pub(crate) little_stack: AtomicU64,
    pub(crate) not_started: AtomicU64,
    pub(crate) nested: AtomicU64,
    pub(crate) ending: AtomicU64,
    pub(crate) dropped_stacks: AtomicU64,
    pub(crate) dropped_templates: AtomicU64,
    pub(crate) dropped_reloads: AtomicU64,
}

pub(crate) static COUNTERS: Counters = Counters {
    captures: AtomicU64::new(0),
    walks: AtomicU64::new(0),
    walkers: AtomicU32::new(0),
    copied_bytes: AtomicU64::new(0),
    unknown_code: AtomicU64::new(0),
    lost: AtomicU64::new(0),
    reloads: AtomicU32::new(0),
    no_poll: AtomicU64::new(0),
    other_stack: AtomicU64::new(0),
    little_stack: AtomicU64::new(0),
    not_started: AtomicU64::new(0),
    nested: AtomicU64::new(0),
    ending: AtomicU64::new(0),
    dropped_stacks: AtomicU64::new(0),
    dropped_templates: AtomicU64::new(0),
    dropped_reloads: AtomicU64::new(0),
};

/// Adds one.
#[inline]
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

/// What the outside sees.
pub(crate) fn read() -> Stats {
    let c = &COUNTERS;
    let ((stacks, stack_bytes), (templates, template_bytes)) = (STACKS.size(), TEMPLATES.size());
    Stats {
        captures: c.captures.load(Relaxed),
        walks: c.walks.load(Relaxed),
        stacks,
        templates,
        bytes: stack_bytes + template_bytes,
        walkers: c.walkers.load(Relaxed),
        copied_bytes: c.copied_bytes.load(Relaxed),
        unknown_code: c.unknown_code.load(Relaxed),
        lost: c.lost.load(Relaxed),
        reloads: c.reloads.load(Relaxed),
        skipped: Skipped {
            no_poll: c.no_poll.load(Relaxed),
            other_stack: c.other_stack.load(Relaxed),
            little_stack: c.little_stack.load(Relaxed),
            not_started: c.not_started.load(Relaxed),
            nested: c.nested.load(Relaxed),
            ending: c.ending.load(Relaxed),
        },
        dropped: Dropped {
            stacks: c.dropped_stacks.load(Relaxed),
            templates: c.dropped_templates.load(Relaxed),
            reloads: c.dropped_reloads.load(Relaxed),
        },
    }
}
