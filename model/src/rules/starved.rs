//! Tasks that are ready to run wait for a worker, because other tasks keep all of them busy.
//!
//! No single poll is long, but there is more work than workers: each task that is woken joins a queue that takes
//! seconds. Timers fire late, health checks fail, and the tasks that wait look as if they were idle.
//!
//! How it knows: tokio tells when a task is woken and when it is polled. In two looks tasks of a runtime had been woken
//! for more than 1 s without being polled, while tasks of the same runtime were in polls. The finding names those that
//! wait and the places whose tasks used up the time between the looks. Where one poll that does not return is the
//! cause, that is the long-poll rule's finding, with the tasks that wait as its evidence.
//!
//! What to do: move computations to `spawn_blocking` or a pool like rayon's, with a limit on how many there are at a
//! time; give what has to be quick (health checks) a runtime of its own; give the runtime more workers if there are
//! processors.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::long_poll;
use super::look::Look;
use super::problem::{Key, Problem};
use super::survey::{ids, kind, runtime};
use super::words::{list, time};
use crate::{Kind, Nanos, Role, RuntimeId, SiteId, State, Subject, Task, TaskId, Tier};

/// Tasks whose times are remembered from one look to the next, where somebody waits for a worker.
const MOST: usize = 1 << 14;
/// Workers that were busy for this share of the time between two looks are busy all the time.
const SATURATED: f64 = 0.8;
/// The tasks of a place that took this share of the time that was spent in polls are named.
const MATTERS: f64 = 0.1;

const ADVICE: &str = "move computations to spawn_blocking or a thread pool, with a limit on how many run at a time, or \
                      give what has to be quick a runtime of its own";

/// What is remembered of the last look.
#[derive(Debug, Default)]
pub(super) struct Memory {
    running: HashMap<Option<RuntimeId>, usize, FixedState>,
    worker_busy: Nanos,
    busy: HashMap<TaskId, Nanos, FixedState>,
}

/// How busy the workers are.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// The smaller number of tasks in polls, of this look and the one before; `None` at the first look.
    running: Option<HashMap<Option<RuntimeId>, usize, FixedState>>,
    workers: usize,
    /// The share of the time since the last look that all workers spent in polls.
    pub(super) share: Option<f64>,
    blocked: bool,
}

impl Load {
    pub(super) fn of(look: &Look<'_>, memory: &mut Memory) -> Self {
        let mut running: HashMap<_, usize, FixedState> = HashMap::default();
        for task in &look.survey.running {
            *running.entry(task.vitals.runtime).or_default() += 1;
        }
        let before = std::mem::replace(&mut memory.running, running.clone());
        let totals = look.world.totals();
        let busy = totals.worker_busy - memory.worker_busy;
        memory.worker_busy = totals.worker_busy;
        for (runtime, count) in &mut running {
            *count = (*count).min(before.get(runtime).copied().unwrap_or(0));
        }
        running.retain(|_, count| *count > 0);
        let workers = totals.workers as usize;
        Self {
            running: look.elapsed.map(|_| running),
            workers: workers.max(1),
            share: look
                .elapsed
                .filter(|elapsed| workers > 0 && elapsed.0 > 0)
                .map(|elapsed| busy.0 as f64 / (elapsed.0 as f64 * workers as f64)),
            blocked: false,
        }
    }

    /// Says whether a long poll keeps a runtime from its tasks.
    pub(super) fn blocked(mut self, blocked: bool) -> Self {
        self.blocked |= blocked;
        self
    }

    fn is_saturated(&self) -> bool {
        self.share.is_some_and(|share| share >= SATURATED)
    }

    /// How many tasks of this runtime (of any, where it is not known) were in polls at both looks.
    fn polls(&self, runtime: Option<RuntimeId>) -> usize {
        let Some(running) = &self.running else {
            return 0;
        };
        let same = |of: &Option<RuntimeId>| of.is_none() || runtime.is_none() || *of == runtime;
        running
            .iter()
            .filter(|(of, _)| same(of))
            .map(|(_, count)| count)
            .sum()
    }

    /// Whether tasks of this runtime are in polls all the time.
    pub(super) fn is_busy(&self, runtime: Option<RuntimeId>) -> bool {
        self.is_saturated() || self.polls(runtime) > 0
    }

    /// Whether no worker is left for a task of this runtime. What is not known yet counts as yes.
    pub(super) fn is_full(&self, runtime: Option<RuntimeId>) -> bool {
        self.running.is_none()
            || self.blocked
            || self.is_saturated()
            || self.polls(runtime) >= self.workers
    }
}

/// Each runtime with tasks that wait too long for a worker.
pub(super) fn check(
    look: &Look<'_>,
    load: &Load,
    long_polls: &long_poll::Memory,
    memory: &mut Memory,
) -> Vec<Problem> {
    let mut late: HashMap<Option<RuntimeId>, Vec<&Task>, FixedState> = HashMap::default();
    for task in &look.survey.scheduled {
        let runtime = runtime(look.world, task);
        let waits = task.in_state(look.now) >= look.thresholds.starved
            && kind(look.world, task) != Kind::BlockOn;
        let kept = match task.vitals.polls {
            // A task that no runtime has ever touched waits for one, not for a worker.
            0 => load.is_full(runtime),
            _ => load.is_busy(runtime),
        };
        if waits && kept && !long_polls.has_blocked(runtime, look.now) {
            late.entry(runtime).or_default().push(task);
        }
    }
    // Who was never polled has no runtime yet; if others of one runtime wait too, it is most likely the same.
    if late.len() == 2
        && let Some(unknown) = late.remove(&None)
    {
        late.values_mut().for_each(|late| late.extend(&unknown));
    }
    let spent = spent(look, !late.is_empty(), memory);
    let mut problems: Vec<_> = late
        .into_iter()
        .map(|(runtime, late)| problem(look, load, runtime, late, &spent))
        .collect();
    problems.sort_by_key(|problem| problem.since);
    problems
}

