//! Worker threads are counted and are no tasks; a thread that takes over for a worker that blocks is one of them.

#[path = "support/app.rs"]
mod app;
#[path = "support/viewer.rs"]
mod viewer;

use std::sync::mpsc;

use taskscope_model::{Kind, State, World};
use tokio::task::{block_in_place, yield_now};

use crate::app::{find, look, look_for_end, multi_thread, site};

/// The kinds of the tasks that live.
fn live(world: &World) -> Vec<Kind> {
    let live = world.tasks().filter(|task| !task.vitals.state.has_ended());
    live.map(|task| site(world, task).kind).collect()
}

#[test]
fn workers_are_counted_and_not_listed() {
    let three = multi_thread(3);
    let world = look(|world| world.totals().workers == 3);
    assert_eq!((world.len(), world.totals().spawned), (0, 0));
    let two = multi_thread(2);
    let world = look(|world| world.totals().workers == 5);
    assert_eq!((world.len(), world.totals().spawned), (0, 0));
    drop(three);
    look(|world| world.totals().workers == 2);

    // While one blocks, another thread is a worker in its place, and polls what it is given.
    let (go, wait) = mpsc::channel::<()>();
    let blocks = two.spawn(async move {
        block_in_place(|| wait.recv().expect_err("the sender goes"));
        yield_now().await;
    });
    let id = blocks.id();
    look(|world| {
        find(world, id).is_some_and(|task| task.vitals.state == State::Running)
            && world.totals().workers == 3
    });
    let tasks: Vec<_> = (0..100).map(|_| two.spawn(yield_now())).collect();
    let ids: Vec<_> = tasks.iter().map(|task| task.id()).collect();
    let world = look(|world| world.totals().done == 100);
    assert_eq!(live(&world), [Kind::Task]);
    for id in ids {
        let task = find(&world, id).expect("listed");
        let facts = (task.birth.parent, task.vitals.polls, task.vitals.state);
        assert_eq!(facts, (None, 2, State::Done));
    }
    let runtime = find(&world, id).expect("listed").vitals.runtime;
    assert!(
        world
            .tasks()
            .all(|task| task.vitals.runtime == runtime && runtime.is_some())
    );
    drop(go);
    assert_eq!(look_for_end(id).vitals.state, State::Done);
    drop(two);
    let world = look(|world| world.totals().workers == 0);
    assert_eq!((live(&world), world.totals().spawned), (vec![], 101));
    assert!(world.totals().worker_busy > taskscope_model::Nanos::ZERO);
}
