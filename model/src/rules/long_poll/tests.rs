//! Scripts for both sides of what this rule calls wrong.

use std::num::NonZeroU16;

use crate::rules::testing::{Trial, found, nothing};
use crate::script::{millis, ms, task};
use crate::{
    Bucket, Change, Code, Nanos, Role, RuntimeId, SiteId, Sketch, Sketches, State, Subject, Tier,
};

fn running(trial: &mut Trial, number: u64, since: u64) {
    trial.vitals(number, |v| {
        v.state = State::Running;
        v.since = ms(since);
    });
}

#[test]
fn a_poll_that_does_not_return_is_told_while_it_lasts() {
    let mut trial = Trial::new();
    trial.task(1).task(2);
    running(&mut trial, 1, 10_000);
    trial.vitals(2, |v| {
        v.state = State::Scheduled;
        v.since = ms(10_100);
    });
    assert_eq!(trial.looks(10_300, 10_300), []);
    let finding = trial.only(10_800, 10_800);
    assert_eq!(
        (&*finding.rule, finding.tier),
        ("long-poll", Tier::Persistent)
    );
    assert_eq!(
        &*finding.summary,
        "task #1 at task.rs:1 has not returned from a poll for 800ms"
    );
    assert_eq!(
        finding.subjects,
        [Subject::Task(task(1)), Subject::Site(SiteId(0))].map(|subject| Role::Blocker.of(subject))
    );
    assert_eq!(finding.since, ms(10_000));
    assert_eq!(
        &*finding.evidence[1],
        "1 task waits for a worker of that runtime meanwhile, up to 700ms so far"
    );
    trial.vitals(1, |v| {
        v.state = State::Idle;
        v.since = ms(11_000);
        v.polls = 2;
        v.wakers = 1;
    });
    trial.vitals(2, |v| (v.state, v.wakers) = (State::Idle, 1));
    assert!(trial.only(11_300, 20_000).cleared.is_some());
}

#[test]
fn it_takes_as_long_as_the_threshold_says() {
    let mut trial = Trial::new();
    trial.task(1);
    running(&mut trial, 1, 10_000);
    trial.look(10_500);
    assert_eq!(trial.look(10_690), []);
    assert_eq!(trial.look(10_750).len(), 1);
    let mut trial = Trial::new();
    trial.task(1);
    running(&mut trial, 1, 10_000);
    trial.look(10_500);
    assert_eq!(trial.look(10_749), []);
}

#[test]
fn a_poll_that_nobody_saw_before_may_be_that_of_a_process_that_was_stopped() {
    let mut trial = Trial::new();
    trial.task(1);
    running(&mut trial, 1, 10_000);
    assert_eq!(trial.look(60_000), []);
    running(&mut trial, 1, 60_100);
    assert_eq!(trial.look(61_000), []);
    assert_eq!(trial.look(61_500).len(), 1);
}

#[test]
fn many_polls_one_after_another_are_none() {
    let mut trial = Trial::new();
    trial.task(1);
    for at in (10_000..20_000).step_by(500) {
        running(&mut trial, 1, at - 100);
        assert_eq!(trial.look(at), []);
    }
}

#[test]
fn blocking_work_has_its_own_thread() {
    let mut trial = Trial::new();
    trial.task_at(1, 1, None);
    running(&mut trial, 1, 10_000);
    assert_eq!(trial.rules(10_100, 20_100), nothing());
    trial.vitals(1, |v| (v.state, v.busy) = (State::Done, millis(10_000)));
    assert_eq!(trial.rules(20_600, 21_600), nothing());
}

#[test]
fn main_may_block_its_own_thread_but_not_that_of_others() {
    let mut trial = Trial::new();
    trial.task_at(1, 2, None).task(2);
    running(&mut trial, 1, 10_000);
    trial.vitals(2, |v| v.wakers = 1);
    assert_eq!(trial.rules(10_100, 20_100), nothing());
    trial.vitals(2, |v| (v.state, v.since) = (State::Scheduled, ms(20_100)));
    assert_eq!(trial.rules(20_200, 20_400), nothing());
    assert_eq!(
        trial.rules(20_500, 23_000),
        found("long-poll", Tier::Persistent)
    );
    // Another task runs there, so main is not what occupies the worker.
    let mut trial = Trial::new();
    trial.task_at(1, 2, None).task(2).task(3);
    running(&mut trial, 1, 10_000);
    trial.vitals(2, |v| (v.state, v.since) = (State::Scheduled, ms(10_000)));
    for at in (10_100..10_900).step_by(100) {
        running(&mut trial, 3, at);
        assert_eq!(trial.look(at), []);
    }
}

