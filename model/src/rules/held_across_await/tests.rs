//! Scripts for both sides of what this rule calls wrong.

use crate::ResourceKind::{Barrier, Mpsc, Mutex, OnceCell, Oneshot, RwLock, Semaphore};
use crate::rules::testing::{Trial, found, nothing};
use crate::script::{Script, resource, task};
use crate::{Holder, PlaceId, Role, State, Subject, Sureness, Tier};

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
        Subject::Resource(resource(1)).into(),
        Role::Holder.of(Subject::Task(task(1))),
        Role::Waiter.of(Subject::Task(task(2))),
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
        [
            Subject::Resource(resource(1)).into(),
            Role::Holder.of(Subject::Task(task(1)))
        ]
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
    assert!(finding.advice.contains("permit"));
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
#[test]
fn the_longest_wait_counts_and_all_who_wait_are_counted() {
    let mut script = held(Mutex);
    script.now(10_400).task(3).waits(3, 1).task(4).waits(4, 1);
    script.wait(3, |wait| wait.timed = true);
    let mut trial = Trial::of(script);
    assert_eq!(trial.look(10_900), []);
    assert_eq!(trial.look(11_000), []);
    let finding = trial.only(11_050, 20_000);
    assert!(
        finding.summary.ends_with("and 2 others wait for it"),
        "{}",
        finding.summary
    );
    assert!(finding.advice.contains("guard"));
    let longest = finding.evidence.last().unwrap();
    assert_eq!(&**longest, "the longest wait for it is 1.05s so far");
    assert_eq!(finding.since, crate::script::ms(10_000));
}

#[test]
fn of_several_locks_of_a_place_the_one_that_is_waited_for_longest_is_told() {
    let mut script = Script::new();
    for n in [1, 2, 3] {
        script
            .now(10_000 + 100 * (4 - n))
            .task(n)
            .made(n, Mutex)
            .holds(n, n)
            .vitals(n, |v| v.wakers = 1);
        let mut lock = script.world.resource(resource(n)).unwrap().clone();
        lock.origin.place = PlaceId(1);
        script.apply(crate::Change::Resource(Box::new(lock)));
        script.task(10 + n).waits(10 + n, n);
    }
    for n in [1, 2, 3] {
        // In whatever order the waits are kept.
        script.wait(n, |wait| {
            wait.since = crate::script::ms(9000 + 100 * (n % 3))
        });
    }
    let finding = Trial::of(script).only(12_000, 20_000);
    assert_eq!(
        finding.subjects[..2],
        [
            Subject::Resource(resource(3)).into(),
            Role::Holder.of(Subject::Task(task(3)))
        ]
    );
    assert!(finding.evidence.last().unwrap().contains("2 more locks"));
}
#[test]
fn it_is_so_since_somebody_waits_for_the_first_of_those_who_hold() {
    let since = |holds: [u64; 2], waits: u64| {
        let mut script = Script::new();
        script.task(1).task(2).task(3).made(1, RwLock);
        for (n, since) in (1..).zip(holds) {
            script.now(since).reads(n, 1).vitals(n, |v| v.wakers = 1);
        }
        script.now(waits).waits(3, 1);
        Trial::of(script).only(13_000, 20_000).since
    };
    assert_eq!(since([10_000, 10_300], 10_400), crate::script::ms(10_400));
    let mut script = held(RwLock);
    script
        .now(10_500)
        .task(3)
        .reads(3, 1)
        .vitals(3, |v| v.wakers = 1);
    script.usage(1, |usage| usage.holds[0].since = crate::script::ms(10_200));
    let finding = Trial::of(script).only(13_000, 20_000);
    assert_eq!(finding.since, crate::script::ms(10_200));
}

#[test]
fn a_wait_for_something_that_is_gone_excuses_nobody() {
    let mut script = held(Mutex);
    script.made(2, Mutex).waits(1, 2);
    script.apply(crate::Change::ResourceGone(resource(2)));
    assert_eq!(
        Trial::of(script).rules(10_100, 30_100),
        found("held-across-await", Tier::Persistent)
    );
}

/// What tokio tells as a wait but nobody holds (a message, a barrier) is something else that the holder awaits.
#[test]
fn who_awaits_a_message_or_a_barrier_keeps_the_guard_meanwhile() {
    for kind in [Oneshot, Barrier] {
        let mut script = Script::new();
        script.task(1).task(2).task(3).made(1, Mutex).made(2, kind);
        script
            .holds(1, 1)
            .waits(1, 2)
            .waits(2, 1)
            .waits(3, 1)
            .now(10_500);
        let finding = Trial::of(script).only(10_600, 20_600);
        assert_eq!(&*finding.rule, "held-across-await", "{kind}");
        let subjects = [
            Subject::Resource(resource(1)).into(),
            Role::Holder.of(Subject::Task(task(1))),
            Role::Waiter.of(Subject::Task(task(2))),
            Role::Waiter.of(Subject::Task(task(3))),
        ];
        assert_eq!(finding.subjects, subjects, "{kind}");
    }
}

/// At a barrier wait those who came; who is missing waits for what one of them keeps.
#[test]
fn who_waits_at_a_barrier_for_those_behind_its_guard_is_named() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, Mutex).made(2, Barrier);
    script.task(3).waits(3, 2);
    script.holds(1, 1).waits(1, 2).waits(2, 1).now(10_500);
    let finding = Trial::of(script).only(10_600, 20_600);
    assert_eq!(&*finding.rule, "held-across-await");
    assert_eq!(
        finding.subjects[1..],
        [
            Role::Holder.of(Subject::Task(task(1))),
            Role::Waiter.of(Subject::Task(task(2)))
        ]
    );
}

/// Nobody holds a message or a barrier: those who wait for one alone are no case, however many and long.
#[test]
fn who_waits_for_a_message_or_at_a_barrier_alone_is_no_case() {
    for kind in [Oneshot, Barrier] {
        let mut script = Script::new();
        script.task(1).task(2).made(1, kind);
        script.waits(1, 1).waits(2, 1).now(10_500);
        assert_eq!(Trial::of(script).rules(10_600, 40_600), nothing(), "{kind}");
    }
}
