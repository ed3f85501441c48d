//! Tasks wait for each other, so that none of them can ever go on.
//!
//! A task keeps a lock while it waits for another lock, and whoever has that one waits, in the end, for the first: two
//! locks taken in two orders, a lock taken again by the task that has it, a read lock taken again while a writer waits
//! in between, permits of a semaphore of which every holder wants one more, or actors that write to each other's full
//! mailboxes. None of them will be polled again, and whoever needs what they have stops too.
//!
//! How it knows: from who holds what and who waits for what, in the order of the queues. A task counts as stuck only if
//! it is idle, has no timeout on any of its waits and no waker outside of the queues, and all it waits for is kept by
//! tasks that are stuck too; for permits, all who have any. It is proven when this stood in two looks, half a second
//! apart. Some doubt is left, and it has to stand for 2 s and is called persistent, where a `block_on` takes part (its
//! wakers can't be seen), a guard may have been handed to another task, or a channel takes part (its receiver is known
//! only by what it received).
//!
//! What to do: take locks in one order everywhere; let go of one before you ask for the next; hand a guard on instead
//! of locking again; give files and folders a semaphore each; let actors answer by a oneshot, or with `try_send`.
//!
//! It can be wrong where futures that share one waker of their task (`FuturesUnordered`, a buffered stream) wait for
//! different things, of which one can't be seen; and where a guard was sent to another task through a channel and is
//! still held there: tokio tells nothing of moves, so the task that took it is shown as its holder.

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::{counted, list, time};
use crate::graph::{Knot, Member};
use crate::{Mode, ResourceKind, Role, Subject, Tier};

/// Members that are told of one by one.
const TOLD: usize = 8;

const ORDER: &str =
    "take these locks in one order everywhere, or let the first go before the second is asked for";
const AGAIN: &str =
    "hand the guard (or what it guards) on to whatever locks again, or drop it first";
const PERMITS: &str = "take all permits that are needed at once (acquire_many), or use another semaphore for the inner work";
const MAILBOX: &str = "let one of the two never wait for the other: answer by a oneshot, use try_send, or receive while sending";

/// Each knot that is not the futurelock rule's.
pub(super) fn check(look: &Look<'_>) -> Vec<Problem> {
    let stands =
        |knot: &&Knot| knot.certain || knot.since.until(look.now) >= look.thresholds.knot_in_doubt;
    let knots = look.graph.knots().iter().filter(|knot| !knot.parked);
    knots
        .filter(stands)
        .map(|knot| problem(look, knot))
        .collect()
}

fn problem(look: &Look<'_>, knot: &Knot) -> Problem {
    let tasks = knot
        .members
        .iter()
        .map(|member| Role::Deadlocked.of(Subject::Task(member.task)));
    let mut subjects: Vec<_> = tasks.take(TOLD).collect();
    for member in &knot.members {
        let resource = Subject::Resource(member.resource).into();
        if !subjects.contains(&resource) {
            subjects.push(resource);
        }
    }
    let (summary, advice) = summary(look, knot);
    Problem {
        rule: "deadlock",
        tier: if knot.certain {
            Tier::Proven
        } else {
            Tier::Persistent
        },
        key: Key::Wait(knot.key),
        subjects,
        since: knot.since,
        past: false,
        looks: 2,
        size: (knot.tasks + knot.behind) as u64,
        summary,
        evidence: evidence(look, knot),
        advice,
    }
}