#[test]
fn main_occupies_its_thread_once_others_have_waited_half_as_long_as_a_long_poll() {
    let told = |at| {
        let mut trial = Trial::new();
        trial.task_at(1, 2, None).task(2);
        running(&mut trial, 1, 10_000);
        trial.vitals(2, |v| (v.state, v.since) = (State::Scheduled, ms(10_625)));
        trial.rules(10_500, 10_500);
        trial.rules(at, at)
    };
    assert_eq!(told(10_999), nothing());
    assert_eq!(told(11_000), found("long-poll", Tier::Persistent));
}

#[test]
fn one_place_is_one_problem() {
    let mut trial = Trial::new();
    for n in 1..=4 {
        trial.task(n);
        running(&mut trial, n, 10_000 - n);
    }
    trial.look(10_100);
    let finding = trial.only(10_900, 10_900);
    assert_eq!(
        finding.subjects[0],
        Role::Blocker.of(Subject::Task(task(4)))
    );
    assert_eq!(
        &*finding.evidence[1],
        "so it is with 3 more tasks of this place"
    );
}

#[test]
fn polls_that_are_over_are_told_once_and_cleared_at_once() {
    let mut trial = Trial::new();
    trial.task(1).vitals(1, |v| {
        v.wakers = 1;
        v.polls = 2;
        v.busy = millis(1500);
    });
    let finding = trial.only(10_100, 20_100);
    assert!(finding.cleared.is_some());
    assert_eq!(
        &*finding.summary,
        "task #1 at task.rs:1 took 750ms or more for a poll"
    );
    assert_eq!(&*finding.evidence[0], "2 polls took 1.50s in all");
    let mut trial = Trial::new();
    trial
        .task(1)
        .vitals(1, |v| (v.wakers, v.polls, v.busy) = (1, 2, millis(1499)));
    assert_eq!(trial.rules(10_100, 20_100), nothing());
}

#[test]
fn one_long_poll_among_many_short_ones_shows_in_the_distribution() {
    let told = |longest: u64| {
        let mut trial = Trial::new();
        trial.task(1);
        let bucket = |from: u64, count| Bucket {
            from: millis(from),
            to: Nanos(u64::MAX),
            count,
        };
        let sketches = Sketches {
            polls: Sketch::new([bucket(1, 1000), bucket(longest, 1)]),
            delays: Sketch::default(),
        };
        trial.apply(Change::Sketched(task(1), Box::new(sketches)));
        trial.vitals(1, |v| {
            (v.state, v.polls, v.busy) = (State::Done, 1001, millis(3000))
        });
        trial.rules(10_100, 20_100)
    };
    assert_eq!(told(749), nothing());
    assert_eq!(told(750), found("long-poll", Tier::Persistent));
}

#[test]
fn its_runtime_is_remembered_for_a_while() {
    let [first, second] = [1, 2].map(|n| NonZeroU16::new(n).map(RuntimeId));
    let mut memory = super::Memory::default();
    assert!(!memory.has_blocked(None, ms(10_000)));
    memory.last.insert(first, ms(10_000));
    let blocked = |of, at| memory.has_blocked(of, ms(at));
    assert!(blocked(first, 14_999) && !blocked(first, 15_000));
    assert!(!blocked(second, 10_000));
    assert!(blocked(None, 10_000));
    let mut memory = super::Memory::default();
    memory.last.insert(None, ms(10_000));
    assert!(memory.has_blocked(second, ms(10_000)));
}

#[test]
fn only_tasks_of_the_same_runtime_wait_because_of_it() {
    let mut trial = Trial::new();
    let [first, second] = [1, 2].map(|n| NonZeroU16::new(n).map(RuntimeId));
    trial.task(1);
    running(&mut trial, 1, 10_000);
    for (n, runtime) in [(2, first), (3, second), (4, second), (5, None)] {
        trial.task(n).vitals(n, |v| {
            (v.state, v.since, v.runtime) = (State::Scheduled, ms(10_500), runtime);
        });
    }
    trial.look(10_300);
    let finding = trial.only(10_800, 10_800);
    assert!(
        finding.evidence[1].starts_with("2 tasks wait"),
        "{finding:#?}"
    );
    // Where the runtime of the poll is not known, all may.
    trial.vitals(1, |v| v.runtime = None);
    assert_eq!(trial.look(11_700), []);
    let later = trial.as_told(finding.id).expect("it stands");
    assert!(later.evidence[1].starts_with("4 tasks wait"), "{later:#?}");
}

