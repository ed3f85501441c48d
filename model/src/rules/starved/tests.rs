//! Scripts for both sides of what this rule calls wrong.

use super::Load;
use crate::rules::testing::{Trial, found, nothing};
use crate::script::{RUNTIME, millis, ms, stack_id};
use crate::{Change, Code, Leaves, State, Subject, Tier, Totals};

/// Tasks 1 to 4 take turns at one worker; task 9 has been woken at 10 s.
fn starving() -> Trial {
    let mut trial = Trial::new();
    (1..=4).for_each(|n| _ = trial.task(n));
    trial
        .task(9)
        .vitals(9, |v| (v.state, v.since) = (State::Scheduled, ms(10_000)));
    trial
}

fn turn(trial: &mut Trial, at: u64) {
    for n in 1..=4 {
        let runs = at / 500 % 4 + 1 == n;
        trial.vitals(n, |v| {
            v.state = if runs {
                State::Running
            } else {
                State::Scheduled
            };
            v.since = ms(at - 50);
            v.polls += 10;
            v.busy += millis(120);
        });
    }
}

fn told(trial: &mut Trial, from: u64, to: u64) -> Vec<crate::Finding> {
    let mut told = Vec::new();
    for at in (from..=to).step_by(500) {
        turn(trial, at);
        told.extend(trial.look(at));
    }
    told
}

#[test]
fn those_who_wait_are_named_with_those_who_work() {
    let mut trial = starving();
    assert_eq!(told(&mut trial, 10_400, 10_900), []);
    let findings = told(&mut trial, 11_400, 15_400);
    let [finding] = &findings[..] else {
        panic!("{findings:#?}")
    };
    assert_eq!(
        (&*finding.rule, finding.tier),
        ("starved", Tier::Persistent)
    );
    assert_eq!(finding.cleared, None);
    assert_eq!(
        &*finding.summary,
        "1 task that is ready waits for a worker, up to 1.90s; the tasks of task.rs:1 keep the workers busy"
    );
    assert_eq!(finding.subjects[0], Subject::Runtime(RUNTIME).into());
    assert!(
        finding
            .evidence
            .contains(&"4 tasks spawned at task.rs:1 took 480ms in polls in the last 500ms".into()),
        "{:?}",
        finding.evidence
    );
}

#[test]
fn where_those_who_work_take_turns_is_told() {
    let mut trial = starving();
    trial.stack(
        1,
        &[
            (Code::Runtime, "tokio::task::yield_now", 0),
            (Code::App, "app::render", 22),
        ],
    );
    trial.stack(2, &[(Code::App, "app::health", 30)]);
    for n in 1..=4 {
        trial.vitals(n, |v| v.leaves = Leaves::new([(stack_id(1), 0)]));
    }
    // Of those who wait it does not matter.
    trial.vitals(9, |v| v.leaves = Leaves::new([(stack_id(2), 0)]));
    let findings = told(&mut trial, 10_400, 12_400);
    let [finding] = &findings[..] else {
        panic!("{findings:#?}")
    };
    let told = finding
        .evidence
        .iter()
        .find(|line| line.starts_with("one of them"));
    assert_eq!(
        told.map(|line| &**line),
        Some(
            "one of them: in its last poll it left a waker in tokio::task::yield_now, at app.rs:22 in app::render"
        )
    );
}

#[test]
fn it_takes_a_second() {
    let mut trial = starving();
    turn(&mut trial, 10_500);
    assert_eq!(trial.look(10_500), []);
    turn(&mut trial, 10_999);
    assert_eq!(trial.look(10_999), []);
    turn(&mut trial, 11_100);
    assert_eq!(trial.look(11_100), []);
    turn(&mut trial, 11_200);
    assert_eq!(trial.look(11_200).len(), 1);
    let mut trial = starving();
    for at in [10_400, 10_900, 11_000] {
        turn(&mut trial, at);
        assert_eq!(trial.look(at), []);
    }
    turn(&mut trial, 11_050);
    assert_eq!(trial.look(11_050).len(), 1);
}

#[test]
fn many_who_wait_are_one_problem() {
    let mut trial = starving();
    for n in 100..600 {
        trial.task(n).vitals(n, |v| {
            (v.state, v.since) = (State::Scheduled, ms(10_000 + n))
        });
    }
    let findings = told(&mut trial, 10_400, 20_000);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(
        findings[0]
            .summary
            .starts_with("501 tasks that are ready wait for a worker")
    );
}

#[test]
fn busy_workers_that_get_to_everybody_in_time_are_healthy() {
    let mut trial = starving();
    for at in (10_000..20_000).step_by(500) {
        trial.vitals(9, |v| v.since = ms(at - 400));
        turn(&mut trial, at);
        assert_eq!(trial.look(at), []);
    }
}

