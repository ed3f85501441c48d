//! A lock or permit was granted to a future that nobody polls, and others wait behind it.
//!
//! Locks are handed to those who queue for them, in order. If the first in the queue is a future that its task no
//! longer polls (a pinned future that lost in `select!`, one of a buffered stream while the body of the loop runs, one
//! that is kept for later), then that future has the lock and does nothing with it. Nobody else gets it, and if the
//! task itself now waits for the same lock, it waits for ever. Oxide named this *futurelock*.
//!
//! How it knows: tokio tells when it hands a permit to a waiter, and when that waiter is polled. Here the task was
//! polled after the handing over, went idle again without having polled the future that got it, and this has been so
//! for more than 1 s in two looks while others waited behind it. It is proven where the task itself can't go on either,
//! since all it waits for is kept by this very future; else persistent: the task may come back to its future, but
//! others wait for as long as it does not.
//!
//! What to do: let `select!` own the future (so that it is dropped when another branch wins), or drop it before you
//! wait for anything else; do not await in the body of a loop over a buffered stream what the buffered futures need
//! too; spawn the future as a task if it has to go on meanwhile.

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::time;
use crate::graph::Parked;
use crate::{Role, Subject, Tier};

const ADVICE: &str = "let `select!` own the future so that it is dropped when it loses, drop it before you wait for \
                      anything else, or spawn it as a task so that it is polled";

/// Each place of whose locks one was granted to a future that is not polled.
pub(super) fn check(look: &Look<'_>) -> Vec<Problem> {
    let stands = |parked: &&Parked| {
        parked.waiting > 0 && parked.since.until(look.now) >= look.thresholds.parked
    };
    // What is kept by a task that is stuck behind something else is that knot's.
    let is_cause = |parked: &&Parked| {
        let knot = parked.knot.and_then(|knot| look.graph.knots().get(knot));
        knot.is_none_or(|knot| knot.parked)
    };
    let parked = look.graph.parked().iter().filter(stands).filter(is_cause);
    parked.filter_map(|parked| problem(look, parked)).collect()
}

fn problem(look: &Look<'_>, parked: &Parked) -> Option<Problem> {
    let resource = look.world.resource(parked.resource)?;
    let knot = parked.knot.and_then(|knot| look.graph.knots().get(knot));
    let closed = look.graph.is_in_knot(parked.task);
    let proven = closed && knot.is_some_and(|knot| knot.certain);
    let task = look.words.task(parked.task);
    let what = look.words.resource(parked.resource);
    let since = time(parked.since.until(look.now));
    let mut subjects = vec![
        Role::Holder.of(Subject::Task(parked.task)),
        Subject::Resource(parked.resource).into(),
    ];
    let behind = look.world.queue(parked.resource);
    let behind = behind.filter(|wait| wait.granted.is_none() && wait.task != Some(parked.task));
    subjects.extend(
        behind
            .filter_map(|wait| wait.task)
            .take(4)
            .map(|task| Role::Waiter.of(Subject::Task(task))),
    );
    let asked = look.words.waits_at(" that asked for it", parked.wait);
    let stands = look.world.task(parked.task);
    let stands = stands.map(|task| look.words.stands(": it waits", task));
    let mut evidence = vec![
        format!("{what} was granted {since} ago to a future of {task}{asked}"),
        format!(
            "{task} was polled since, and did not poll that future{}",
            stands.unwrap_or_default()
        ),
        match parked.waiting {
            1 => "1 future waits behind it".to_owned(),
            count => format!("{count} futures wait behind it"),
        },
    ];
    if closed {
        evidence.push(format!(
            "{task} itself waits for it, and has no other waker"
        ));
    }
    Some(Problem {
        rule: "futurelock",
        tier: if proven {
            Tier::Proven
        } else {
            Tier::Persistent
        },
        key: Key::of(resource),
        subjects,
        since: parked.since,
        past: false,
        looks: 2,
        size: parked.waiting as u64,
        summary: format!("a future of {task} was granted {what} and is not polled"),
        evidence,
        advice: ADVICE,
    })
}

#[cfg(test)]
mod tests {
    use crate::ResourceKind::{Mutex, Semaphore};
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{Script, ms, resource, task};
    use crate::{Role, State, Subject, Tier};

    /// Task 1 has a future that was granted lock 1 at 10.1 s, and waits for it with another; task 2 waits behind it.
    fn locked() -> Script {
        let mut script = Script::new();
        script.task(1).task(2).made(1, Mutex);
        script
            .waits(1, 1)
            .waits(1, 1)
            .waits(2, 1)
            .now(10_100)
            .parks(1);
        script
    }

