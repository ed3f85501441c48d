//! Worlds larger than any process should be: time that grows with their size and no more, and no stack that overflows.

use std::collections::HashSet;

use super::super::{MAX_CHAINS, MAX_KNOTS, MAX_LINKS, MAX_MEMBERS, MAX_NAMES, WaitGraph};
use crate::ResourceKind::{Mutex, RwLock, Semaphore};
use crate::script::{Script, task};

/// Runs this with little stack. A recursion over the graph needs more than that by far.
fn with_little_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    thread.spawn(run).unwrap().join().unwrap();
}

#[test]
fn a_cycle_of_ten_thousand_tasks() {
    with_little_stack(|| {
        let count = 10_000;
        let mut script = Script::new();
        (1..=count).for_each(|n| _ = script.task(n).made(n, Mutex).holds(n, n));
        (1..=count).for_each(|n| _ = script.waits(n, n % count + 1));
        let graph = WaitGraph::of(&script.world);
        let [knot] = graph.knots() else {
            panic!("{} knots", graph.knots().len())
        };
        assert_eq!((knot.cycle, knot.tasks), (10_000, 10_000));
        let order: Vec<_> = knot.members.iter().map(|m| m.task.number()).collect();
        assert_eq!(order, (1..=MAX_MEMBERS as u64).collect::<Vec<_>>());
        assert!(graph.is_in_knot(task(7777)));
    });
}

#[test]
fn a_lock_with_a_hundred_thousand_waiters() {
    with_little_stack(|| {
        for kind in [Mutex, RwLock] {
            let mut script = Script::crossed();
            script.made(3, kind).holds(2, 3);
            for n in 3..100_003 {
                script.task(n);
                match n % 2 {
                    0 => script.waits(n, 3),
                    _ => script.waits_to_read(n, 3),
                };
            }
            let graph = WaitGraph::of(&script.world);
            assert_eq!(graph.knots().len(), 1);
            assert_eq!(graph.knots()[0].behind, 100_000);
            let link = &graph.chains()[0].links[0];
            assert_eq!((link.waiting, link.waiters.len()), (100_000, MAX_NAMES));
        }
    });
}

#[test]
fn a_chain_of_a_hundred_thousand_locks() {
    with_little_stack(|| {
        let count = 100_000;
        let mut script = Script::new();
        (1..=count).for_each(|n| _ = script.task(n).made(n, Mutex).holds(n, n));
        (2..=count).for_each(|n| _ = script.waits(n, n - 1));
        let graph = WaitGraph::of(&script.world);
        assert_eq!((graph.knots().len(), graph.stuck()), (0, 0));
        let [chain] = graph.chains() else {
            panic!("{} chains", graph.chains().len())
        };
        assert_eq!((chain.length, chain.links.len()), (99_999, MAX_LINKS));
        // And with a knot at its end.
        script.waits(1, 2);
        let graph = WaitGraph::of(&script.world);
        assert_eq!((graph.knots().len(), graph.stuck()), (1, 100_000));
        assert_eq!(
            (graph.knots()[0].tasks, graph.knots()[0].behind),
            (2, 99_998)
        );
        assert_eq!(
            (graph.chains()[0].length, graph.chains()[0].knot),
            (99_999, Some(0))
        );
    });
}

#[test]
fn a_semaphore_whose_permits_are_all_with_waiters() {
    let mut script = Script::new();
    script.made(1, Semaphore);
    (1..=1000).for_each(|n| _ = script.task(n).holds(n, 1).waits(n, 1));
    let graph = WaitGraph::of(&script.world);
    assert_eq!((graph.knots().len(), graph.knots()[0].tasks), (1, 1000));
    let named: HashSet<_> = graph.knots()[0].members.iter().map(|m| m.task).collect();
    assert_eq!(named.len(), MAX_MEMBERS);
}

#[test]
fn thousands_of_knots_and_chains_are_counted() {
    let mut script = Script::new();
    for n in (1..20_000).step_by(2) {
        script.task(n).task(n + 1).made(n, Mutex).made(n + 1, Mutex);
        script
            .holds(n, n)
            .holds(n + 1, n + 1)
            .waits(n, n + 1)
            .waits(n + 1, n);
    }
    for n in 20_001..30_001 {
        script.task(n).made(n, Mutex).waits(n, n);
    }
    let graph = WaitGraph::of(&script.world);
    assert_eq!(graph.knots().len() + graph.more_knots(), 10_000);
    assert_eq!(graph.chains().len(), MAX_CHAINS);
    assert_eq!(graph.chains().len() + graph.more_chains(), 10_000);
    assert_eq!(graph.stuck(), 20_000);
    let listed = (1..20_001).filter_map(|n| graph.knot_of(task(n)));
    let listed: Vec<_> = listed.collect();
    assert_eq!(listed.len(), 2 * MAX_KNOTS);
    assert!(listed.iter().all(|knot| *knot < MAX_KNOTS));
    assert!(graph.is_stuck(task(19_999)) && graph.is_in_knot(task(19_999)));
}

#[test]
fn a_million_resources_that_nobody_waits_for_are_not_looked_at() {
    let mut script = Script::crossed();
    (10..1_000_010).for_each(|n| _ = script.made(n, Mutex));
    let graph = WaitGraph::of(&script.world);
    assert_eq!((graph.knots().len(), graph.chains().len()), (1, 0));
}