#[test]
fn without_anybody_who_works_nobody_is_starved() {
    let mut trial = Trial::new();
    trial
        .task(9)
        .vitals(9, |v| (v.state, v.since) = (State::Scheduled, ms(10_000)));
    assert_eq!(trial.rules(10_100, 20_100), nothing());
    // The totals say that workers are busy, though no look met a task in a poll.
    for at in (20_600..23_000).step_by(500) {
        let totals = Totals {
            workers: 2,
            worker_busy: millis(at * 2),
            ..Totals::default()
        };
        trial.apply(Change::Totals(Box::new(totals)));
        let rules = trial.rules(at, at);
        let expected = if at == 21_100 {
            found("starved", Tier::Persistent)
        } else {
            nothing()
        };
        assert_eq!(rules, expected, "at {at}");
    }
}

#[test]
fn those_behind_a_poll_that_does_not_return_are_that_polls_evidence() {
    let mut trial = starving();
    trial.vitals(1, |v| (v.state, v.since) = (State::Running, ms(10_000)));
    let rules = trial.rules(10_100, 11_100);
    assert_eq!(rules, found("long-poll", Tier::Persistent));
    trial.vitals(1, |v| (v.state, v.since) = (State::Idle, ms(11_200)));
    trial.vitals(1, |v| (v.wakers, v.polls) = (1, 100));
    for at in [11_600, 12_100, 12_600] {
        trial.vitals(2, |v| (v.state, v.since) = (State::Running, ms(at - 10)));
        let rules = trial.rules(at, at);
        assert!(
            !rules.iter().any(|(rule, _)| rule == "starved"),
            "{rules:?}"
        );
    }
}

#[test]
fn new_tasks_wait_like_old_ones_where_no_worker_is_left() {
    let mut trial = starving();
    trial.task(10).vitals(10, |v| {
        (v.state, v.since, v.polls, v.runtime) = (State::Scheduled, ms(10_000), 0, None);
    });
    let findings = told(&mut trial, 10_400, 20_000);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(
        findings[0].summary.starts_with("2 tasks that are ready"),
        "{}",
        findings[0].summary
    );
}

#[test]
fn a_task_in_a_poll_at_every_other_look_occupies_nobody() {
    let mut trial = starving();
    for at in (10_500..20_000).step_by(500) {
        trial.vitals(1, |v| {
            v.state = if at % 1000 == 0 {
                State::Running
            } else {
                State::Idle
            };
            v.since = ms(at - 10);
        });
        assert_eq!(trial.look(at), []);
    }
}

#[test]
fn what_workers_did_before_the_last_look_does_not_count() {
    let mut trial = Trial::new();
    trial
        .task(9)
        .vitals(9, |v| (v.state, v.since) = (State::Scheduled, ms(10_000)));
    for (at, workers) in [
        (10_100, 2),
        (11_600, 2),
        (12_100, 2),
        (12_600, 0),
        (13_100, 0),
    ] {
        let totals = Totals {
            workers,
            worker_busy: millis(1_000_000),
            ..Totals::default()
        };
        trial.apply(Change::Totals(Box::new(totals)));
        assert_eq!(trial.look(at), []);
    }
}

#[test]
fn a_runtime_is_full_when_no_worker_is_left() {
    let [first, second] = [1, 2].map(|n| std::num::NonZeroU16::new(n).map(crate::RuntimeId));
    let load = |running: &[(Option<crate::RuntimeId>, usize)], share| Load {
        running: Some(running.iter().copied().collect()),
        workers: 2,
        share,
        blocked: false,
    };
    let idle = load(&[], Some(0.79));
    assert!(!idle.is_full(first) && !idle.is_full(None) && !idle.is_busy(first));
    assert!(load(&[], Some(0.8)).is_full(first) && load(&[], Some(0.8)).is_busy(None));
    let busy = load(&[(first, 1)], None);
    assert!(busy.is_busy(first) && !busy.is_full(first) && busy.is_busy(None));
    assert!(!busy.is_busy(second));
    let full = load(&[(first, 2)], None);
    assert!(full.is_full(first) && full.is_full(None) && !full.is_full(second));
    assert!(load(&[(None, 2)], None).is_full(second));
    assert!(load(&[], None).blocked(true).is_full(first));
    assert!(!load(&[], None).blocked(false).is_full(first));
    // At the first look nothing is known yet.
    let first_look = Load {
        running: None,
        ..load(&[], None)
    };
    assert!(first_look.is_full(first) && !first_look.is_busy(first));
}

