//! Random worlds against an executor so simple that it can be seen to be right.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::WaitGraph;
use crate::ResourceKind::{Mutex, Oneshot, RwLock, Semaphore};
use crate::script::{Script, task};
use crate::{Holder, Mode, ResourceKind, State, TaskId, World};

const KINDS: [ResourceKind; 4] = [Mutex, RwLock, Semaphore, Oneshot];

/// What may be so about one task.
#[derive(Clone, Debug)]
struct Part {
    /// Resources that it takes if they can be had, and whether to read.
    takes: Vec<(usize, bool)>,
    /// Resources that it waits for.
    waits: Vec<(usize, bool)>,
    timed: bool,
    other_waker: bool,
    state: State,
}

fn part() -> impl Strategy<Value = Part> {
    let some = || prop::collection::vec((0..6_usize, any::<bool>()), 0..3);
    let rarely = || prop::bool::weighted(0.1);
    let state = prop_oneof![
        9 => Just(State::Idle),
        1 => Just(State::Scheduled),
        1 => Just(State::Running),
    ];
    (some(), some(), rarely(), rarely(), state).prop_map(
        |(takes, waits, timed, other_waker, state)| Part {
            takes,
            waits,
            timed,
            other_waker,
            state,
        },
    )
}

fn world(kinds: &[usize], parts: &[Part]) -> Script {
    let mut script = Script::new();
    for (number, kind) in (1..).zip(kinds) {
        script.made(number, KINDS[*kind]);
    }
    for (number, part) in (1..).zip(parts) {
        script.task(number);
        for (resource, read) in &part.takes {
            take(&mut script, number, *resource as u64 + 1, *read);
        }
    }
    let mut waits = 0;
    for (number, part) in (1..).zip(parts) {
        for (resource, read) in &part.waits {
            let what = *resource as u64 + 1;
            match kinds[*resource] {
                1 if *read => script.waits_to_read(number, what),
                _ => script.waits(number, what),
            };
            waits += 1;
            if part.timed {
                script.wait(waits, |wait| wait.timed = true);
            }
        }
        script.vitals(number, |v| {
            v.wakers += u32::from(part.other_waker);
            v.state = part.state;
        });
    }
    script
}

/// Takes what can be had.
fn take(script: &mut Script, by: u64, what: u64, read: bool) {
    let resource = script
        .world
        .resource(crate::script::resource(what))
        .unwrap();
    let holds = &resource.usage.holds;
    let mine = holds
        .iter()
        .any(|hold| hold.holder == Holder::Task(task(by)));
    match resource.origin.kind {
        _ if mine => {}
        Mutex if holds.is_empty() => _ = script.holds(by, what),
        RwLock if read && holds.iter().all(|hold| hold.mode == Mode::Shared) => {
            script.reads(by, what);
        }
        RwLock if holds.is_empty() => _ = script.holds(by, what),
        Semaphore if holds.len() < 3 => _ = script.holds(by, what),
        _ => {}
    }
}

/// Lets everybody go on who can, again and again: who goes on gives back all that it has, and waits no more. What is left
/// can never go on.
fn left_over(world: &World) -> BTreeSet<TaskId> {
    let mut left: BTreeSet<TaskId> = world.tasks().map(|task| task.id).collect();
    loop {
        let before = left.len();
        let goes_on: Vec<TaskId> = left
            .iter()
            .copied()
            .filter(|id| {
                let task = world.task(*id).unwrap();
                let waits: Vec<_> = world.waits_of(*id).collect();
                task.vitals.state != State::Idle
                    || waits.is_empty()
                    || waits
                        .iter()
                        .any(|wait| wait.timed || can_have(world, wait.id, &left))
                    || task.vitals.wakers as usize > waits.len()
            })
            .collect();
        goes_on.iter().for_each(|id| _ = left.remove(id));
        if left.len() == before {
            return left;
        }
    }
}

/// Whether this wait is served if only those who are left have anything.
fn can_have(world: &World, id: crate::WaitId, left: &BTreeSet<TaskId>) -> bool {
    let wait = world.waits().get(id).unwrap();
    let resource = world.resource(wait.resource).unwrap();
    let has = |holder: Holder| matches!(holder, Holder::Task(id) if left.contains(&id));
    let kept: Vec<_> = resource
        .usage
        .holds
        .iter()
        .filter(|hold| has(hold.holder))
        .collect();
    let free = |mode: Mode| match resource.origin.kind {
        Mutex => kept.is_empty(),
        RwLock if mode == Mode::Shared => kept.iter().all(|hold| hold.mode == Mode::Shared),
        RwLock => kept.is_empty(),
        // One permit back is one permit for the first in the queue, and it gives that back too.
        Semaphore => kept.len() < resource.usage.holds.len() || kept.is_empty(),
        _ => true,
    };
    // First come, first served: all who are left and are ahead have to be served before.
    let ahead = world
        .queue(wait.resource)
        .take_while(|ahead| ahead.order < wait.order);
    let mut ahead = ahead.filter(|ahead| ahead.task.is_some_and(|id| left.contains(&id)));
    ahead.all(|ahead| free(ahead.mode)) && free(wait.mode)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn stuck_is_who_is_left_when_all_who_can_have_gone_on(
        kinds in prop::collection::vec(0..KINDS.len(), 6),
        parts in prop::collection::vec(part(), 1..9),
    ) {
        let script = world(&kinds, &parts);
        let graph = WaitGraph::of(&script.world);
        let left = left_over(&script.world);
        for task in script.world.tasks() {
            prop_assert_eq!(graph.is_stuck(task.id), left.contains(&task.id), "{:?}", task.id);
        }
        prop_assert_eq!(graph.knots().is_empty(), left.is_empty());
        let inside: usize = graph.knots().iter().map(|knot| knot.tasks + knot.behind).sum();
        prop_assert_eq!(inside, left.len());
        for (i, knot) in graph.knots().iter().enumerate() {
            prop_assert!(knot.certain);
            prop_assert_eq!(knot.members.len(), knot.tasks);
            prop_assert!(knot.cycle >= 1 && knot.cycle <= knot.tasks);
            let key = script.world.waits().get(knot.key).and_then(|wait| wait.task);
            prop_assert!(knot.members.iter().any(|member| Some(member.task) == key));
            for member in &knot.members {
                prop_assert_eq!(graph.knot_of(member.task), Some(i));
                prop_assert!(graph.is_in_knot(member.task));
            }
            // Each of the cycle waits for something that the next one has, or waits for ahead of it.
            for (i, member) in knot.members[..knot.cycle].iter().enumerate() {
                let next = &knot.members[(i + 1) % knot.cycle];
                let has = next.holds.iter().any(|kept| kept.resource == member.resource);
                let queue = script.world.queue(member.resource);
                let ahead = queue.take_while(|wait| wait.id != member.wait);
                let is_ahead = ahead.into_iter().any(|wait| wait.task == Some(next.task));
                prop_assert!(if member.behind { is_ahead } else { has }, "{:#?}", knot);
            }
        }
    }
}
