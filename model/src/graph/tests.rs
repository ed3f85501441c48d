//! Small worlds whose knots are known.

mod large;
mod laws;
mod sides;

use super::{Knot, WaitGraph};
use crate::ResourceKind::{Mpsc, Mutex, Oneshot, RwLock, Semaphore};
use crate::script::{Script, ms, task};
use crate::{Change, Holder, LastWaker, Mode, State, Sureness};

fn graph(script: &Script) -> WaitGraph {
    WaitGraph::of(&script.world)
}

fn members(knot: &Knot) -> Vec<u64> {
    knot.members.iter().map(|m| m.task.number()).collect()
}

/// The tasks of each knot, and whether it is certain.
fn knots(script: &Script) -> Vec<(Vec<u64>, bool)> {
    let graph = graph(script);
    let knots = graph.knots().iter();
    knots.map(|knot| (members(knot), knot.certain)).collect()
}

#[test]
fn two_locks_taken_in_two_orders() {
    let script = Script::crossed();
    let graph = graph(&script);
    let [knot] = graph.knots() else {
        panic!("{:?}", graph.knots())
    };
    assert_eq!((members(knot), knot.cycle, knot.tasks), (vec![1, 2], 2, 2));
    assert!(knot.certain && !knot.parked && !knot.mailbox);
    let first = &knot.members[0];
    assert_eq!((first.resource.number(), first.behind), (2, false));
    assert_eq!(first.holds[0].resource.number(), 1);
}

#[test]
fn a_chain_that_ends_with_a_task_that_goes_on_is_no_knot() {
    let mut script = Script::new();
    script.task(1).task(2).task(3);
    script.made(1, Mutex).made(2, Mutex);
    script.holds(1, 1).holds(2, 2).waits(2, 1).waits(3, 2);
    assert_eq!(knots(&script), []);
    let graph = graph(&script);
    assert_eq!(graph.stuck(), 0);
    let [chain] = graph.chains() else {
        panic!("{:?}", graph.chains())
    };
    let along: Vec<_> = chain.links.iter().map(|l| l.resource.number()).collect();
    assert_eq!((along, chain.length, chain.knot), (vec![2, 1], 2, None));
    assert_eq!(chain.links[0].holders, [Holder::Task(task(2))]);
}

#[test]
fn whoever_can_be_woken_otherwise_is_not_stuck() {
    let still = |change: fn(&mut Script)| {
        let mut script = Script::crossed();
        change(&mut script);
        knots(&script)
    };
    assert_eq!(still(|_| ()), [(vec![1, 2], true)]);
    assert_eq!(still(|s| _ = s.vitals(1, |v| v.wakers = 2)), []);
    assert_eq!(
        still(|s| _ = s.vitals(1, |v| v.state = State::Scheduled)),
        []
    );
    assert_eq!(still(|s| _ = s.vitals(1, |v| v.state = State::Running)), []);
    assert_eq!(still(|s| _ = s.vitals(1, |v| v.state = State::Done)), []);
    assert_eq!(still(|s| _ = s.wait(2, |w| w.timed = true)), []);
    // The wait is newer than the news of its task.
    assert_eq!(still(|s| _ = s.wait(1, |w| w.since = ms(10_001))), []);
    assert_eq!(still(|s| _ = s.apply(Change::Gone(task(2)))), []);
}

#[test]
fn a_wait_that_can_be_served_lets_its_task_go_whatever_else_it_waits_for() {
    let mut script = Script::crossed();
    script.made(3, Mutex).waits(1, 3);
    assert_eq!(knots(&script), []);
    let mut script = Script::crossed();
    script.made(3, Oneshot).waits(2, 3);
    assert_eq!(knots(&script), []);
}

#[test]
fn a_block_on_is_in_doubt() {
    let mut script = Script::new();
    script.task_at(1, 2, None).task(2);
    script.made(1, Mutex).made(2, Mutex);
    script.holds(1, 1).holds(2, 2).waits(1, 2).waits(2, 1);
    // Nothing is known of its wakers.
    script.vitals(1, |v| v.wakers = 0);
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
}

#[test]
fn a_thread_in_blocking_lock_is_in_doubt() {
    let mut script = Script::new();
    script.task_at(1, 1, None).task(2);
    script.made(1, Mutex).made(2, Mutex);
    script.holds(1, 1).holds(2, 2).waits(1, 2).waits(2, 1);
    script.vitals(1, |v| v.state = State::Running);
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
}

#[test]
fn a_reader_behind_a_writer_that_waits_for_that_reader() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, RwLock);
    script.reads(1, 1).waits(2, 1).waits_to_read(1, 1);
    let graph = graph(&script);
    let [knot] = graph.knots() else {
        panic!("{:?}", graph.knots())
    };
    assert!(knot.certain);
    assert_eq!((members(knot), knot.cycle), (vec![2, 1], 2));
    assert_eq!(
        (knot.members[0].behind, knot.members[1].behind),
        (false, true)
    );
}