#[test]
fn a_worker_that_is_free_at_one_of_two_looks_is_free() {
    let mut trial = Trial::new();
    let totals = Totals {
        workers: 2,
        ..Totals::default()
    };
    trial.apply(Change::Totals(Box::new(totals)));
    trial.task(1).task(2).task(9).vitals(9, |v| {
        (v.state, v.since, v.polls) = (State::Scheduled, ms(10_000), 0);
    });
    let mut told = Vec::new();
    for at in (10_500..14_000).step_by(500) {
        trial.vitals(1, |v| (v.state, v.since) = (State::Running, ms(at - 10)));
        trial.vitals(2, |v| {
            v.state = if at % 1000 == 0 {
                State::Running
            } else {
                State::Idle
            };
            v.since = ms(at - 10);
        });
        told.extend(trial.rules(at, at));
    }
    assert_eq!(told, found("never-polled", Tier::Persistent));
}

#[test]
fn busy_time_without_workers_tells_nothing() {
    let mut trial = Trial::new();
    trial
        .task(9)
        .vitals(9, |v| (v.state, v.since) = (State::Scheduled, ms(10_000)));
    for at in (10_100..14_000).step_by(500) {
        let totals = Totals {
            worker_busy: millis(at),
            ..Totals::default()
        };
        trial.apply(Change::Totals(Box::new(totals)));
        assert_eq!(trial.look(at), []);
    }
}

#[test]
fn work_on_threads_of_its_own_takes_no_time_of_workers() {
    let mut trial = starving();
    trial.task_at(20, 1, None).task(21);
    let mut told = Vec::new();
    for at in (10_400..12_000).step_by(500) {
        turn(&mut trial, at);
        trial.vitals(20, |v| {
            (v.state, v.since) = (State::Running, ms(at - 5));
            v.busy += millis(490);
        });
        // It is woken and has nothing to do.
        trial.vitals(21, |v| v.wakes += 1);
        told.extend(trial.look(at));
    }
    let [finding] = &told[..] else {
        panic!("{told:#?}")
    };
    let evidence = format!("{:?}", finding.evidence);
    assert!(
        evidence.contains("\"4 tasks spawned at task.rs:1 took"),
        "{evidence}"
    );
    assert!(!evidence.contains("blocking.rs"), "{evidence}");
}

#[test]
fn a_poll_from_before_the_last_look_takes_time_too() {
    let mut trial = Trial::new();
    trial.task(1).task(2);
    trial
        .task(9)
        .vitals(9, |v| (v.state, v.since) = (State::Scheduled, ms(10_000)));
    trial.vitals(1, |v| (v.state, v.since) = (State::Running, ms(10_600)));
    // What changed last before a look is no exception.
    trial.vitals(2, |v| v.wakes += 1);
    let mut told = Vec::new();
    for at in [10_650, 11_000, 11_150, 11_300] {
        told.extend(trial.look(at));
    }
    let [finding] = &told[..] else {
        panic!("{told:#?}")
    };
    let evidence = format!("{:?}", finding.evidence);
    assert!(
        evidence.contains("\"1 task spawned at task.rs:1 took 150ms in polls in the last 150ms"),
        "{evidence}"
    );
}

/// The evidence of the one finding of these looks, while task 1 to 4 take turns.
fn evidence(trial: &mut Trial, from: u64, to: u64) -> Vec<String> {
    let findings = told(trial, from, to);
    let [finding] = &findings[..] else {
        panic!("{findings:#?}")
    };
    finding.evidence.iter().map(ToString::to_string).collect()
}

#[test]
fn the_busiest_of_those_that_left_a_waker_in_their_last_poll_says_where() {
    let mut trial = starving();
    for n in 1..=4u32 {
        trial.stack(n, &[(Code::App, "app::step", n)]);
        // Task 4 leaves none in its last poll, and task 2 none at all.
        let leaves = match n {
            2 => Leaves::default(),
            n => Leaves::new([(stack_id(n), u8::from(n == 4))]),
        };
        trial.vitals(n.into(), |v| {
            v.leaves = leaves;
            v.busy = millis([0, 300, 400, 200, 500][n as usize]);
        });
    }
    let lines = evidence(&mut trial, 10_400, 12_400);
    let places: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("one of them"))
        .collect();
    let [place] = places[..] else {
        panic!("{lines:#?}")
    };
    assert!(place.contains("app.rs:1 in app::step"), "{place}");
}

#[test]
fn what_a_task_did_before_it_was_known_is_not_counted() {
    let mut trial = starving();
    // A task as old as the others, which did nothing at these looks.
    trial.task(30);
    let mut lines = Vec::new();
    for at in (10_400..=12_400).step_by(500) {
        turn(&mut trial, at);
        if at == 11_900 {
            trial.vitals(30, |v| (v.polls, v.busy) = (100, millis(20_000)));
        }
        let findings = trial.look(at);
        lines.extend(findings.into_iter().flat_map(|finding| finding.evidence));
    }
    let lines = format!("{lines:#?}");
    assert!(lines.contains("4 tasks spawned at task.rs:1"), "{lines}");
    assert!(!lines.contains("20."), "{lines}");
}
