use crate::rules::testing::{Trial, found, nothing};
use crate::script::{ms, stack_id, task};
use crate::{Backlog, Change, Code, FindingId, Leaves, Role, State, Subject, Tier};

/// A stack of these functions, the innermost first; the first is tokio's.
fn stack(trial: &mut Trial, number: u32, functions: &[&str]) {
    let frames: Vec<_> = (0..)
        .zip(functions)
        .map(|(i, function)| {
            let code = if i == 0 { Code::Runtime } else { Code::App };
            (code, *function, number * 10 + i)
        })
        .collect();
    trial.stack(number, &frames);
}

fn stands(trial: &mut Trial, number: u64, at: u32) {
    trial.vitals(number, |v| {
        v.leaves = Leaves::new([(stack_id(at), 0)]);
        v.wakers = 1;
    });
}

fn backlog(trial: &mut Trial, socket: i32, waiting: u32) {
    trial.apply(Change::Backlog(Backlog {
        socket,
        address: ([127, 0, 0, 1], 80).into(),
        waiting,
        limit: 1024,
        since: ms(10_000),
    }));
}

const ACCEPT: u32 = 1;
const SERVE: u32 = 2;
const OTHER: u32 = 3;

/// Task 1 accepts in `listen`; `serve` is called by it. Task 2 has nothing to do with it.
fn server() -> Trial {
    let mut trial = Trial::new();
    stack(&mut trial, ACCEPT, &["TcpListener::accept", "listen"]);
    stack(&mut trial, SERVE, &["Lines::next_line", "serve", "listen"]);
    stack(&mut trial, OTHER, &["sleep", "tick"]);
    trial.task(1).task(2);
    stands(&mut trial, 1, SERVE);
    stands(&mut trial, 2, OTHER);
    trial
}

#[test]
fn a_loop_that_serves_what_it_accepts() {
    let mut trial = server();
    backlog(&mut trial, 7, 9);
    for at in [10_500, 10_999, 11_500, 12_000] {
        assert_eq!(trial.look(at), [], "{at}");
    }
    let told = trial.look(12_500);
    let [finding] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (&*finding.rule, finding.tier),
        ("accept-backlog", Tier::Persistent)
    );
    assert_eq!(
        &*finding.summary,
        "9 connections wait to be accepted, for 2.50s at least, and task #1 at task.rs:1 stands elsewhere"
    );
    let evidence: Vec<_> = finding.evidence.iter().map(|line| &**line).collect();
    assert_eq!(
        evidence,
        [
            "at 127.0.0.1:80 9 connections of at most 1024 waiting, some at each look for 2.50s",
            "connections are accepted in TcpListener::accept, at app.rs:11 in listen",
            "instead task #1 at task.rs:1 has been idle for 2.50s in Lines::next_line, at app.rs:21 in serve, \
             at app.rs:22 in listen",
        ]
    );
    assert_eq!(
        finding.subjects[0],
        Role::Blocker.of(Subject::Task(task(1)))
    );
    backlog(&mut trial, 7, 0);
    assert!(trial.only(13_000, 14_000).cleared.is_some());
}

#[test]
fn who_is_back_at_accept_now_and_then_is_only_slow() {
    let mut trial = server();
    backlog(&mut trial, 7, 9);
    for at in (10_000..20_000).step_by(500) {
        let place = if at % 1500 == 0 { ACCEPT } else { SERVE };
        stands(&mut trial, 1, place);
        assert_eq!(trial.look(at), [], "{at}");
    }
}

#[test]
fn who_is_at_accept_or_about_to_be_polled_is_no_case() {
    let mut trial = server();
    backlog(&mut trial, 7, 9);
    stands(&mut trial, 1, ACCEPT);
    assert_eq!(trial.rules(10_500, 15_000), nothing());
    for state in [State::Running, State::Done] {
        let mut trial = server();
        backlog(&mut trial, 7, 9);
        trial.vitals(1, |v| v.state = state);
        let rules = trial.rules(10_500, 15_000);
        assert!(rules.iter().all(|(rule, _)| rule != "accept-backlog"));
    }
}

#[test]
fn without_connections_that_wait_all_is_well() {
    let mut trial = server();
    assert_eq!(trial.rules(10_500, 15_000), nothing());
}

/// Task 1 serves, and no `accept` has ever had to wait.
fn crowded() -> Trial {
    let mut trial = Trial::new();
    backlog(&mut trial, 7, 9);
    stack(&mut trial, SERVE, &["Lines::next_line", "serve", "listen"]);
    trial.task(1).task(2);
    stands(&mut trial, 1, SERVE);
    trial
}

