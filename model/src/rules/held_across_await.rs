//! A task keeps a guard or permit while it waits for something else, and others wait for it.
//!
//! The lock is not needed for what the task awaits (the network, a timer, a channel), but it is kept meanwhile; so all
//! who want it wait as long as the network takes. Nothing is dead, everything is slow, and the tasks that suffer are
//! not the one that errs.
//!
//! How it knows: in two looks a task was idle that had held a guard for more than 1 s, with at least one await in
//! between, and somebody had waited for it for more than 1 s, without a timeout. The holder does not itself wait for a
//! lock: then the one at the end of that line is named. Permits of a semaphore are made to be kept for the length of
//! some work, so there all holders have to have kept theirs for more than 1.5 s.
//!
//! What to do: take out of the guard what is needed, drop it, and only then await; or give the data to a task of its
//! own and send it messages; for permits, give the connection back before the rows are worked on. If it has to be this
//! way (one question at a time on one connection), use a timeout where it is waited for, and this rule looks away.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::{counted, time};
use crate::{
    Hold, Holder, Mode, Nanos, Resource, ResourceId, ResourceKind, Role, Stamp, State, Subject,
    Sureness, TaskId, Tier,
};

const LOCK: &str = "take what is needed out of the guard and drop it before the await, or give the data to a task of its \
                    own that is asked by messages";
const PERMIT: &str = "give the permit (or connection) back before work that does not need it, and take one again afterwards";

/// Waits for one resource that have no timeout.
#[derive(Clone, Copy, Debug)]
struct Line {
    since: Stamp,
    waiting: usize,
}

/// Each place of whose locks one is kept by an idle task while others wait.
pub(super) fn check(look: &Look<'_>) -> Vec<Problem> {
    let mut lines: HashMap<ResourceId, Line, FixedState> = HashMap::default();
    for wait in look.world.waits().iter() {
        if wait.granted.is_none() && !wait.timed {
            let line = lines.entry(wait.resource).or_insert(Line {
                since: wait.since,
                waiting: 0,
            });
            line.since = line.since.min(wait.since);
            line.waiting += 1;
        }
    }
    let mut worst: HashMap<Key, (Line, &Resource, Vec<&Hold>, usize), FixedState> =
        HashMap::default();
    for (id, line) in lines {
        let Some(resource) = look.world.resource(id) else {
            continue;
        };
        let holders = culprits(look, resource, line);
        if holders.is_empty() {
            continue;
        }
        let case = worst
            .entry(Key::of(resource))
            .or_insert_with(|| (line, resource, Vec::new(), 0));
        case.3 += 1;
        if case.2.is_empty() || (line.since, id) < (case.0.since, case.1.id) {
            (case.0, case.1, case.2) = (line, resource, holders);
        }
    }
    let mut problems: Vec<_> = worst
        .into_iter()
        .map(|(key, (line, resource, holders, count))| {
            problem(look, key, line, resource, &holders, count)
        })
        .collect();
    problems.sort_by_key(|problem| (problem.since, problem.subjects.first().copied()));
    problems
}

/// Those holders that keep it without need; none where it is no case.
fn culprits<'w>(look: &Look<'_>, resource: &'w Resource, line: Line) -> Vec<&'w Hold> {
    let usage = &resource.usage;
    let is_permits = resource.origin.kind == ResourceKind::Semaphore;
    let least = match resource.origin.kind {
        ResourceKind::Mutex | ResourceKind::RwLock => look.thresholds.held,
        // Who has a permit that moved can't be told.
        ResourceKind::Semaphore if usage.sureness != Sureness::Moved => {
            look.thresholds.held_permits
        }
        _ => return Vec::new(),
    };
    let long = |since: Stamp| since.until(look.now) >= least;
    if !long(line.since) || (is_permits && !usage.holds.iter().all(|hold| long(hold.since))) {
        return Vec::new();
    }
    let holds = usage.holds.iter().filter(|hold| long(hold.since));
    holds
        .filter(|hold| is_culprit(look, hold, is_permits))
        .collect()
}