fn summary(look: &Look<'_>, knot: &Knot) -> (String, &'static str) {
    let words = &look.words;
    let names: Vec<_> = knot
        .members
        .iter()
        .take(4)
        .map(|m| words.task(m.task))
        .collect();
    let names = list(names, knot.tasks);
    let permits = knot.members.iter().find(|member| {
        let resource = look.world.resource(member.resource);
        resource.is_some_and(|resource| resource.origin.kind == ResourceKind::Semaphore)
    });
    if knot.mailbox {
        let text = format!("{names} wait for room in each other's full mailboxes");
        return (text, MAILBOX);
    }
    match (&knot.members[..], permits) {
        ([member], _) => {
            let what = words.resource(member.resource);
            (
                format!("{names} waits for {what}, which it has itself"),
                AGAIN,
            )
        }
        (_, Some(member)) => {
            let what = words.resource(member.resource);
            (
                format!("{names} have all permits of {what} and wait for more"),
                PERMITS,
            )
        }
        (members, None) if members.iter().any(|member| member.behind) => {
            let what = words.resource(members[0].resource);
            (
                format!(
                    "{names} wait for each other at {what}: a reader reads again behind a writer"
                ),
                AGAIN,
            )
        }
        _ if knot.tasks == 2 => (format!("{names} wait for each other's locks"), ORDER),
        _ => (
            format!("{names} wait for each other's locks in a circle"),
            ORDER,
        ),
    }
}

fn evidence(look: &Look<'_>, knot: &Knot) -> Vec<String> {
    let told = knot.members.iter().take(TOLD);
    let mut lines: Vec<_> = told.map(|member| line(look, member)).collect();
    if knot.tasks > lines.len() {
        lines.push(format!(
            "and {} more tasks of the circle",
            knot.tasks - lines.len()
        ));
    }
    if knot.behind > 0 {
        lines.push(format!(
            "{} can't go on either, behind them",
            counted(knot.behind, "more task")
        ));
    }
    if !knot.certain {
        lines.push("some doubt is left: not all that could end it can be seen here".to_owned());
    }
    lines
}

fn line(look: &Look<'_>, member: &Member) -> String {
    let holds: Vec<_> = member
        .holds
        .iter()
        .map(|kept| {
            let since = time(kept.since.until(look.now));
            let how = if kept.mode == Mode::Shared {
                " to read"
            } else {
                ""
            };
            format!("{}{how} for {since}", look.words.resource(kept.resource))
        })
        .collect();
    let holds = match holds.len() {
        0 => String::new(),
        count => format!("holds {}, ", list(holds, count)),
    };
    let how = match (member.mode, member.behind) {
        (Mode::Shared, true) => " to read, behind a writer",
        (Mode::Shared, false) => " to read",
        _ => "",
    };
    format!(
        "{} {holds}waits for {}{how} for {}",
        look.words.task(member.task),
        look.words.resource(member.resource),
        time(member.since.until(look.now)),
    )
}

#[cfg(test)]
mod tests {
    use crate::ResourceKind::{Mpsc, Mutex, RwLock, Semaphore};
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{Script, resource, task};
    use crate::{Role, State, Subject, Tier};

