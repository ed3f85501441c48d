//! What taskscope may cost, and whether this run kept to it.

use crate::{
    sample::{Memory, Speed},
    stats::Spread,
    variant::Variant,
};

/// Highest ratio of the thread's CPU time to `traced`, on the current-thread runtime. At the level `tasks` locks and channels
/// are not tracked, so they may cost nothing.
const RATIOS: [(Variant, &str, f64); 9] = [
    (Variant::Tasks, "poll", 2.3),
    (Variant::Tasks, "spawn", 1.8),
    (Variant::Tasks, "mutex", 1.05),
    (Variant::Tasks, "mpsc", 1.05),
    (Variant::Locks, "mutex", 2.1),
    (Variant::Taskscope, "poll", 2.3),
    (Variant::Taskscope, "spawn", 1.8),
    (Variant::Taskscope, "mutex", 3.1),
    (Variant::Taskscope, "mpsc", 3.4),
];
/// How many times cheaper than console-subscriber a lock is at least.
const LOCKS_PER_CONSOLE_LOCK: f64 = 10.0;
/// How many times cheaper than console-subscriber a spawn is at least.
const SPAWNS_PER_CONSOLE_SPAWN: f64 = 50.0;
/// Highest number of bytes per idle task on top of `traced`, at [`TASKS`] tasks.
const BYTES: f64 = 512.0;
const TASKS: u64 = 1_000_000;

/// One limit, and what was measured against it.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// What is limited.
    pub(crate) what: String,
    /// Median over the rounds.
    pub(crate) measured: Spread,
    /// The bound.
    pub(crate) limit: Limit,
}

/// A bound on a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// The figure may not be higher.
    AtMost(f64),
    /// The figure may not be lower.
    AtLeast(f64),
}

impl Verdict {
    /// Whether the median keeps to the limit.
    pub(crate) fn holds(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) => self.measured.median <= most,
            Limit::AtLeast(least) => self.measured.median >= least,
        }
    }
}

/// A verdict for each limit that was measured.
pub(crate) fn check(speeds: &[Speed], memories: &[Memory]) -> Vec<Verdict> {
    let thread = |variant, op: &str| {
        speeds
            .iter()
            .filter(|speed| {
                speed.variant == variant && speed.op == op && speed.runtime == "current"
            })
            .map(|speed| (speed.round, speed.thread))
            .collect::<Vec<_>>()
    };
    let mut verdicts = Vec::new();
    for (variant, op, most) in RATIOS {
        let ratio = Spread::by_round(
            &thread(variant, op),
            &thread(Variant::Traced, op),
            |subject, base| subject / base,
        );
        verdicts.extend(ratio.map(|measured| Verdict {
            what: format!("{op} of `{variant}`, times `traced`, current_thread"),
            measured,
            limit: Limit::AtMost(most),
        }));
    }
    for (op, least) in [
        ("spawn", SPAWNS_PER_CONSOLE_SPAWN),
        ("mutex", LOCKS_PER_CONSOLE_LOCK),
    ] {
        let times = Spread::by_round(
            &thread(Variant::Console, op),
            &thread(Variant::Taskscope, op),
            |console, ours| console / ours,
        );
        verdicts.extend(times.map(|measured| Verdict {
            what: format!("{op}s in the time of one of `console`, current_thread"),
            measured,
            limit: Limit::AtLeast(least),
        }));
    }

    let bytes = |variant, watched: bool| {
        memories
            .iter()
            .filter(|memory| {
                memory.variant == variant
                    && memory.tasks == TASKS
                    && memory.watched.is_some() == watched
            })
            .map(|memory| (memory.round, memory.most))
            .collect::<Vec<_>>()
    };
    for (watched, viewer) in [(false, "no viewer"), (true, "with a viewer")] {
        let over = Spread::by_round(
            &bytes(Variant::Taskscope, watched),
            &bytes(Variant::Traced, false),
            |subject, base| subject - base,
        );
        verdicts.extend(over.map(|measured| Verdict {
            what: format!("bytes per idle task above `traced`, at most during the rest, {TASKS} tasks, {viewer}"),
            measured,
            limit: Limit::AtMost(BYTES),
        }));
    }
    verdicts
}