fn is_culprit(look: &Look<'_>, hold: &Hold, is_permits: bool) -> bool {
    let Holder::Task(id) = hold.holder else {
        return false;
    };
    match look.world.task(id) {
        // The guard has outlived its task: it was moved or forgotten.
        None => !is_permits,
        Some(task) if task.vitals.state.has_ended() => !is_permits,
        Some(task) => {
            task.vitals.state == State::Idle
                && hold.awaits > 0
                && !look.graph.is_stuck(id)
                && !waits_for_a_lock(look, id)
        }
    }
}

/// Whether the task waits for something that others hold, or has been granted what it does not poll: then others are to
/// blame, or another rule knows better.
fn waits_for_a_lock(look: &Look<'_>, id: TaskId) -> bool {
    look.world.waits_of(id).any(|wait| {
        let resource = look.world.resource(wait.resource);
        resource.is_some_and(|resource| resource.origin.kind.is_held())
    })
}

fn problem(
    look: &Look<'_>,
    key: Key,
    line: Line,
    resource: &Resource,
    holders: &[&Hold],
    count: usize,
) -> Problem {
    let what = look.words.resource(resource.id);
    let tasks: Vec<TaskId> = holders
        .iter()
        .filter_map(|hold| match hold.holder {
            Holder::Task(task) => Some(task),
            Holder::NoTask => None,
        })
        .collect();
    let names = look.words.tasks(&tasks, tasks.len());
    let since = holders
        .iter()
        .map(|hold| hold.since)
        .min()
        .unwrap_or_default();
    let part = match resource.origin.kind {
        ResourceKind::Semaphore if tasks.len() == 1 => "a permit of ",
        ResourceKind::Semaphore => "permits of ",
        _ => "",
    };
    let verb = if tasks.len() == 1 { "keeps" } else { "keep" };
    let mut subjects = vec![Subject::Resource(resource.id).into()];
    subjects.extend(
        tasks
            .iter()
            .take(8)
            .map(|task| Role::Holder.of(Subject::Task(*task))),
    );
    let waiting = look.world.queue(resource.id).filter_map(|wait| wait.task);
    subjects.extend(
        waiting
            .take(4)
            .map(|task| Role::Waiter.of(Subject::Task(task))),
    );
    let is_permits = resource.origin.kind == ResourceKind::Semaphore;
    Problem {
        rule: "held-across-await",
        tier: Tier::Persistent,
        key,
        subjects,
        since: since.max(line.since),
        past: false,
        looks: 2,
        size: line.waiting as u64,
        summary: format!(
            "{names} {verb} {part}{what} while idle, and {} for it",
            match line.waiting {
                1 => "1 other waits".to_owned(),
                count => format!("{count} others wait"),
            }
        ),
        evidence: evidence(look, line, holders, count),
        advice: if is_permits { PERMIT } else { LOCK },
    }
}

fn evidence(look: &Look<'_>, line: Line, holders: &[&Hold], count: usize) -> Vec<String> {
    let mut lines: Vec<String> = holders
        .iter()
        .filter_map(|hold| {
            let Holder::Task(id) = hold.holder else {
                return None;
            };
            let name = look.words.task(id);
            let how = if hold.mode == Mode::Shared {
                " to read"
            } else {
                ""
            };
            let held = time(hold.since.until(look.now));
            let task = look.world.task(id).filter(|task| task.end().is_none());
            Some(match task {
                Some(task) => {
                    let idle = time(task.in_state(look.now));
                    format!(
                        "{name} has held it{how} for {held}{} and been idle for the last {idle}{}",
                        look.words.at(", taken", hold.stack),
                        look.words.stands(", waiting", task)
                    )
                }
                None => format!(
                    "{name} took it{how} {held} ago and has ended: its guard was moved or forgotten"
                ),
            })
        })
        .collect();
    let longest: Nanos = line.since.until(look.now);
    lines.push(format!(
        "the longest wait for it is {} so far",
        time(longest)
    ));
    if count > 1 {
        lines.push(format!(
            "the same is so for {} made at this place",
            counted(count - 1, "more lock")
        ));
    }
    lines
}

#[cfg(test)]
mod tests;
