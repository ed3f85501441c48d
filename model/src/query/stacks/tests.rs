//! Laws of groups, and what makes two tasks one.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::{At, Nowhere, StackGroup, by_stack};
use crate::query::Filter;
use crate::script::{Script, ms, task};
use crate::{
    Activity, Change, Code, Doing, Frame, Leaves, LongPoll, Place, ResourceKind, Stack, StackId,
    State, Task, TaskId,
};

fn id(number: u32) -> StackId {
    StackId::new(number).expect("not 0")
}

/// Names a stack by a line of `at.rs`.
fn named(script: &mut Script, number: u32, line: u32) {
    let frame = Frame {
        function: "app::wait".into(),
        place: Place {
            file: "src/at.rs".into(),
            line,
            column: 5,
        },
        code: Code::App,
    };
    let stack = Stack {
        frames: vec![frame],
        whole: true,
    };
    script.apply(Change::Stack(id(number), Arc::new(stack)));
}

fn waits_at(script: &mut Script, task: u64, stacks: &[(u32, u8)]) {
    script.task(task).vitals(task, |vitals| {
        vitals.wakers = 4;
        vitals.leaves = Leaves::new(stacks.iter().map(|(stack, age)| (id(*stack), *age)));
    });
}

fn groups(script: &Script) -> Vec<StackGroup> {
    by_stack(&script.world, script.world.tasks())
}

fn numbers(group: &StackGroup) -> Vec<u64> {
    group.tasks.iter().map(|task| task.number()).collect()
}

#[test]
fn equal_frames_are_one_place_whatever_the_number_of_the_stack() {
    let mut script = Script::new();
    named(&mut script, 1, 71);
    named(&mut script, 2, 71);
    named(&mut script, 3, 80);
    waits_at(&mut script, 1, &[(1, 0)]);
    waits_at(&mut script, 2, &[(3, 0)]);
    waits_at(&mut script, 3, &[(2, 0)]);
    let groups = groups(&script);
    assert_eq!(numbers(&groups[0]), [1, 3]);
    assert_eq!(numbers(&groups[1]), [2]);
    let At::Spots(spots) = &groups[0].at else {
        panic!("they wait")
    };
    assert_eq!(spots.len(), 1);
    assert!(spots[0].sure && spots[0].stack == Some(id(1)));
}

#[test]
fn what_waits_nowhere_is_grouped_by_the_reason() {
    let mut script = Script::new();
    for number in 1..=4 {
        script.task(number);
    }
    script.vitals(2, |vitals| vitals.state = State::Running);
    script.vitals(3, |vitals| {
        (vitals.state, vitals.polls) = (State::Scheduled, 0);
    });
    script.vitals(4, |vitals| vitals.state = State::Done);
    let found: Vec<_> = groups(&script)
        .into_iter()
        .map(|group| (numbers(&group), group.at))
        .collect();
    let nowhere = At::Nowhere;
    assert_eq!(
        found,
        [
            (vec![1], nowhere(Nowhere::NotKnown)),
            (vec![2], nowhere(Nowhere::InPoll)),
            (vec![3], nowhere(Nowhere::NeverPolled)),
        ]
    );
}

#[test]
fn tasks_that_do_the_same_in_a_poll_that_does_not_return_are_one_group() {
    let mut script = Script::new();
    named(&mut script, 1, 71);
    named(&mut script, 2, 71);
    let read = || Activity::Blocked("read".into());
    let polls = [
        (1, read(), false, Some(1), true),
        (2, read(), false, Some(2), false),
        (3, Activity::OnCpu, false, Some(1), true),
        (4, Activity::OnCpu, false, None, false),
        (5, read(), true, Some(1), true),
    ];
    for (number, activity, in_place, stack, proven) in polls {
        script.task(number).vitals(number, |vitals| {
            (vitals.state, vitals.since) = (State::Running, ms(1));
            // What it waited for before is over.
            vitals.wakers = 1;
            vitals.leaves = Leaves::new([(id(2), 0)]);
        });
        script.apply(Change::LongPoll(Box::new(LongPoll {
            task: task(number),
            since: ms(1),
            seen: ms(300),
            doing: Doing { activity, in_place },
            stack: stack.map(id),
            proven,
            unseen: "".into(),
        })));
    }
    let in_place = Doing {
        activity: read(),
        in_place: true,
    };
    let groups = groups(&script);
    let found = groups.iter().map(|group| {
        let at = match &group.at {
            At::Spots(spots) => Some((spots.len(), spots[0].doing.clone(), spots[0].sure)),
            At::Nowhere(_) => None,
        };
        (numbers(group), at)
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            (vec![1, 2], Some((1, Some(read().into()), false))),
            (vec![3], Some((1, Some(Activity::OnCpu.into()), true))),
            (vec![4], None),
            (vec![5], Some((1, Some(in_place), true))),
        ]
    );
    assert_eq!(groups[2].at, At::Nowhere(Nowhere::InPoll));
}

