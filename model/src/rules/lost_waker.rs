//! A task is idle and no waker of it is left: nothing in the process can wake it.
//!
//! A future that is not ready has to keep a waker of its task, and whoever makes it ready has to wake it. If the future
//! forgets to keep one, or somebody throws it away (a slot for one waker that two tasks use, a map that drops its
//! entries), then the task sleeps for ever, however ready its future is. In tests it mostly goes well, since there the
//! future is ready at once.
//!
//! How it knows: tokio tells when a waker is cloned and dropped, so the wakers of a task are counted. The task is idle
//! for more than 1 s, no waker of it exists, and it was the same one look before. The future of a `block_on` does not
//! count: its wakers can't be seen.
//!
//! What to do: in `poll`, keep `cx.waker().clone()` where whoever finishes the work finds it (one for each task),
//! before you look whether the work is done for the last time; or use a channel, `Notify` or `AtomicWaker`, which do.
//!
//! A task that does nothing but `std::future::pending()` has no waker either, on purpose: it lives until it is aborted.
//! That is true of it as well. If it only keeps something alive, let it wait for the signal that ends it, and it has
//! one.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::survey::ids;
use super::words::time;
use crate::{SiteId, Stamp, Subject, Task, TaskId, Tier};

/// Tasks that are remembered from one look to the next.
const MOST: usize = 1 << 16;

const ADVICE: &str = "keep cx.waker().clone() in poll where whoever finishes the work finds it, one for each task that \
                      waits; or use Notify, a channel or AtomicWaker";

/// The tasks without a waker in the last look, and since when they were idle.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<TaskId, Stamp, FixedState>);

/// Each spawn site with tasks that nothing can wake.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    let mute = &look.survey.mute;
    let mut sites: HashMap<SiteId, Vec<&Task>, FixedState> = HashMap::default();
    for task in mute {
        let known = memory.0.get(&task.id) == Some(&task.vitals.since);
        // A future in a queue has a waker, if only one of a set of futures that wakes the task in its turn.
        let lost = known
            && task.in_state(look.now) >= look.thresholds.lost_waker
            && look.world.waits_of(task.id).next().is_none();
        if lost {
            sites.entry(task.birth.site).or_default().push(task);
        }
    }
    memory.0.clear();
    memory.0.extend(
        mute.iter()
            .take(MOST)
            .map(|task| (task.id, task.vitals.since)),
    );
    let mut problems: Vec<_> = sites
        .into_iter()
        .map(|(site, tasks)| problem(look, site, tasks))
        .collect();
    problems.sort_by_key(|problem| problem.since);
    problems
}

fn problem(look: &Look<'_>, site: SiteId, mut tasks: Vec<&Task>) -> Problem {
    tasks.sort_by_key(|task| (task.vitals.since, task.id));
    let since = tasks
        .first()
        .map(|task| task.vitals.since)
        .unwrap_or_default();
    let first = ids(tasks.iter().take(8));
    let (verb, itself) = if tasks.len() == 1 {
        ("is", "it")
    } else {
        ("are", "them")
    };
    let mut evidence = vec![format!(
        "{} idle for up to {}, with 0 wakers",
        look.words.tasks_of(site, tasks.len()),
        time(since.until(look.now))
    )];
    if let Some(task) = tasks.first() {
        let vitals = &task.vitals;
        evidence.push(format!(
            "{} was polled {} times and woken {} times before",
            look.words.task(task.id),
            vitals.polls,
            vitals.wakes
        ));
        evidence.extend(look.words.last_waker(task));
    }
    let mut subjects: Vec<_> = first
        .iter()
        .map(|task| Subject::Task(*task).into())
        .collect();
    subjects.push(Subject::Site(site).into());
    Problem {
        rule: "lost-waker",
        tier: Tier::Proven,
        key: Key::Site(site),
        subjects,
        since,
        past: false,
        // This look and the one before have seen the same tasks.
        looks: 1,
        size: tasks.len() as u64,
        summary: format!(
            "{} {verb} idle and nothing can wake {itself}: no waker is left",
            look.words.tasks(&first, tasks.len())
        ),
        evidence,
        advice: ADVICE,
    }
}