#[test]
fn a_reader_behind_a_writer_with_a_timeout_waits_no_longer_than_that() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, RwLock);
    script.reads(1, 1).waits(2, 1).waits_to_read(1, 1);
    script.wait(1, |wait| wait.timed = true);
    assert_eq!(knots(&script), []);
}

#[test]
fn readers_do_not_wait_for_readers() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, RwLock).made(2, Mutex);
    script
        .reads(1, 1)
        .holds(2, 2)
        .waits(1, 2)
        .waits_to_read(2, 1);
    assert_eq!(knots(&script), []);
}

#[test]
fn permits_are_stuck_when_all_who_have_some_are() {
    let mut script = Script::new();
    script.task(1).task(2).task(3).made(1, Semaphore);
    script
        .holds(1, 1)
        .holds(2, 1)
        .waits(1, 1)
        .waits(2, 1)
        .waits(3, 1);
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
    assert_eq!(graph(&script).knots()[0].behind, 1);

    let mut free = script.clone();
    free.holds(3, 1).vitals(3, |v| v.wakers = 5);
    assert_eq!(knots(&free), []);
    let mut unlisted = script.clone();
    unlisted.usage(1, |usage| usage.unlisted = 1);
    assert_eq!(knots(&unlisted), []);
    let mut partial = script.clone();
    partial.usage(1, |usage| usage.sureness = Sureness::Partial);
    assert_eq!(knots(&partial), []);
    let mut moved = script.clone();
    moved.usage(1, |usage| usage.sureness = Sureness::Moved);
    assert_eq!(knots(&moved), []);
    let mut thread = script;
    thread.usage(1, |usage| usage.holds[0].holder = Holder::NoTask);
    assert_eq!(knots(&thread), []);
}

#[test]
fn an_accept_loop_that_gives_its_permits_to_its_connections_is_not_stuck() {
    let mut script = Script::new();
    script
        .task(1)
        .made(1, Semaphore)
        .holds_as(1, 1, Mode::Permits, 2);
    script.task_at(2, 0, Some(1)).vitals(2, |v| v.wakers = 1);
    script.waits(1, 1);
    assert_eq!(knots(&script), []);
    // The same with one permit, and through a channel: nothing tells that from a task that waits for itself.
    let mut script = Script::new();
    script
        .task(1)
        .made(1, Semaphore)
        .holds_as(1, 1, Mode::Permits, 2)
        .waits(1, 1);
    assert_eq!(knots(&script), []);
    let mut script = Script::new();
    script.task(1).made(1, Semaphore).holds(1, 1).waits(1, 1);
    assert_eq!(knots(&script), [(vec![1], true)]);
}

#[test]
fn a_guard_that_may_have_been_handed_to_a_child() {
    let mut script = Script::crossed();
    script.task_at(3, 0, Some(1));
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
    script.vitals(3, |v| v.state = State::Done);
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
    // A loop that locks, spawns a task with the guard, and locks again.
    let mut script = Script::new();
    script
        .task(1)
        .made(1, Mutex)
        .holds(1, 1)
        .task_at(2, 0, Some(1))
        .waits(1, 1);
    assert_eq!(knots(&script), []);
}

#[test]
fn a_lock_whose_guards_move_is_in_doubt() {
    let mut script = Script::crossed();
    script.usage(1, |usage| usage.sureness = Sureness::Moved);
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
}

#[test]
fn a_grant_that_nobody_polls_closes_a_knot() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, Mutex);
    script
        .waits(1, 1)
        .waits(1, 1)
        .waits(2, 1)
        .now(10_100)
        .parks(1);
    let graph = graph(&script);
    let [knot] = graph.knots() else {
        panic!("{:?}", graph.knots())
    };
    assert!(knot.certain && knot.parked);
    assert_eq!((members(knot), knot.behind), (vec![1], 1));
    let [parked] = graph.parked() else {
        panic!("{:?}", graph.parked())
    };
    assert_eq!((parked.waiting, parked.knot), (2, Some(0)));
    // Its task has not been polled since: it will be.
    script.vitals(1, |v| v.since = ms(10_000));
    assert_eq!(knots(&script), []);
    assert!(WaitGraph::of(&script.world).parked().is_empty());
}