#[test]
fn where_no_accept_has_waited_it_is_not_known_who_stands_elsewhere() {
    let mut trial = crowded();
    assert_eq!(trial.looks(10_500, 11_500), []);
    let told = trial.only(12_000, 15_000);
    assert_eq!(
        (&*told.rule, told.tier),
        ("accept-backlog", Tier::Statistical)
    );
    assert_eq!(
        &*told.summary,
        "9 connections wait to be accepted, for 2.00s at least, and no task has waited at `accept` so far"
    );
    assert_eq!((told.subjects.len(), told.evidence.len()), (0, 2));
    // Now it is.
    stack(&mut trial, ACCEPT, &["TcpListener::accept", "listen"]);
    let told = trial.looks(15_500, 17_000);
    let cleared = told
        .iter()
        .map(|finding| (finding.tier, finding.cleared.is_some()));
    assert_eq!(
        cleared.collect::<Vec<_>>(),
        [(Tier::Statistical, true), (Tier::Persistent, false)]
    );
}

#[test]
fn nothing_is_said_of_who_accepts_while_it_may_come_to_be_known() {
    // A stack has no name yet.
    let mut trial = crowded();
    stands(&mut trial, 2, OTHER);
    assert_eq!(trial.rules(10_500, 15_000), nothing());
    // Tasks can't run, which is another finding.
    for state in [State::Running, State::Scheduled] {
        let mut trial = crowded();
        trial.vitals(2, |v| (v.state, v.since) = (state, ms(10_000)));
        let rules = trial.rules(10_500, 15_000);
        assert!(rules.iter().all(|(rule, _)| rule != "accept-backlog"));
    }
    for (poll, told) in [(999, true), (1000, false)] {
        let mut trial = crowded();
        for at in (11_000..15_000).step_by(500) {
            trial.vitals(2, |v| (v.state, v.since) = (State::Running, ms(at - poll)));
            trial.look(at);
        }
        let first = trial.as_told(FindingId::FIRST);
        assert_eq!(
            first.is_some_and(|told| &*told.rule == "accept-backlog"),
            told
        );
    }
    // Main may well be in its poll.
    let mut trial = crowded();
    trial.task_at(3, 2, None);
    trial.vitals(3, |v| (v.state, v.since) = (State::Running, ms(10_000)));
    assert_eq!(
        trial.rules(10_500, 15_000),
        found("accept-backlog", Tier::Statistical)
    );
}

#[test]
fn a_wait_for_a_permit_before_accepting_counts_too() {
    let mut trial = server();
    stack(&mut trial, 4, &["Semaphore::acquire", "listen"]);
    trial.task(3).made(5, crate::ResourceKind::Semaphore);
    trial.vitals(1, |v| v.leaves = Leaves::NONE);
    trial
        .waits(1, 5)
        .wait(1, |wait| wait.stack = Some(stack_id(4)));
    backlog(&mut trial, 7, 1);
    assert_eq!(
        trial.rules(10_500, 15_000),
        found("accept-backlog", Tier::Persistent)
    );
}

#[test]
fn of_two_loops_the_one_that_stands_elsewhere_is_named() {
    let mut trial = server();
    trial.task(3);
    stands(&mut trial, 3, ACCEPT);
    backlog(&mut trial, 7, 9);
    let finding = trial.only(10_500, 15_000);
    assert_eq!(
        finding.subjects[0],
        Role::Blocker.of(Subject::Task(task(1)))
    );
    assert_eq!(finding.subjects.len(), 2);
}

#[test]
fn an_outer_function_tells_only_where_nobody_else_has_it() {
    let mut trial = Trial::new();
    stack(&mut trial, ACCEPT, &["TcpListener::accept", "next", "run"]);
    stack(&mut trial, SERVE, &["Lines::next_line", "serve", "run"]);
    trial.task(1);
    stands(&mut trial, 1, SERVE);
    backlog(&mut trial, 7, 9);
    assert_eq!(
        trial.rules(10_500, 15_000),
        found("accept-backlog", Tier::Persistent)
    );
    trial.task(2);
    stands(&mut trial, 2, SERVE);
    assert!(trial.only(15_500, 20_000).cleared.is_some());
}

/// The task waits at all of these.
fn stands_at(trial: &mut Trial, number: u64, at: &[u32]) {
    let leaves = Leaves::new(at.iter().map(|at| (stack_id(*at), 0)));
    trial.vitals(number, |v| (v.leaves, v.wakers) = (leaves, at.len() as u32));
}

