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
    Hold, Holder, Mode, Nanos, Resource, ResourceId, ResourceKind, Stamp, State, Subject, Sureness,
    TaskId, Tier,
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
    let mut subjects = vec![Subject::Resource(resource.id)];
    subjects.extend(tasks.iter().take(8).map(|task| Subject::Task(*task)));
    let waiting = look.world.queue(resource.id).filter_map(|wait| wait.task);
    subjects.extend(waiting.take(4).map(Subject::Task));
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
                    format!("{name} has held it{how} for {held} and been idle for the last {idle}")
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
mod tests {
    use crate::ResourceKind::{Mpsc, Mutex, OnceCell, RwLock, Semaphore};
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{Script, resource, task};
    use crate::{Holder, PlaceId, State, Subject, Sureness, Tier};

    /// Task 1 has lock 1 and is idle with a waker that somebody else has; task 2 waits for it.
    fn held(kind: crate::ResourceKind) -> Script {
        let mut script = Script::new();
        script
            .task(1)
            .task(2)
            .made(1, kind)
            .holds(1, 1)
            .vitals(1, |v| v.wakers = 1)
            .waits(2, 1);
        script
    }

    #[test]
    fn an_idle_holder_is_named_with_those_who_wait() {
        let finding = Trial::of(held(Mutex)).only(10_100, 30_100);
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("held-across-await", Tier::Persistent)
        );
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 keeps Mutex lock.rs:1 while idle, and 1 other waits for it"
        );
        let subjects = [
            Subject::Resource(resource(1)),
            Subject::Task(task(1)),
            Subject::Task(task(2)),
        ];
        assert_eq!(finding.subjects, subjects);
        let evidence: Vec<_> = finding.evidence.iter().map(|line| &**line).collect();
        assert_eq!(
            evidence,
            [
                "task #1 at task.rs:1 has held it for 1.60s and been idle for the last 1.60s",
                "the longest wait for it is 1.60s so far",
            ]
        );
    }

    #[test]
    fn it_takes_a_second_of_both() {
        let mut trial = Trial::of(held(Mutex));
        assert_eq!(trial.looks(10_500, 10_999), []);
        assert_eq!(trial.look(11_000), []);
        assert_eq!(trial.look(11_100).len(), 1);
        // Held for long, waited for since a moment.
        let mut script = Script::new();
        script
            .task(1)
            .task(2)
            .made(1, Mutex)
            .holds(1, 1)
            .vitals(1, |v| v.wakers = 1);
        script.now(20_000).waits(2, 1);
        let mut trial = Trial::of(script);
        assert_eq!(trial.looks(20_400, 20_900), []);
        // Waited for since long, held since a moment: the lock goes around.
        let mut script = held(Mutex);
        script
            .now(20_000)
            .releases(1, 1)
            .task(3)
            .holds(3, 1)
            .vitals(3, |v| v.wakers = 1);
        let mut trial = Trial::of(script);
        assert_eq!(trial.looks(20_400, 20_900), []);
    }

    #[test]
    fn readers_keep_writers_out_too() {
        let mut script = Script::new();
        script
            .task(1)
            .task(2)
            .made(1, RwLock)
            .reads(1, 1)
            .vitals(1, |v| v.wakers = 1)
            .waits(2, 1);
        assert_eq!(
            Trial::of(script).rules(10_100, 20_100),
            found("held-across-await", Tier::Persistent)
        );
    }

    #[test]
    fn healthy_near_twins_are_silent() {
        let rules = |change: fn(&mut Script)| {
            let mut script = held(Mutex);
            change(&mut script);
            Trial::of(script).rules(10_100, 12_100)
        };
        assert_eq!(rules(|_| ()), found("held-across-await", Tier::Persistent));
        // The waiter has a timeout.
        assert_eq!(
            rules(|s| _ = s.wait(1, |wait| wait.timed = true)),
            nothing()
        );
        // No await in between: it is about to let go.
        assert_eq!(
            rules(|s| _ = s.usage(1, |u| u.holds[0].awaits = 0)),
            nothing()
        );
        // A thread has it.
        assert_eq!(
            rules(|s| _ = s.usage(1, |u| u.holds[0].holder = Holder::NoTask)),
            nothing()
        );
        // The waiter has been served and is about to be polled.
        assert_eq!(rules(|s| _ = s.releases(1, 1)), nothing());
    }

    #[test]
    fn a_holder_that_works_is_not_this_rules() {
        let mut script = held(Mutex);
        script.vitals(1, |v| v.state = State::Running);
        let rules = Trial::of(script).rules(10_100, 12_100);
        assert_eq!(rules, found("long-poll", Tier::Persistent));
    }

    #[test]
    fn the_one_at_the_end_of_the_line_is_named() {
        let mut script = held(Mutex);
        script.task(3).made(2, Mutex).holds(2, 2).waits(3, 2);
        let finding = Trial::of(script).only(10_100, 20_100);
        assert_eq!(
            finding.subjects[..2],
            [Subject::Resource(resource(1)), Subject::Task(task(1))]
        );
    }

    #[test]
    fn a_holder_that_waits_for_room_in_a_channel_is_the_end_of_the_line() {
        let mut script = held(Mutex);
        script.made(2, Mpsc).waits(1, 2).vitals(1, |v| v.wakers = 1);
        assert_eq!(
            Trial::of(script).rules(10_100, 20_100),
            found("held-across-await", Tier::Persistent)
        );
    }

    #[test]
    fn permits_have_to_be_kept_by_all_and_for_longer() {
        let mut script = held(Semaphore);
        script.task(3).holds(3, 1).vitals(3, |v| v.wakers = 1);
        let mut trial = Trial::of(script.clone());
        assert_eq!(trial.looks(10_400, 11_499), []);
        let finding = trial.only(11_500, 20_000);
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 and task #3 at task.rs:1 keep permits of Semaphore lock.rs:1 while idle, and 1 other \
             waits for it"
        );
        // One of them goes around.
        let mut trial = Trial::of(script.clone());
        for at in (10_500..20_000).step_by(500) {
            trial.releases(3, 1).holds(3, 1);
            assert_eq!(trial.look(at), []);
        }
        script.usage(1, |usage| usage.sureness = Sureness::Moved);
        assert_eq!(Trial::of(script).rules(10_100, 20_100), nothing());
    }

    #[test]
    fn a_guard_that_outlived_its_task_is_told() {
        let mut script = held(Mutex);
        script.vitals(1, |v| v.state = State::Done);
        let finding = Trial::of(script).only(10_100, 20_100);
        assert!(finding.evidence[0].ends_with("has ended: its guard was moved or forgotten"));
        let mut script = held(Semaphore);
        script.vitals(1, |v| v.state = State::Done);
        assert_eq!(Trial::of(script).rules(10_100, 20_100), nothing());
    }

    #[test]
    fn to_wait_for_the_first_value_of_a_cell_is_what_it_is_for() {
        assert_eq!(Trial::of(held(OnceCell)).rules(10_100, 20_100), nothing());
    }

    #[test]
    fn locks_made_in_one_place_are_one_problem() {
        let mut script = Script::new();
        script.task(100);
        for n in 1..=50 {
            script
                .task(n)
                .made(n, Mutex)
                .holds(n, n)
                .vitals(n, |v| v.wakers = 1);
            let mut lock = script.world.resource(resource(n)).unwrap().clone();
            lock.origin.place = PlaceId(1);
            script.apply(crate::Change::Resource(Box::new(lock)));
            script.task(100 + n).waits(100 + n, n);
        }
        let finding = Trial::of(script).only(10_100, 30_100);
        assert!(
            finding
                .evidence
                .iter()
                .any(|line| line.contains("49 more locks")),
            "{finding:#?}"
        );
    }
}