/// What the tasks of one site did since the last look.
#[derive(Default)]
struct Spent<'w> {
    /// Their time in polls.
    sum: Nanos,
    /// How many they are.
    count: usize,
    /// The busiest of those that left a waker in their last poll: what they compute stands before that await.
    one: Option<&'w Task>,
}

impl<'w> Spent<'w> {
    fn add(&mut self, task: &'w Task, busy: Nanos) {
        self.sum += busy;
        self.count += 1;
        let rank = |task: &Task| (task.vitals.busy, task.id);
        let waker = task.vitals.leaves.newest();
        if waker.is_some_and(|(_, polls_ago)| polls_ago == 0)
            && self.one.is_none_or(|one| rank(one) < rank(task))
        {
            self.one = Some(task);
        }
    }
}

/// What the tasks of each site have spent in polls since the last look, the most first. Measured only while somebody waits,
/// and for as many tasks as are remembered.
fn spent<'w>(
    look: &Look<'w>,
    somebody_waits: bool,
    memory: &mut Memory,
) -> Vec<(SiteId, Spent<'w>)> {
    let before = std::mem::take(&mut memory.busy);
    if !somebody_waits {
        return Vec::new();
    }
    let mut spent: HashMap<SiteId, Spent<'w>, FixedState> = HashMap::default();
    for task in look.world.tasks() {
        let busy = task.busy(look.now);
        // In a poll that goes on it spends time without a change.
        let rests = task.changed() <= look.seen && task.vitals.state != State::Running;
        if rests || kind(look.world, task) == Kind::Blocking {
            continue;
        }
        if memory.busy.len() < MOST {
            memory.busy.insert(task.id, busy);
        }
        // Who was born since has spent all of its time since.
        let born = look.elapsed.is_some_and(|elapsed| {
            !before.is_empty() && task.birth.created.until(look.now) <= elapsed
        });
        let before = before.get(&task.id).copied();
        let new = before
            .or(born.then_some(Nanos::ZERO))
            .map(|before| busy - before);
        if let Some(new) = new.filter(|new| *new > Nanos::ZERO) {
            spent.entry(task.birth.site).or_default().add(task, new);
        }
    }
    let mut spent: Vec<_> = spent.into_iter().collect();
    spent.sort_by_key(|(id, spent)| (std::cmp::Reverse(spent.sum), *id));
    spent.truncate(4);
    spent
}

fn problem(
    look: &Look<'_>,
    load: &Load,
    runtime: Option<RuntimeId>,
    mut late: Vec<&Task>,
    spent: &[(SiteId, Spent<'_>)],
) -> Problem {
    late.sort_by_key(|task| (task.vitals.since, task.id));
    let count = late.len();
    let since = late
        .first()
        .map(|task| task.vitals.since)
        .unwrap_or_default();
    let longest = time(since.until(look.now));
    let first = ids(late.iter().take(4));
    let mut evidence = vec![format!("longest: {}", look.words.tasks(&first, count))];
    let elapsed = time(look.elapsed.unwrap_or_default());
    let all = load.share.map(|share| share * load.workers as f64);
    if let Some(share) = load.share {
        evidence.push(format!(
            "workers spent {:.0} % of the last {elapsed} in polls",
            share * 100.0
        ));
    }
    // Who took but little of that time does not keep the workers busy; then it went to tasks that are no longer listed.
    let matters = |(_, Spent { sum, .. }): &&(SiteId, Spent<'_>)| {
        let elapsed = look.elapsed.unwrap_or_default().0 as f64;
        all.is_none_or(|all| sum.0 as f64 >= MATTERS * all * elapsed)
    };
    let spent: Vec<_> = spent.iter().filter(matters).collect();
    for (site, Spent { sum, count, one }) in spent.iter().copied() {
        evidence.push(format!(
            "{} took {} in polls in the last {elapsed}",
            look.words.tasks_of(*site, *count),
            time(*sum)
        ));
        let awaits = one.and_then(|task| look.words.last_waker(task));
        evidence.extend(awaits.map(|awaits| format!("one of them: {awaits}")));
    }
    let busiest: Vec<_> = spent
        .iter()
        .take(2)
        .map(|(site, ..)| look.words.site(*site))
        .collect();
    let by = match busiest.len() {
        0 => String::new(),
        count => format!(
            "; the tasks of {} keep the workers busy",
            list(busiest, count)
        ),
    };
    let mut subjects: Vec<_> = runtime
        .map(|id| Subject::Runtime(id).into())
        .into_iter()
        .collect();
    subjects.extend(
        first
            .into_iter()
            .map(|id| Role::Waiter.of(Subject::Task(id))),
    );
    subjects.extend(
        spent
            .iter()
            .map(|(site, ..)| Role::Blocker.of(Subject::Site(*site))),
    );
    Problem {
        rule: "starved",
        tier: Tier::Persistent,
        key: Key::Runtime(runtime),
        subjects,
        since,
        past: false,
        looks: 2,
        size: count as u64,
        summary: format!(
            "{} for a worker, up to {longest}{by}",
            match count {
                1 => "1 task that is ready waits".to_owned(),
                _ => format!("{count} tasks that are ready wait"),
            }
        ),
        evidence,
        advice: ADVICE,
    }
}

#[cfg(test)]
mod tests;
