//! A task was spawned and never polled, though workers are free: nobody runs what it was spawned on.
//!
//! A runtime of one thread polls its tasks only while somebody is in its `block_on`, and a `LocalSet` only while it is
//! awaited. Both take tasks at any time, without a word. A task that is spawned when they stand still waits in a queue
//! that nobody looks into, and what it was spawned for does not happen.
//!
//! How it knows: the task has waited for its first poll for more than 1.5 s, in two looks, and the workers were not all
//! busy meanwhile (then it would be starved). Work of `spawn_blocking` waits for a thread and is another rule's.
//!
//! What to do: give the runtime a thread that stays in `block_on`, or use a runtime with worker threads; run the
//! `LocalSet` with `run_until` for as long as its tasks should live.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::starved::Load;
use super::survey::{ids, kind, runtime};
use super::words::time;
use crate::{Kind, SiteId, Subject, Task, Tier};

const ADVICE: &str = "keep a thread in the runtime's block_on (or use a runtime with workers), and run a LocalSet with \
                      run_until for as long as its tasks should live";

/// Each spawn site with tasks that nobody polls.
pub(super) fn check(look: &Look<'_>, load: &Load) -> Vec<Problem> {
    let mut sites: HashMap<SiteId, Vec<&Task>, FixedState> = HashMap::default();
    for task in &look.survey.scheduled {
        let waits = task.vitals.polls == 0
            && task.in_state(look.now) >= look.thresholds.never_polled
            && kind(look.world, task) != Kind::BlockOn
            && !load.is_full(runtime(look.world, task));
        if waits {
            sites.entry(task.birth.site).or_default().push(task);
        }
    }
    let mut problems: Vec<_> = sites
        .into_iter()
        .map(|(site, tasks)| problem(look, site, tasks))
        .collect();
    problems.sort_by_key(|problem| problem.since);
    problems
}

fn problem(look: &Look<'_>, site: SiteId, mut tasks: Vec<&Task>) -> Problem {
    tasks.sort_by_key(|task| (task.birth.created, task.id));
    let since = tasks
        .first()
        .map(|task| task.birth.created)
        .unwrap_or_default();
    let first = ids(tasks.iter().take(4));
    let is_local = look
        .world
        .site(site)
        .is_some_and(|site| site.kind == Kind::Local);
    let on = if is_local {
        "LocalSet"
    } else {
        "runtime (or LocalSet)"
    };
    let verb = if tasks.len() == 1 { "has" } else { "have" };
    let mut subjects: Vec<_> = first
        .iter()
        .map(|task| Subject::Task(*task).into())
        .collect();
    subjects.push(Subject::Site(site).into());
    Problem {
        rule: "never-polled",
        tier: Tier::Persistent,
        key: Key::Site(site),
        subjects,
        since,
        past: false,
        looks: 2,
        size: tasks.len() as u64,
        summary: format!(
            "{} {verb} never been polled: nobody runs the {on}",
            look.words.tasks(&first, tasks.len())
        ),
        evidence: vec![
            format!(
                "{} up to {} ago, and not polled since",
                look.words.tasks_of(site, tasks.len()),
                time(since.until(look.now))
            ),
            "workers were free at both looks".to_owned(),
        ],
        advice: ADVICE,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{RUNTIME, ms};
    use crate::{State, Tier};

    fn spawned() -> Trial {
        let mut trial = Trial::new();
        for n in 1..=3 {
            trial.task(n).vitals(n, |v| {
                (v.state, v.since, v.polls, v.runtime) = (State::Scheduled, ms(10_000), 0, None);
            });
        }
        trial
    }

    #[test]
    fn tasks_that_nobody_polls_are_told_by_their_place() {
        let mut trial = spawned();
        assert_eq!(trial.looks(10_400, 11_499), []);
        assert_eq!(trial.look(11_500), []);
        let finding = trial.only(12_000, 30_000);
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("never-polled", Tier::Persistent)
        );
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1, task #2 at task.rs:1 and task #3 at task.rs:1 have never been polled: nobody runs the \
             runtime (or LocalSet)"
        );
        assert_eq!(
            &*finding.evidence[0],
            "3 tasks spawned at task.rs:1 up to 2.00s ago, and not polled since"
        );
        assert_eq!(finding.since, ms(10_000));
        assert_eq!(finding.subjects.len(), 4);
    }

    #[test]
    fn a_first_poll_clears_it() {
        let mut trial = spawned();
        trial.only(10_400, 13_000);
        for n in 1..=3 {
            trial.vitals(n, |v| {
                (v.state, v.since, v.polls, v.wakers) = (State::Idle, ms(13_100), 1, 1);
                v.runtime = Some(RUNTIME);
            });
        }
        assert!(trial.only(13_500, 20_000).cleared.is_some());
    }

    #[test]
    fn a_task_that_was_polled_before_is_none() {
        let mut trial = spawned();
        (1..=3).for_each(|n| _ = trial.vitals(n, |v| v.polls = 1));
        assert_eq!(trial.rules(10_400, 20_000), nothing());
    }

    #[test]
    fn blocking_work_and_main_are_other_rules() {
        for site in [1, 2] {
            let mut trial = Trial::new();
            trial.task_at(1, site, None).vitals(1, |v| {
                (v.state, v.since, v.polls) = (State::Scheduled, ms(10_000), 0);
            });
            assert_eq!(trial.rules(10_400, 20_000), nothing());
        }
    }

    #[test]
    fn while_all_workers_are_busy_it_is_starved() {
        let mut trial = spawned();
        trial.task(9);
        for at in (10_400..13_000).step_by(500) {
            trial.vitals(9, |v| (v.state, v.since) = (State::Running, ms(at - 10)));
            let expected = if at == 11_900 {
                found("starved", Tier::Persistent)
            } else {
                nothing()
            };
            assert_eq!(trial.rules(at, at), expected, "at {at}");
        }
    }

    #[test]
    fn where_it_was_spawned_may_be_unknown() {
        let mut trial = Trial::new();
        trial.task_at(1, 99, None).vitals(1, |v| {
            (v.state, v.since, v.polls) = (State::Scheduled, ms(10_000), 0);
        });
        let finding = trial.only(10_400, 20_000);
        assert!(
            finding
                .summary
                .ends_with("nobody runs the runtime (or LocalSet)"),
            "{}",
            finding.summary
        );
    }
}
