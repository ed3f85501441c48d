//! Work for `spawn_blocking` waits for a thread: all threads of the pool are taken.
//!
//! The pool has 512 threads, or as many as `max_blocking_threads` says. What comes when all are busy waits in a queue
//! without a limit, and so does everything else that uses the pool inside tokio: files, names of hosts, `stdin`. Long
//! jobs (a loop, a blocking read that may never return) keep their threads for good.
//!
//! How it knows: in two looks closures had been waiting for a thread for more than 500 ms, while as many were running
//! as were ever seen to run at once. A queue that moves faster than that is no trouble, however long it is.
//!
//! What to do: give jobs that run for long a thread of their own (`std::thread::spawn`); limit how many are started
//! with a semaphore, so that they wait where it can be seen; or raise `max_blocking_threads`.

use super::look::Look;
use super::problem::{Key, Problem};
use super::survey::ids;
use super::words::{counted, time};
use crate::{Nanos, Role, Subject, Task, Tier};

const ADVICE: &str = "give jobs that run for long a thread of their own, limit how many are started with a semaphore, or \
                      raise max_blocking_threads";

/// As many closures were seen to run at once.
#[derive(Debug, Default)]
pub(super) struct Memory {
    most: usize,
}

/// The pool, if it is full. tokio does not tell pools apart before their work begins, so all runtimes have one here.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    let running = look.survey.blocking;
    memory.most = memory.most.max(running);
    let least = look.thresholds.pool_wait;
    let mut late: Vec<&Task> = look.survey.queued.clone();
    late.retain(|task| task.in_state(look.now) >= least);
    late.sort_by_key(|task| (task.vitals.since, task.id));
    let is_full = running > 0 && running == memory.most;
    match late.first() {
        Some(first) if is_full => vec![problem(look, &late, first, running)],
        _ => Vec::new(),
    }
}

fn problem(look: &Look<'_>, late: &[&Task], first: &Task, running: usize) -> Problem {
    let longest: Nanos = first.in_state(look.now);
    let queued = look.survey.queued.len();
    let mut subjects: Vec<_> = ids(late.iter().take(4))
        .into_iter()
        .map(|id| Role::Waiter.of(Subject::Task(id)))
        .collect();
    subjects.push(Role::Waiter.of(Subject::Site(first.birth.site)));
    let verb = if late.len() == 1 { "waits" } else { "wait" };
    Problem {
        rule: "blocking-pool-full",
        tier: Tier::Persistent,
        key: Key::Process,
        subjects,
        since: first.vitals.since,
        past: false,
        looks: 2,
        size: late.len() as u64,
        summary: format!(
            "{} {verb} for a thread, up to {}: all {running} of the pool are taken",
            look.words.tasks_of(first.birth.site, late.len()).replacen(
                "closure",
                "blocking closure",
                1
            ),
            time(longest)
        ),
        evidence: vec![
            format!(
                "{} in the queue, {} of them for more than {}",
                counted(queued, "closure"),
                late.len(),
                time(look.thresholds.pool_wait)
            ),
            format!("{running} run now, and more were never seen to run at once"),
        ],
        advice: ADVICE,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{ms, task};
    use crate::{Role, State, Subject, Tier};

    fn queue(trial: &mut Trial, number: u64, since: u64) {
        trial.task_at(number, 1, None).vitals(number, |v| {
            (v.state, v.since, v.polls, v.runtime) = (State::Scheduled, ms(since), 0, None);
        });
    }

    /// Closures 1 and 2 run, 3 waits.
    fn full() -> Trial {
        let mut trial = Trial::new();
        for n in [1, 2] {
            trial
                .task_at(n, 1, None)
                .vitals(n, |v| (v.state, v.since) = (State::Running, ms(10_000)));
        }
        queue(&mut trial, 3, 10_000);
        trial
    }

    #[test]
    fn a_closure_that_waits_for_a_thread() {
        let mut trial = full();
        assert_eq!(trial.look(10_300), []);
        let finding = trial.only(10_800, 30_000);
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("blocking-pool-full", Tier::Persistent)
        );
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "1 blocking closure spawned at blocking.rs:2 waits for a thread, up to 1.30s: all 2 of the pool are taken"
        );
        assert_eq!(finding.subjects[0], Role::Waiter.of(Subject::Task(task(3))));
    }

    #[test]
    fn it_takes_half_a_second() {
        let mut trial = full();
        assert_eq!(trial.look(10_400), []);
        assert_eq!(trial.look(10_450), []);
        assert_eq!(trial.look(10_500), []);
        assert_eq!(trial.look(10_550).len(), 1);
        let mut trial = full();
        assert_eq!(trial.look(10_400), []);
        assert_eq!(trial.look(10_499), []);
        assert_eq!(trial.look(10_550), []);
    }

    #[test]
    fn a_queue_that_moves_is_no_trouble() {
        let mut trial = full();
        for at in (10_000..20_000).step_by(500) {
            for n in 3..50 {
                queue(&mut trial, n, at - 10 * n);
                trial.vitals(n, |v| v.since = ms(at - 10 * n + 30));
            }
            assert_eq!(trial.look(at), []);
        }
    }

    #[test]
    fn with_fewer_at_work_than_ever_the_pool_is_not_full() {
        let mut trial = full();
        trial.look(10_050);
        trial.vitals(1, |v| v.state = State::Done);
        assert_eq!(trial.rules(10_500, 20_000), nothing());
        let mut idle = Trial::new();
        queue(&mut idle, 3, 10_000);
        assert_eq!(idle.rules(10_500, 20_000), nothing());
    }

    #[test]
    fn it_is_one_problem_that_is_cleared_when_the_queue_is_gone() {
        let mut trial = full();
        for n in 4..=100 {
            queue(&mut trial, n, 10_000);
        }
        assert_eq!(
            trial.rules(10_100, 20_000),
            found("blocking-pool-full", Tier::Persistent)
        );
        for n in 1..=100 {
            trial.vitals(n, |v| v.state = State::Done);
        }
        assert!(trial.only(20_500, 25_000).cleared.is_some());
    }
    #[test]
    fn closures_of_which_nothing_is_new_still_have_their_threads() {
        let mut trial = Trial::new();
        // They fill a block of the world by themselves.
        for n in 1..=64 {
            trial
                .task_at(n, 1, None)
                .vitals(n, |v| (v.state, v.since) = (State::Running, ms(10_000)));
        }
        assert_eq!(trial.looks(10_100, 15_100), []);
        queue(&mut trial, 65, 15_100);
        assert_eq!(
            trial.rules(15_600, 20_000),
            found("blocking-pool-full", Tier::Persistent)
        );
    }
}
