//! What taskscope may cost, and whether this run kept to it.

use crate::{
    sample::{Memory, Speed},
    stats::Spread,
    variant::Variant,
};

/// Highest ratio of the thread's CPU time to `traced`, on the current-thread runtime. Locks and channels are not tracked yet, so
/// they may cost nothing.
const RATIOS: [(&str, f64); 4] = [
    ("poll", 2.3),
    ("spawn", 1.8),
    ("mutex", 1.05),
    ("mpsc", 1.05),
];
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
    for (op, most) in RATIOS {
        let ratio = Spread::by_round(
            &thread(Variant::Taskscope, op),
            &thread(Variant::Traced, op),
            |subject, base| subject / base,
        );
        verdicts.extend(ratio.map(|measured| Verdict {
            what: format!("{op}, times `traced`, current_thread"),
            measured,
            limit: Limit::AtMost(most),
        }));
    }
    let spawns = Spread::by_round(
        &thread(Variant::Console, "spawn"),
        &thread(Variant::Taskscope, "spawn"),
        |console, ours| console / ours,
    );
    verdicts.extend(spawns.map(|measured| Verdict {
        what: "spawns in the time of one of `console`, current_thread".into(),
        measured,
        limit: Limit::AtLeast(SPAWNS_PER_CONSOLE_SPAWN),
    }));

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