#[test]
fn full_mailboxes_of_two_who_write_to_each_other() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, Mpsc).made(2, Mpsc);
    script.holds(1, 2).holds(2, 1).waits(1, 2).waits(2, 1);
    assert_eq!(knots(&script), []);
    let mut woken = script.clone();
    woken.vitals(1, |v| v.last_waker = LastWaker::Task(task(2)));
    assert_eq!(knots(&woken), []);
    woken.vitals(2, |v| v.last_waker = LastWaker::Task(task(1)));
    assert_eq!(knots(&woken), [(vec![1, 2], false)]);
    assert!(graph(&woken).knots()[0].mailbox);
    script.usage(1, |usage| usage.receiver = Some(task(1)));
    script.usage(2, |usage| usage.receiver = Some(task(2)));
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
    script.vitals(2, |v| v.wakers = 2);
    assert_eq!(knots(&script), []);
}

#[test]
fn two_knots_are_two() {
    let mut script = Script::crossed();
    script
        .now(11_000)
        .task(3)
        .task(4)
        .made(3, Mutex)
        .made(4, Mutex);
    script.holds(3, 3).holds(4, 4).waits(3, 4).waits(4, 3);
    script.task(5).waits(5, 4);
    assert_eq!(knots(&script), [(vec![1, 2], true), (vec![3, 4], true)]);
    let graph = graph(&script);
    assert_eq!(
        (graph.knot_of(task(5)), graph.is_in_knot(task(5))),
        (Some(1), false)
    );
    assert_eq!(
        (graph.knot_of(task(1)), graph.is_in_knot(task(1))),
        (Some(0), true)
    );
    assert_eq!((graph.knots()[0].behind, graph.knots()[1].behind), (0, 1));
}

#[test]
fn a_chain_into_a_knot_goes_around_once() {
    let mut script = Script::crossed();
    script.task(5).task(6).made(5, Mutex).holds(6, 5);
    script.waits(6, 1).now(11_000).waits(5, 5);
    let graph = graph(&script);
    let [chain] = graph.chains() else {
        panic!("{:#?}", graph.chains())
    };
    let along: Vec<_> = chain
        .links
        .iter()
        .map(|link| link.resource.number())
        .collect();
    assert_eq!(
        (along, chain.length, chain.knot),
        (vec![5, 1, 2], 3, Some(0))
    );
    assert_eq!(
        (chain.links[0].since, chain.links[0].waiting),
        (ms(11_000), 1)
    );
    assert_eq!(
        (chain.links[1].waiting, chain.links[1].since),
        (2, ms(10_000))
    );
    assert_eq!(chain.links[1].waiters, [task(2), task(6)]);
    assert_eq!(chain.links[1].holding, 1);
}

#[test]
fn a_channel_has_no_holders_and_a_thread_is_one() {
    let mut script = Script::new();
    script
        .task(1)
        .task(2)
        .made(1, Mpsc)
        .made(2, Mutex)
        .holds(1, 2);
    script
        .usage(1, |usage| usage.receiver = Some(task(2)))
        .waits(1, 1)
        .waits(2, 2);
    script.vitals(2, |v| v.wakers = 2);
    script.usage(2, |usage| usage.holds[0].holder = Holder::NoTask);
    let graph = graph(&script);
    let [chain] = graph.chains() else {
        panic!("{:#?}", graph.chains())
    };
    assert_eq!(chain.links.len(), 2);
    assert_eq!(
        (chain.links[0].holders.len(), chain.links[0].holding),
        (0, 0)
    );
    assert_eq!(chain.links[1].holders, [Holder::NoTask]);
    assert_eq!(chain.links[1].holding, 1);
}

#[test]
fn a_wait_outside_of_tasks_keeps_its_place_in_the_queue() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, RwLock).made(2, Mutex);
    script
        .reads(1, 1)
        .holds(2, 2)
        .waits(2, 1)
        .waits_to_read(2, 1);
    // A thread wants to write; the reader behind it waits for task 1, which waits for the reader's lock.
    script
        .wait(1, |wait| wait.task = None)
        .vitals(2, |v| v.wakers = 1);
    assert_eq!(knots(&script), []);
    script.waits(1, 2);
    assert_eq!(knots(&script), [(vec![2, 1], true)]);
    assert!(graph(&script).knots()[0].members[0].behind);
}

#[test]
fn what_waits_for_a_resource_that_was_never_told_is_left_out() {
    let mut script = Script::crossed();
    script.apply(Change::ResourceGone(crate::script::resource(2)));
    let graph = graph(&script);
    assert_eq!((graph.knots().len(), graph.chains().len()), (0, 1));
}

#[test]
fn the_time_of_a_knot_is_when_it_closed_and_its_key_the_oldest_wait() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, Mutex).made(2, Mutex);
    script
        .holds(1, 1)
        .holds(2, 2)
        .waits(2, 1)
        .now(12_000)
        .waits(1, 2);
    let graph = graph(&script);
    let knot = &graph.knots()[0];
    assert_eq!((knot.since, knot.key), (ms(12_000), crate::script::wait(1)));
    assert_eq!(members(knot), [2, 1]);
}
