//! A poll does not return, or took very long: it keeps a worker from all other tasks.
//!
//! A worker runs one task at a time, and can't take it away: a task has to return, at an await, for others to have
//! their turn. Blocking calls (`std::thread::sleep`, a client library that blocks, a lock of `std` that another thread
//! has) and long computations do not. On a runtime with one thread everything stands still meanwhile, timers and health
//! checks included; on one with many, the tasks in that worker's queue wait, and soon the others too.
//!
//! How it knows: tokio tells when a poll begins and ends. A poll that was under way in two looks and has taken more
//! than 750 ms is told while it lasts, with the tasks that wait for a worker because of it. Polls that were over before
//! anybody looked are told from the times of the task's polls, and cleared at once. Work of `spawn_blocking` has a
//! thread of its own and does not count; the future of a `block_on` only where tasks of its runtime wait because of it.
//!
//! What to do: use the async version of the call; move the work to `spawn_blocking` (or a pool like rayon's); yield
//! between pieces of a computation.
//!
//! `block_in_place` hands the worker's other tasks over to another thread first, and is no fault. Where stacks are caught
//! it is told apart; elsewhere it looks the same from outside.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::std_lock_in_task;
use super::survey::{kind, runtime};
use super::words::{counted, time};
use crate::{Concern, Kind, Nanos, Role, RuntimeId, SiteId, Stamp, Subject, Task, TaskId, Tier};

/// For this long after a long poll its runtime is not called starved: those who waited are the same problem.
const AFTERMATH: Nanos = Nanos(5_000_000_000);
/// Polls under way that are remembered from one look to the next: more than any process has threads.
const MOST: usize = 4096;

/// Who looks at polls may be this late: where it reads debug information for the first time.
const UNSEEN: Nanos = Nanos(1_250_000_000);
/// Stacks of past long polls of a place that are told.
const STACKS: usize = 4;

const ADVICE: &str = "use an async version of the call, move the work to spawn_blocking, or yield between pieces of it";

/// What is remembered of the last look.
#[derive(Debug, Default)]
pub(super) struct Memory {
    polls: HashMap<TaskId, Stamp, FixedState>,
    last: HashMap<Option<RuntimeId>, Stamp, FixedState>,
}

impl Memory {
    /// Whether a long poll occupies this runtime, or did so a moment ago. Of an unknown runtime: any.
    pub(super) fn has_blocked(&self, runtime: Option<RuntimeId>, now: Stamp) -> bool {
        let recent = |at: &Stamp| at.until(now) < AFTERMATH;
        self.last
            .iter()
            .any(|(of, at)| recent(at) && (of.is_none() || runtime.is_none() || *of == runtime))
    }
}

/// Each spawn site with a poll that takes, or took, too long.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    let running = &look.survey.running;
    // Those that wait for a lock are told by another rule.
    let mut longest: HashMap<(bool, SiteId), (&Task, usize), FixedState> = HashMap::default();
    for task in running {
        let known = memory.polls.get(&task.id) == Some(&task.vitals.since);
        if !known || !is_long(look, task) || !matters(look, task) {
            continue;
        }
        memory.last.insert(runtime(look.world, task), look.now);
        let key = (std_lock_in_task::is_it(look, task), task.birth.site);
        let (longest, count) = longest.entry(key).or_insert((task, 0));
        *count += 1;
        if (task.vitals.since, task.id) < (longest.vitals.since, longest.id) {
            *longest = task;
        }
    }
    memory.polls.clear();
    memory.polls.extend(
        running
            .iter()
            .take(MOST)
            .map(|task| (task.id, task.vitals.since)),
    );
    memory.last.retain(|_, at| at.until(look.now) < AFTERMATH);
    let mut problems: Vec<_> = longest
        .iter()
        .map(|((is_lock, site), (task, count))| match is_lock {
            true => std_lock_in_task::problem(look, *site, task, *count),
            false => under_way(look, *site, task, *count),
        })
        .collect();
    let mut past: HashMap<SiteId, (Nanos, &Task, Vec<&Task>), FixedState> = HashMap::default();
    for task in &look.survey.slow {
        let site = task.birth.site;
        let is_under_way = |is_lock| longest.contains_key(&(is_lock, site));
        let is_told = is_under_way(true) || is_under_way(false);
        let in_place = look.world.long_poll(task.id);
        let in_place = in_place.is_some_and(|poll| poll.doing.in_place);
        if kind(look.world, task) == Kind::BlockOn || is_told || in_place {
            continue;
        }
        let length = length(task);
        let (longest, worst, all) = past.entry(site).or_insert((length, task, Vec::new()));
        if (length, task.id) > (*longest, worst.id) {
            (*longest, *worst) = (length, task);
        }
        all.push(task);
    }
    problems.extend(
        past.into_iter()
            .map(|(site, (length, task, all))| over(look, site, task, length, &all)),
    );
    problems.sort_by_key(|problem| (problem.past, problem.since));
    problems
}

/// Whether the poll that is under way is long, and not where that is no fault.
fn is_long(look: &Look<'_>, task: &Task) -> bool {
    let length = task.in_state(look.now);
    let patience = match look.world.present_poll(task) {
        Some(poll) if poll.doing.in_place => return false,
        None if look.polls_are_seen => UNSEEN,
        _ => Nanos::ZERO,
    };
    length >= look.thresholds.long_poll + patience
}