#[test]
fn a_resource_is_told_where_all_wait_for_the_same() {
    let mut script = Script::new();
    named(&mut script, 1, 71);
    script.task(1).task(2).task(3);
    script
        .made(1, ResourceKind::Mutex)
        .made(2, ResourceKind::Mutex);
    script.holds(1, 1).waits(2, 1).waits(3, 1);
    let waits = [1, 2];
    for wait in waits {
        script.wait(wait, |wait| wait.stack = Some(id(1)));
    }
    let spot = |script: &Script| match &groups(script)[0].at {
        At::Spots(spots) => spots[0].clone(),
        At::Nowhere(why) => panic!("{why:?}"),
    };
    assert!(spot(&script).resource.is_some() && spot(&script).what.is_some());
    script.task(4).holds(1, 2).waits(4, 2);
    script.wait(3, |wait| wait.stack = Some(id(1)));
    assert_eq!((spot(&script).resource, spot(&script).what), (None, None));
    assert_eq!(groups(&script)[0].tasks.len(), 3);
}

#[test]
fn a_filter_finds_tasks_by_any_frame_of_where_they_wait() {
    let mut script = Script::new();
    named(&mut script, 1, 71);
    waits_at(&mut script, 1, &[(1, 0)]);
    // Of this one no frames are known.
    waits_at(&mut script, 2, &[(9, 0)]);
    let found = |text: &str| -> Vec<u64> {
        let filter: Filter = text.parse().expect("a filter");
        assert_eq!(filter.to_string(), text);
        assert!(filter.asks_for_stacks() && filter.depends_on_time());
        let tasks = script.world.tasks();
        let tasks = tasks.filter(|task| filter.matches(task, &script.world));
        tasks.map(|task| task.id.number()).collect()
    };
    assert_eq!(found("at:at.rs:71"), [1]);
    assert_eq!(found("at:app::wait"), [1]);
    assert_eq!(found("at:other.rs|src/at"), [1]);
    assert_eq!(found("at:at.rs:72"), []);
    assert_eq!(found("-at:at.rs:71"), [2]);
}

/// Tasks with up to three places each, some of them unnamed, some in a poll, some ended.
fn worlds() -> impl Strategy<Value = Script> {
    let task = (prop::collection::vec((1u32..8, 0u8..3), 0..4), 0usize..6);
    prop::collection::vec(task, 0..24).prop_map(|tasks| {
        let mut script = Script::new();
        for (number, line) in [(1, 5), (2, 5), (3, 6), (4, 7), (5, 5)] {
            named(&mut script, number, line);
        }
        // One with no frames at all.
        script.apply(Change::Stack(id(6), Arc::default()));
        for (number, (stacks, state)) in (1..).zip(tasks) {
            waits_at(&mut script, number, &stacks);
            script.vitals(number, |vitals| {
                vitals.state = State::ALL[state];
                vitals.polls = number % 2;
            });
        }
        script
    })
}

proptest! {
    #[test]
    fn groups_partition_the_live_tasks(script in worlds()) {
        let groups = groups(&script);
        let all: Vec<TaskId> = groups.iter().flat_map(|group| group.tasks.clone()).collect();
        let live = |task: &&Task| !task.vitals.state.has_ended();
        let wanted: HashSet<_> = script.world.tasks().filter(live).map(|task| task.id).collect();
        prop_assert_eq!(all.len(), wanted.len());
        prop_assert_eq!(all.into_iter().collect::<HashSet<_>>(), wanted);
        prop_assert!(groups.iter().all(|group| !group.tasks.is_empty()));
        prop_assert!(groups.is_sorted_by_key(|group| std::cmp::Reverse(group.tasks.len())));
    }

    #[test]
    fn the_order_of_the_tasks_does_not_matter(script in worlds(), by in 0usize..24) {
        let mut tasks: Vec<_> = script.world.tasks().collect();
        let one = by_stack(&script.world, tasks.iter().copied());
        tasks.reverse();
        let half = by.min(tasks.len());
        tasks.rotate_left(half);
        prop_assert_eq!(one, by_stack(&script.world, tasks));
    }
}
