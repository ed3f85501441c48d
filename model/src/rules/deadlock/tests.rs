//! Scripts for both sides of what is a deadlock.

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