/// The future of a `block_on` has a thread of its own, unless its runtime has no other: then nothing else runs there, and
/// tasks that are ready wait.
fn matters(look: &Look<'_>, task: &Task) -> bool {
    if kind(look.world, task) != Kind::BlockOn {
        return true;
    }
    let of = task.vitals.runtime;
    let mut others = look
        .survey
        .running
        .iter()
        .filter(|other| other.id != task.id);
    let mut waiting = look.survey.scheduled.iter();
    waiting.any(|late| {
        late.in_state(look.now).0 >= look.thresholds.long_poll.0 / 2
            && runtime(look.world, late) == of
    }) && !others.any(|other| other.vitals.runtime == of)
}

/// The tasks that wait for a worker of the same runtime, and the longest of their waits.
fn late(look: &Look<'_>, task: &Task) -> (usize, Nanos) {
    let of = runtime(look.world, task);
    let same = look.survey.scheduled.iter().filter(|late| {
        let runtime = runtime(look.world, late);
        runtime.is_none() || of.is_none() || runtime == of
    });
    same.fold((0, Nanos::ZERO), |(count, longest), late| {
        (count + 1, longest.max(late.in_state(look.now)))
    })
}

/// Who waits meanwhile.
pub(super) fn who_is_late(look: &Look<'_>, task: &Task) -> Option<String> {
    let (late @ 1.., longest) = late(look, task) else {
        return None;
    };
    let verb = if late == 1 { "waits" } else { "wait" };
    Some(format!(
        "{} {verb} for a worker of that runtime meanwhile, up to {} so far",
        counted(late, "task"),
        time(longest)
    ))
}

fn under_way(look: &Look<'_>, site: SiteId, task: &Task, count: usize) -> Problem {
    let name = look.words.task(task.id);
    let length = task.in_state(look.now);
    let mut evidence = vec![format!(
        "poll {} of {name} began {} ago and has not returned",
        task.vitals.polls.saturating_add(1),
        time(length)
    )];
    evidence.extend(seen(look, task));
    if count > 1 {
        evidence.push(format!(
            "so it is with {} of this place",
            counted(count - 1, "more task")
        ));
    }
    evidence.extend(who_is_late(look, task));
    Problem {
        rule: "long-poll",
        tier: Tier::Persistent,
        key: Key::Site(site),
        subjects: subjects(task),
        since: task.vitals.since,
        past: false,
        // This look and the one before have seen the same poll.
        looks: 1,
        size: length.0 / 1_000_000,
        summary: format!("{name} has not returned from a poll for {}", time(length)),
        evidence,
        advice: ADVICE,
    }
}

/// What the poll that is under way was seen doing, and where.
fn seen(look: &Look<'_>, task: &Task) -> Option<String> {
    let poll = look.world.present_poll(task)?;
    let ago = time(poll.seen.until(look.now));
    let stack = poll.stack.and_then(|id| look.world.stack(id));
    Some(match stack.and_then(|stack| look.words.chain(stack)) {
        Some(chain) if poll.proven => format!("{ago} ago it was {}: {chain}", poll.doing),
        Some(chain) => format!("{ago} ago it was {}, likely in {chain}", poll.doing),
        None => format!("{ago} ago it was {}", poll.doing),
    })
}

/// What long polls were seen doing, those of the same stack together: the most frequent first.
fn were_seen(look: &Look<'_>, tasks: &[&Task]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for poll in tasks
        .iter()
        .filter_map(|task| look.world.long_poll(task.id))
    {
        let stack = poll.stack.and_then(|id| look.world.stack(id));
        if let Some(chain) = stack.and_then(|stack| look.words.chain(stack)) {
            let sure = if poll.proven { ":" } else { ", likely in" };
            let what = format!("{}{sure} {chain}", poll.doing);
            *seen.entry(what).or_default() += 1;
        }
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, count)| Reverse(*count));
    seen.truncate(STACKS);
    seen.into_iter()
        .map(|(what, count)| {
            let verb = if count == 1 { "was" } else { "were" };
            format!("{} {verb} seen {what}", counted(count, "long poll"))
        })
        .collect()
}

fn over(look: &Look<'_>, site: SiteId, task: &Task, length: Nanos, all: &[&Task]) -> Problem {
    let name = look.words.task(task.id);
    let vitals = &task.vitals;
    let mut evidence = vec![format!(
        "{} took {} in all",
        counted(vitals.polls, "poll"),
        time(vitals.busy)
    )];
    evidence.extend(were_seen(look, all));
    Problem {
        rule: "long-poll",
        tier: Tier::Persistent,
        key: Key::Site(site),
        subjects: subjects(task),
        since: task.birth.created,
        past: true,
        looks: 1,
        size: length.0 / 1_000_000,
        summary: format!("{name} took {} or more for a poll", time(length)),
        evidence,
        advice: ADVICE,
    }
}

fn subjects(task: &Task) -> Vec<Concern> {
    [Subject::Task(task.id), Subject::Site(task.birth.site)]
        .map(|subject| Role::Blocker.of(subject))
        .into()
}

/// What one of its polls took, at least: the average, or what the distribution tells.
fn length(task: &Task) -> Nanos {
    let vitals = &task.vitals;
    let average = vitals.busy.0.checked_div(vitals.polls).unwrap_or(0);
    let sketch = task
        .sketches
        .as_ref()
        .and_then(|s| s.polls.buckets().last());
    let longest = sketch.map_or(Nanos::ZERO, |bucket| bucket.from);
    longest.max(Nanos(average))
}

#[cfg(test)]
mod tests;