    #[test]
    fn two_tasks_that_wait_for_each_other_are_told_once_with_all_there_is_to_know() {
        let mut trial = Trial::of(Script::crossed());
        trial.task(3).waits(3, 1);
        let finding = trial.only(10_100, 60_100);
        assert_eq!((&*finding.rule, finding.tier), ("deadlock", Tier::Proven));
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 and task #2 at task.rs:1 wait for each other's locks"
        );
        let evidence: Vec<_> = finding.evidence.iter().map(|line| &**line).collect();
        assert_eq!(
            evidence,
            [
                "task #1 at task.rs:1 holds Mutex lock.rs:1 for 600ms, waits for Mutex lock.rs:2 for 600ms",
                "task #2 at task.rs:1 holds Mutex lock.rs:2 for 600ms, waits for Mutex lock.rs:1 for 600ms",
                "1 more task can't go on either, behind them",
            ]
        );
        let locks = [2, 1].map(|n| Subject::Resource(resource(n)).into());
        let tasks = [1, 2].map(|n| Role::Deadlocked.of(Subject::Task(task(n))));
        assert_eq!(finding.subjects, [tasks, locks].concat());
        // It stays the same finding, with what is seen now.
        trial.task(4).task(5).task(6).waits(4, 1).waits(5, 1);
        assert_eq!(trial.looks(60_600, 62_600), []);
        let later = trial.as_told(finding.id).expect("it stands").clone();
        assert_eq!((later.since, later.cleared), (finding.since, None));
        assert_eq!(
            &*later.evidence[0],
            "task #1 at task.rs:1 holds Mutex lock.rs:1 for 52.6s, waits for Mutex lock.rs:2 for 52.6s"
        );
        assert_eq!(
            &*later.evidence[2],
            "3 more tasks can't go on either, behind them"
        );
        assert!(finding.advice.contains("one order"));
    }

    #[test]
    fn one_look_confirms_nothing_nor_do_two_of_the_same_moment() {
        let mut trial = Trial::of(Script::crossed());
        assert_eq!(trial.look(10_100), []);
        assert_eq!(trial.look(10_100), []);
        assert_eq!(trial.look(10_149), []);
        assert_eq!(trial.look(10_150).len(), 1);
    }

    #[test]
    fn it_is_cleared_once_when_it_ends() {
        let mut trial = Trial::of(Script::crossed());
        trial.only(10_100, 12_100);
        trial.vitals(2, |vitals| vitals.state = State::Cancelled);
        trial.releases(2, 2);
        let cleared = trial.only(12_600, 20_000);
        assert!(cleared.cleared.is_some());
    }

    #[test]
    fn locks_taken_in_one_order_are_no_deadlock_however_long_it_takes() {
        let mut trial = Trial::new();
        trial.task(1).task(2).made(1, Mutex).made(2, Mutex);
        trial.holds(1, 1).waits(2, 1);
        // The holder is busy, so this is no case for another rule either.
        trial
            .vitals(1, |v| v.state = State::Idle)
            .usage(1, |u| u.holds[0].awaits = 0);
        assert_eq!(trial.rules(10_100, 30_100), nothing());
    }

    #[test]
    fn a_timeout_ends_it() {
        let mut trial = Trial::of(Script::crossed());
        trial.wait(1, |wait| wait.timed = true);
        let rules = trial.rules(10_100, 12_000);
        assert!(
            !rules.iter().any(|(rule, _)| rule == "deadlock"),
            "{rules:?}"
        );
    }

    #[test]
    fn doubt_has_to_stand_for_longer_and_is_called_persistent() {
        let mut script = Script::new();
        script
            .task_at(1, 2, None)
            .task(2)
            .made(1, Mutex)
            .made(2, Mutex);
        script.holds(1, 1).holds(2, 2).waits(1, 2).waits(2, 1);
        let mut trial = Trial::of(script);
        assert_eq!(trial.looks(10_100, 11_900), []);
        assert_eq!(trial.look(12_000), []);
        let finding = trial.only(12_050, 12_050);
        assert_eq!(finding.tier, Tier::Persistent);
        assert!(finding.evidence.iter().any(|line| line.contains("doubt")));
    }

    #[test]
    fn doubt_that_is_younger_is_no_finding_yet() {
        let mut script = Script::new();
        script
            .task_at(1, 2, None)
            .task(2)
            .made(1, Mutex)
            .made(2, Mutex);
        script.holds(1, 1).holds(2, 2).waits(1, 2).waits(2, 1);
        let mut trial = Trial::of(script);
        assert_eq!(trial.look(11_900), []);
        assert_eq!(trial.look(11_999), []);
        assert_eq!(trial.look(12_050), []);
        assert_eq!(trial.look(12_100).len(), 1);
    }

    #[test]
    fn each_shape_has_its_words() {
        let told = |tell: fn(&mut Script)| {
            let mut script = Script::new();
            script.task(1).task(2).task(3).made(1, Mutex);
            tell(&mut script);
            let mut trial = Trial::of(script);
            let finding = trial.only(10_100, 14_100);
            assert_eq!(&*finding.rule, "deadlock");
            let summary = finding.summary.replace(" at task.rs:1", "");
            (summary, finding.advice.to_string())
        };
        let (summary, advice) = told(|s| _ = s.holds(1, 1).waits(1, 1));
        assert_eq!(
            summary,
            "task #1 waits for Mutex lock.rs:1, which it has itself"
        );
        assert!(advice.contains("guard"));
        let (summary, advice) = told(|s| {
            s.made(2, Semaphore)
                .holds(1, 2)
                .holds(2, 2)
                .waits(1, 2)
                .waits(2, 2);
        });
        assert_eq!(
            summary,
            "task #1 and task #2 have all permits of Semaphore lock.rs:2 and wait for more"
        );
        assert!(advice.contains("acquire_many"));
        let (summary, _) = told(|s| {
            s.made(2, RwLock)
                .reads(1, 2)
                .waits(2, 2)
                .waits_to_read(1, 2);
        });
        assert_eq!(
            summary,
            "task #2 and task #1 wait for each other at RwLock lock.rs:2: a reader reads again behind a writer"
        );
        let (summary, advice) = told(|s| {
            s.made(2, Mpsc).made(3, Mpsc).waits(1, 3).waits(2, 2);
            s.usage(2, |u| u.receiver = Some(task(1)))
                .usage(3, |u| u.receiver = Some(task(2)));
        });
        assert_eq!(
            summary,
            "task #1 and task #2 wait for room in each other's full mailboxes"
        );
        assert!(advice.contains("oneshot"));
        let (summary, advice) = told(|s| {
            s.made(2, Mutex)
                .made(3, Mutex)
                .holds(1, 1)
                .holds(2, 2)
                .holds(3, 3);
            s.waits(1, 2).waits(2, 3).waits(3, 1);
        });
        assert_eq!(
            summary,
            "task #1, task #2 and task #3 wait for each other's locks in a circle"
        );
        assert!(advice.contains("one order"));
    }

    #[test]
    fn a_large_circle_is_told_in_part() {
        let mut script = Script::new();
        (1..=100).for_each(|n| _ = script.task(n).made(n, Mutex).holds(n, n));
        (1..=100).for_each(|n| _ = script.waits(n, n % 100 + 1));
        let finding = Trial::of(script).only(10_100, 30_000);
        assert_eq!(finding.subjects.len(), 16);
        assert_eq!(finding.evidence.len(), 9);
        assert_eq!(&*finding.evidence[8], "and 92 more tasks of the circle");
    }

    #[test]
    fn it_is_the_only_finding_about_what_stands_behind_it() {
        let mut script = Script::crossed();
        script.task(3).made(3, Mutex).holds(2, 3).waits(3, 3);
        assert_eq!(
            Trial::of(script).rules(10_100, 30_100),
            found("deadlock", Tier::Proven)
        );
    }
    #[test]
    fn readers_are_told_as_such() {
        let mut script = Script::new();
        script
            .task(1)
            .task(2)
            .task(3)
            .made(1, RwLock)
            .made(2, RwLock);
        script
            .reads(1, 1)
            .waits(2, 1)
            .waits_to_read(1, 1)
            .holds(3, 2);
        let finding = Trial::of(script).only(10_100, 12_100);
        let evidence: Vec<_> = finding
            .evidence
            .iter()
            .map(|line| line.replace(" at task.rs:1", ""))
            .collect();
        assert_eq!(
            evidence,
            [
                "task #2 waits for RwLock lock.rs:1 for 600ms",
                "task #1 holds RwLock lock.rs:1 to read for 600ms, waits for RwLock lock.rs:1 to read, behind a writer \
                 for 600ms",
            ]
        );
        let mut script = Script::new();
        script.task(1).task(2).made(1, RwLock).made(2, Mutex);
        script
            .holds(1, 1)
            .holds(2, 2)
            .waits(1, 2)
            .waits_to_read(2, 1);
        let finding = Trial::of(script).only(10_100, 12_100);
        assert!(finding.evidence[1].ends_with("waits for RwLock lock.rs:1 to read for 600ms"));
        assert!(finding.summary.ends_with("wait for each other's locks"));
    }
}