    #[test]
    fn a_task_that_waits_behind_its_own_future() {
        let finding = Trial::of(locked()).only(10_200, 30_200);
        assert_eq!((&*finding.rule, finding.tier), ("futurelock", Tier::Proven));
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "a future of task #1 at task.rs:1 was granted Mutex lock.rs:1 and is not polled"
        );
        let subjects = [
            Role::Holder.of(Subject::Task(task(1))),
            Subject::Resource(resource(1)).into(),
            Role::Waiter.of(Subject::Task(task(2))),
        ];
        assert_eq!(finding.subjects, subjects);
        assert_eq!(finding.since, ms(10_100));
        assert!(
            finding
                .evidence
                .contains(&"2 futures wait behind it".into()),
            "{:?}",
            finding.evidence
        );
    }

    #[test]
    fn a_task_that_does_something_else_meanwhile_may_come_back() {
        let mut script = Script::new();
        script.task(1).task(2).made(1, Semaphore);
        script
            .waits(1, 1)
            .waits(2, 1)
            .now(10_100)
            .parks(1)
            .vitals(1, |v| v.wakers = 1);
        let mut trial = Trial::of(script);
        assert_eq!(
            trial.rules(10_200, 20_200),
            found("futurelock", Tier::Persistent)
        );
        trial.vitals(1, |v| (v.state, v.since) = (State::Running, ms(20_600)));
        assert!(trial.only(20_700, 21_200).cleared.is_some());
    }

    #[test]
    fn it_takes_a_second() {
        let mut trial = Trial::of(locked());
        assert_eq!(trial.looks(10_500, 11_000), []);
        assert_eq!(trial.look(11_099), []);
        assert_eq!(trial.look(11_200), []);
        assert_eq!(trial.look(11_300).len(), 1);
        let mut trial = Trial::of(locked());
        assert_eq!(trial.look(11_050), []);
        assert_eq!(trial.look(11_100), []);
        assert_eq!(trial.look(11_150).len(), 1);
    }

    #[test]
    fn a_grant_that_is_about_to_be_polled_is_none() {
        let mut script = locked();
        script.vitals(1, |v| {
            v.state = State::Scheduled;
            v.since = ms(10_100);
        });
        let rules = Trial::of(script).rules(10_200, 12_700);
        assert!(
            !rules.iter().any(|(rule, _)| rule == "futurelock"),
            "{rules:?}"
        );
    }

    #[test]
    fn a_grant_for_which_nobody_else_waits_harms_nobody() {
        let mut script = Script::new();
        script
            .task(1)
            .made(1, Mutex)
            .waits(1, 1)
            .now(10_100)
            .parks(1);
        script.vitals(1, |v| v.wakers = 1);
        assert_eq!(Trial::of(script).rules(10_200, 20_200), nothing());
    }

    #[test]
    fn behind_a_deadlock_it_is_not_the_cause() {
        let mut script = Script::crossed();
        script.task(3).task(4).made(3, Mutex);
        script
            .waits(3, 3)
            .waits(4, 3)
            .waits(3, 1)
            .now(10_100)
            .parks(3);
        assert_eq!(
            Trial::of(script).rules(10_200, 20_200),
            found("deadlock", Tier::Proven)
        );
    }
    #[test]
    fn where_doubt_is_left_it_is_persistent() {
        let mut script = Script::new();
        script.task_at(1, 2, None).made(1, Mutex);
        script.waits(1, 1).waits(1, 1).now(10_100).parks(1);
        let rules = Trial::of(script).rules(10_200, 20_200);
        assert_eq!(rules, found("futurelock", Tier::Persistent));
        // Another future of the same kind, whose task is stuck behind the first.
        let mut script = locked();
        script
            .task(3)
            .made(2, Mutex)
            .waits(3, 2)
            .task(4)
            .waits(4, 2)
            .waits(3, 1)
            .now(10_200)
            .parks(4);
        let rules = Trial::of(script).rules(10_300, 20_300);
        assert_eq!(
            rules,
            [
                ("futurelock".into(), Tier::Proven),
                ("futurelock".into(), Tier::Persistent)
            ]
        );
    }

    #[test]
    fn where_its_knot_is_not_listed_it_is_not_proven() {
        let mut script = Script::new();
        for n in (10..10 + 2 * crate::graph::MAX_KNOTS as u64).step_by(2) {
            script.task(n).task(n + 1).made(n, Mutex).made(n + 1, Mutex);
            script.holds(n, n).holds(n + 1, n + 1);
            script.waits(n, n + 1).waits(n + 1, n);
        }
        let first = 2 * crate::graph::MAX_KNOTS as u64 + 1;
        script.now(10_050).task(1).task(2).made(1, Mutex);
        script.waits(1, 1).waits(1, 1).waits(2, 1);
        script.now(10_100).parks(first);
        let findings = Trial::of(script).looks(10_600, 12_600);
        let mut found = findings.iter().filter(|f| &*f.rule == "futurelock");
        assert_eq!(found.next().map(|f| f.tier), Some(Tier::Persistent));
        assert!(found.next().is_none());
    }
}