/// `run` calls `next`, which accepts, and `serve`: numbers 1 and 3; `next` also pauses (2).
fn nested() -> Trial {
    let mut trial = Trial::new();
    stack(&mut trial, 1, &["TcpListener::accept", "next", "run"]);
    stack(&mut trial, 2, &["Sleep", "next", "run"]);
    stack(&mut trial, 3, &["Lines::next_line", "serve", "run"]);
    (1..=3).for_each(|n| _ = trial.task(n));
    backlog(&mut trial, 7, 9);
    trial
}

#[test]
fn a_second_is_long_enough() {
    let mut trial = server();
    backlog(&mut trial, 7, 9);
    assert_eq!(trial.looks(11_000, 11_500), []);
    assert_eq!(trial.look(12_000).len(), 1);
}

#[test]
fn the_function_that_accepts_tells_more_than_one_around_it() {
    let mut trial = nested();
    stands(&mut trial, 1, 2);
    stands(&mut trial, 2, 3);
    let finding = trial.only(10_500, 15_000);
    let first = Role::Blocker.of(Subject::Task(task(1)));
    assert_eq!((finding.subjects[0], finding.subjects.len()), (first, 2));
}

#[test]
fn the_nearest_of_its_places_counts() {
    let mut trial = nested();
    stands_at(&mut trial, 1, &[3, 2]);
    stands_at(&mut trial, 2, &[2, 3]);
    assert_eq!(trial.only(10_500, 15_000).subjects.len(), 3);
}

#[test]
fn the_tasks_of_one_place_are_one_problem() {
    let mut trial = server();
    trial.task(3).task_at(4, 4, None);
    for n in [1, 3, 4] {
        stands(&mut trial, n, SERVE);
    }
    backlog(&mut trial, 7, 9);
    let findings = trial.looks(10_500, 15_000);
    let subjects: Vec<usize> = findings.iter().map(|f| f.subjects.len()).collect();
    assert_eq!(subjects, [3, 2]);
}

#[test]
fn the_least_depth_of_a_function_counts() {
    let mut trial = server();
    stack(&mut trial, 4, &["TcpListener::accept", "helper", "listen"]);
    stack(&mut trial, 5, &["TcpListener::poll_accept", "listen"]);
    trial.task(3);
    stands(&mut trial, 3, SERVE);
    backlog(&mut trial, 7, 9);
    assert_eq!(trial.only(10_500, 15_000).subjects.len(), 3);
}

#[test]
fn one_place_at_accept_among_others_is_enough() {
    let mut trial = server();
    stack(&mut trial, 4, &["TcpListener::accept", "another"]);
    stands_at(&mut trial, 1, &[SERVE, ACCEPT]);
    backlog(&mut trial, 7, 9);
    assert_eq!(trial.rules(10_500, 15_000), nothing());
    // And one elsewhere, where none is at accept. A stack without frames is none that accepts.
    stack(&mut trial, 6, &[]);
    stands_at(&mut trial, 1, &[OTHER, SERVE, 6]);
    assert_eq!(
        trial.rules(15_500, 20_000),
        found("accept-backlog", Tier::Persistent)
    );
}

#[test]
fn other_sockets_have_no_such_queue() {
    let mut trial = Trial::new();
    stack(&mut trial, ACCEPT, &["UnixListener::accept", "listen"]);
    stack(&mut trial, SERVE, &["Lines::next_line", "serve", "listen"]);
    trial.task(1);
    stands(&mut trial, 1, SERVE);
    backlog(&mut trial, 7, 9);
    assert_eq!(
        trial.rules(10_500, 15_000),
        found("accept-backlog", Tier::Statistical)
    );
}

#[test]
fn the_longest_wait_and_all_sockets_are_told() {
    let evidence = |sockets: i32| {
        let mut trial = server();
        for socket in 1..=sockets {
            backlog(&mut trial, socket, 9);
        }
        trial.apply(Change::Backlog(Backlog {
            socket: 1,
            address: ([127, 0, 0, 1], 80).into(),
            waiting: 128,
            limit: 128,
            since: ms(9000),
        }));
        let finding = trial.only(10_500, 15_000);
        assert_eq!(finding.since, ms(9000));
        finding.evidence
    };
    let four = evidence(4);
    assert!(four[0].ends_with("; no more are let in"), "{four:?}");
    assert!(!four[1].contains("no more"), "{four:?}");
    assert!(four[4].starts_with("connections are accepted"), "{four:?}");
    assert_eq!(&*evidence(5)[4], "so it is with 1 more socket");
    assert_eq!(&*evidence(7)[4], "so it is with 3 more sockets");
}