#[cfg(test)]
mod tests {
    use crate::ResourceKind::Mutex;
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{ms, task};
    use crate::{State, Subject, Tier};

    fn mute(trial: &mut Trial, number: u64) {
        trial.task(number).vitals(number, |v| v.wakers = 0);
    }

    #[test]
    fn a_task_that_nothing_can_wake() {
        let mut trial = Trial::new();
        mute(&mut trial, 1);
        let finding = trial.only(10_100, 30_100);
        assert_eq!((&*finding.rule, finding.tier), ("lost-waker", Tier::Proven));
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 is idle and nothing can wake it: no waker is left"
        );
        assert_eq!(finding.subjects[0], Subject::Task(task(1)).into());
        assert_eq!(
            &*finding.evidence[0],
            "1 task spawned at task.rs:1 idle for up to 1.10s, with 0 wakers"
        );
    }

    #[test]
    fn it_takes_a_second_and_two_looks_of_the_same_sleep() {
        let mut trial = Trial::new();
        mute(&mut trial, 1);
        assert_eq!(trial.looks(10_499, 10_999), []);
        assert_eq!(trial.look(11_050).len(), 1);
        let mut trial = Trial::new();
        mute(&mut trial, 1);
        assert_eq!(trial.look(10_500), []);
        assert_eq!(trial.look(11_000).len(), 1);
        let mut trial = Trial::new();
        mute(&mut trial, 1);
        assert_eq!(trial.look(20_000), []);
        trial.vitals(1, |v| v.since = ms(20_010));
        assert_eq!(trial.look(21_500), []);
        assert_eq!(trial.look(22_000).len(), 1);
    }

    #[test]
    fn one_waker_is_enough() {
        let mut trial = Trial::new();
        trial.task(1).vitals(1, |v| v.wakers = 1);
        assert_eq!(trial.rules(10_100, 30_100), nothing());
        trial.vitals(1, |v| v.wakers = 0);
        assert_eq!(
            trial.rules(30_600, 40_100),
            found("lost-waker", Tier::Proven)
        );
        trial.vitals(1, |v| v.wakers = 1);
        assert!(trial.only(40_600, 50_000).cleared.is_some());
    }

    #[test]
    fn a_task_in_another_state_needs_none() {
        for state in [State::Done, State::Cancelled, State::Panicked] {
            let mut trial = Trial::new();
            trial.task(1).vitals(1, |v| v.state = state);
            assert_eq!(trial.rules(10_100, 20_100), nothing());
        }
    }

    #[test]
    fn wakers_of_main_and_of_threads_cant_be_seen() {
        for site in [1, 2, 99] {
            let mut trial = Trial::new();
            trial.task_at(1, site, None).vitals(1, |v| v.wakers = 0);
            assert_eq!(trial.rules(10_100, 20_100), nothing());
        }
    }

    #[test]
    fn a_future_in_a_queue_is_somebody_who_wakes() {
        let mut trial = Trial::new();
        trial.task(1).task(2).made(1, Mutex).holds(2, 1).waits(1, 1);
        trial
            .vitals(1, |v| v.wakers = 0)
            .vitals(2, |v| v.wakers = 1);
        let rules = trial.rules(10_100, 20_100);
        assert!(
            !rules.iter().any(|(rule, _)| rule == "lost-waker"),
            "{rules:?}"
        );
    }

    #[test]
    fn the_tasks_of_one_place_are_one_problem() {
        let mut trial = Trial::new();
        (1..=50).for_each(|n| mute(&mut trial, n));
        let finding = trial.only(10_100, 30_100);
        assert!(
            finding.summary.contains("and 46 more are idle"),
            "{}",
            finding.summary
        );
        assert_eq!(finding.subjects.len(), 9);
    }
}
