//! Both sides of what the graph tells apart.

use super::{graph, knots};
use crate::ResourceKind::{Mpsc, Mutex, RwLock, Semaphore};
use crate::script::{Script, ms, task};
use crate::{Mode, Stamp, State};

#[test]
fn who_shares_permits_with_a_knot_is_behind_it() {
    let mut script = Script::crossed();
    script.task(3).made(3, Semaphore);
    script.holds(1, 3).holds(3, 3).waits(3, 3);
    // One permit back is enough for task 3, so its own is not what keeps it.
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
    let graph = graph(&script);
    assert_eq!(
        (graph.knot_of(task(3)), graph.is_in_knot(task(3))),
        (Some(0), false)
    );
    assert_eq!(graph.knots()[0].behind, 1);
}

#[test]
fn a_cycle_of_locks_stands_also_where_it_leads_on_to_another() {
    let mut script = Script::crossed();
    script.now(11_000).task(3).task(4);
    script.made(3, Mutex).made(4, Mutex);
    script.holds(3, 3).holds(4, 4).waits(3, 4).waits(4, 3);
    // Task 1 waits for both at once.
    script.waits(1, 3);
    let found = knots(&script);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.contains(&(vec![1, 2], true)) && found.contains(&(vec![3, 4], true)));
}

#[test]
fn a_link_is_as_old_as_the_longest_of_its_waits() {
    let mut script = Script::new();
    script.task(1).task(2).task(3).made(1, Mutex).holds(1, 1);
    script.waits(2, 1).now(11_000).waits(3, 1);
    let graph = graph(&script);
    assert_eq!(graph.chains()[0].links[0].since, ms(10_000));
}

#[test]
fn who_waits_for_readers_is_behind_the_one_that_is_stuck() {
    let mut script = Script::crossed();
    script.task(3).task(4).made(3, RwLock);
    script.reads(3, 3).reads(1, 3).waits(4, 3);
    let graph = graph(&script);
    assert_eq!(
        (graph.knot_of(task(4)), graph.knots()[0].behind),
        (Some(0), 1)
    );
    assert!(!graph.is_stuck(task(3)));
}

#[test]
fn a_reader_waits_for_a_writer_also_where_a_guard_is_just_downgraded() {
    let mut script = Script::new();
    script
        .task(1)
        .task(2)
        .task(3)
        .made(1, RwLock)
        .made(2, Mutex);
    script.reads(3, 1).holds(1, 1).holds(2, 2);
    script.waits(1, 2).waits_to_read(2, 1);
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
    assert!(graph(&script).knots()[0].members.iter().all(|m| !m.behind));
}

#[test]
fn one_task_in_doubt_puts_its_knot_in_doubt() {
    let mut script = Script::new();
    script.task(1).task(2).task_at(3, 2, None);
    script.made(1, RwLock).made(2, Mutex);
    script.reads(2, 1).reads(3, 1).holds(1, 2);
    // The writer waits for both readers, and they for it; one of them is the future of a `block_on`.
    script.waits(1, 1).waits(2, 2).waits(3, 2);
    let found = knots(&script);
    let [(members, certain)] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((members.len(), certain), (3, &false));
}

#[test]
fn one_grant_that_nobody_polls_marks_its_knot() {
    let mut script = Script::new();
    script.task(1).task(2);
    script.made(1, Mutex).made(2, Mutex).made(3, Mutex);
    script.holds(1, 3).holds(2, 2);
    script.waits(1, 1).waits(1, 2).waits(2, 1).waits(2, 3);
    script.now(10_100).parks(1);
    let graph = graph(&script);
    assert_eq!((graph.knots().len(), graph.knots()[0].tasks), (1, 2));
    assert!(graph.knots()[0].parked && graph.knots()[0].certain);
    let holds = &graph.knots()[0].members[0].holds;
    assert_eq!(holds.iter().filter(|kept| kept.parked).count(), 1);
}

#[test]
fn one_full_channel_marks_its_knot() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, Mpsc).made(2, Mutex);
    script.holds(1, 2).waits(1, 1).waits(2, 2);
    script.usage(1, |usage| usage.receiver = Some(task(2)));
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
    assert!(graph(&script).knots()[0].mailbox);
}

#[test]
fn a_task_that_went_to_sleep_when_it_was_granted_something_will_poll() {
    let parked = |since: u64| {
        let mut script = Script::new();
        script.task(1).task(2).made(1, Mutex);
        script.waits(1, 1).waits(1, 1).waits(2, 1);
        script.now(10_100).parks(1);
        script.vitals(1, |v| v.since = ms(since));
        let graph = graph(&script);
        (graph.knots().len(), graph.parked().len())
    };
    assert_eq!(parked(10_100), (0, 0));
    assert_eq!(parked(10_101), (1, 1));
}

#[test]
fn a_child_that_is_older_than_a_guard_does_not_have_it() {
    let mut script = Script::new();
    script.task(1).task(2).task_at(3, 0, Some(1)).now(11_000);
    script.made(1, Mutex).made(2, Mutex);
    script.holds(1, 1).holds(2, 2).waits(1, 2).waits(2, 1);
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
}

#[test]
fn who_has_no_child_has_given_nothing_away() {
    let mut script = Script::crossed();
    script.usage(1, |usage| usage.holds[0].since = Stamp(0));
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
}

#[test]
fn who_waits_for_what_it_may_have_given_away_can_go_on_whatever_else_it_waits_for() {
    let mut script = Script::crossed();
    script.task_at(3, 0, Some(1)).waits(1, 1);
    assert_eq!(knots(&script), []);
}

#[test]
fn who_is_not_stuck_is_in_no_knot() {
    let mut script = Script::crossed();
    script.task(3);
    let graph = graph(&script);
    assert!(!graph.is_in_knot(task(3)) && !graph.is_stuck(task(3)));
}

#[test]
fn a_thread_that_was_granted_one_of_its_locks_goes_on() {
    let mut script = Script::new();
    script.task_at(1, 1, None).task(2);
    script.made(1, Mutex).made(2, Mutex).made(3, Mutex);
    script.holds(1, 1).holds(2, 2).holds(2, 3);
    script.waits(1, 2).waits(1, 3).waits(2, 1);
    script.vitals(1, |v| v.state = State::Running);
    assert_eq!(knots(&script), [(vec![1, 2], false)]);
    script.wait(2, |wait| wait.granted = Some(ms(10_000)));
    assert_eq!(knots(&script), []);
}

#[test]
fn the_only_one_with_permits_is_stuck_where_it_waits_for_something_else() {
    let mut script = Script::new();
    script.task(1).task(2).made(1, Semaphore).made(2, Mutex);
    script.holds_as(1, 1, Mode::Permits, 2).holds(2, 2);
    script.waits(1, 2).waits(2, 1);
    assert_eq!(knots(&script), [(vec![1, 2], true)]);
}