#[test]
fn what_is_under_way_is_not_told_as_past_too() {
    let mut trial = Trial::new();
    trial.task(1).task(2);
    running(&mut trial, 1, 10_000);
    trial.vitals(2, |v| (v.polls, v.busy) = (1, millis(60_000)));
    trial.look(10_300);
    running(&mut trial, 1, 10_000);
    trial.vitals(2, |v| (v.polls, v.busy) = (2, millis(120_000)));
    let findings = trial.look(10_800);
    assert_eq!(
        (findings.len(), findings[0].cleared),
        (1, None),
        "{findings:#?}"
    );
    assert_eq!(
        findings[0].subjects[0],
        Role::Blocker.of(Subject::Task(task(1)))
    );
    // Main has its own thread, also when its poll is over.
    let mut trial = Trial::new();
    trial
        .task_at(1, 2, None)
        .vitals(1, |v| (v.polls, v.busy) = (1, millis(60_000)));
    assert_eq!(trial.rules(10_100, 20_100), nothing());
}

#[test]
fn of_several_that_are_over_the_longest_is_told() {
    let mut trial = Trial::new();
    for (n, busy) in [(1, 2000), (2, 5000), (3, 3000)] {
        trial
            .task(n)
            .vitals(n, |v| (v.polls, v.busy) = (1, millis(busy)));
    }
    assert_eq!(
        &*trial.only(10_100, 20_100).summary,
        "task #2 at task.rs:1 took 5.00s or more for a poll"
    );
}

/// The poll of a task that began then was looked at.
fn looked_at(trial: &mut Trial, number: u64, since: u64, in_place: bool) {
    let frames = [
        (Code::Std, "std::thread::sleep", 0),
        (Code::App, "upload", 33),
    ];
    trial.stack(9, &frames).blocked(number, since, 9, in_place);
}

#[test]
fn who_has_handed_its_worker_over_may_block() {
    let mut trial = Trial::new();
    trial.task(1).task(2);
    running(&mut trial, 1, 10_000);
    looked_at(&mut trial, 1, 10_000, true);
    assert_eq!(trial.rules(10_300, 15_000), nothing());
    trial.vitals(1, |v| {
        v.state = State::Idle;
        v.since = ms(15_000);
        (v.polls, v.busy, v.wakers) = (2, millis(5000), 1);
    });
    assert_eq!(trial.rules(15_300, 18_000), nothing());
    // The next poll is another one.
    running(&mut trial, 1, 18_000);
    assert_eq!(
        trial.rules(18_500, 20_000),
        found("long-poll", Tier::Persistent)
    );
}

#[test]
fn past_polls_of_one_stack_are_counted() {
    let mut trial = Trial::new();
    for n in 1..=3 {
        trial.task(n);
        trial.vitals(n, |v| (v.polls, v.busy, v.wakers) = (1, millis(2000), 1));
        looked_at(&mut trial, n, 9000, false);
    }
    let finding = trial.only(10_300, 12_000);
    assert_eq!(
        &*finding.evidence[1],
        "3 long polls were seen blocked in nanosleep: std::thread::sleep, at app.rs:33 in upload"
    );
}

#[test]
fn who_is_looked_at_gets_a_second_more_to_be_seen() {
    let trial = || {
        let mut trial = Trial::with_polls_seen();
        trial.task(1);
        running(&mut trial, 1, 10_000);
        trial
    };
    let mut unseen = trial();
    assert_eq!(unseen.rules(10_500, 11_950), nothing());
    assert_eq!(
        unseen.rules(12_000, 12_500),
        found("long-poll", Tier::Persistent)
    );
    let mut seen = trial();
    looked_at(&mut seen, 1, 10_000, false);
    assert_eq!(
        seen.rules(10_500, 11_000),
        found("long-poll", Tier::Persistent)
    );
}
