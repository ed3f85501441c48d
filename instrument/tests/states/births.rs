//! What never changes about a task: its parent, its name, the runtime it belongs to.

use std::sync::mpsc;

use taskscope_model::{Kind, State, Task, World};
use tokio::runtime::Runtime;
use tokio::task::{Builder, Id, LocalSet, yield_now};

use crate::app::{current_thread, find, look_at, look_for_end, multi_thread, site};

fn parent_of<'a>(world: &'a World, task: &Task) -> Option<&'a Task> {
    let parent = task.birth.parent?;
    Some(world.task(parent).expect("all are listed"))
}

/// The tasks that ended, up the line of parents: the kind and tokio's id of each.
fn line_of(id: Id) -> Vec<(Kind, u64)> {
    let (task, world) = look_at(id, |task, _| task.vitals.state.has_ended());
    let up = std::iter::successors(Some(&task), |task| parent_of(&world, task));
    let tokio_id = |task: &Task| task.birth.tokio_id.expect("all have one").get();
    up.map(|task| (site(&world, task).kind, tokio_id(task)))
        .collect()
}

fn number(id: Id) -> u64 {
    id.to_string().parse().expect("a number")
}

#[test]
fn a_task_spawned_from_outside_has_no_parent() {
    let runtime = current_thread();
    let task = runtime.spawn(async {});
    let id = task.id();
    runtime.block_on(task).expect("no panic");
    assert_eq!(line_of(id), [(Kind::Task, number(id))]);
}

#[test]
fn the_parent_is_the_task_that_spawned_it() {
    for runtime in [current_thread(), multi_thread(2)] {
        let ids = runtime.block_on(async {
            let parent = tokio::spawn(async {
                yield_now().await;
                let child = tokio::spawn(async { tokio::spawn(async {}).id() });
                (child.id(), child.await.expect("no panic"))
            });
            let id = parent.id();
            let (child, grandchild) = parent.await.expect("no panic");
            [grandchild, child, id]
        });
        let line = line_of(ids[0]);
        let expected = ids.map(|id| (Kind::Task, number(id)));
        assert_eq!(line[..3], expected);
        // All of it goes back to the `block_on`.
        assert_eq!((line.len(), line[3].0), (4, Kind::BlockOn));
    }
}

#[test]
fn closures_and_their_runtimes_have_parents_too() {
    let runtime = current_thread();
    let task = runtime.spawn(async {
        let closure = tokio::task::spawn_blocking(|| {
            let from_here = tokio::spawn(async {}).id();
            let nested = current_thread();
            let there = nested.block_on(async {
                let task = tokio::spawn(async {});
                let id = task.id();
                task.await.expect("no panic");
                id
            });
            (from_here, there)
        });
        (closure.id(), closure.await.expect("no panic"))
    });
    let id = task.id();
    let (closure, (from_there, nested)) = runtime.block_on(task).expect("no panic");
    runtime.block_on(yield_now());
    let up = [(Kind::Blocking, number(closure)), (Kind::Task, number(id))];
    assert_eq!(line_of(closure), up);
    let line = line_of(from_there);
    assert_eq!(
        (line[0], &line[1..]),
        ((Kind::Task, number(from_there)), &up[..])
    );
    let line = line_of(nested);
    assert_eq!(
        (line[0], line[1].0),
        ((Kind::Task, number(nested)), Kind::BlockOn)
    );
    assert_eq!(line[2..], up);
}

#[test]
fn each_kind_says_so() {
    let runtime = multi_thread(1);
    let local = LocalSet::new();
    let ids = local.block_on(&runtime, async {
        let local = tokio::task::spawn_local(async {});
        let task = tokio::spawn(async {});
        let closure = tokio::task::spawn_blocking(|| ());
        let ids = [local.id(), task.id(), closure.id()];
        local.await.expect("no panic");
        task.await.expect("no panic");
        closure.await.expect("no panic");
        ids
    });
    let kinds = ids.map(|id| line_of(id)[0].0);
    assert_eq!(kinds, [Kind::Local, Kind::Task, Kind::Blocking]);
    assert_eq!(line_of(ids[0])[1].0, Kind::BlockOn);
}

fn name_of(name: &str) -> Option<String> {
    let runtime = current_thread();
    let task = Builder::new()
        .name(name)
        .spawn_on(async {}, runtime.handle());
    let task = task.expect("it spawns");
    let id = task.id();
    runtime.block_on(task).expect("no panic");
    look_for_end(id).birth.name.map(|name| name.to_string())
}

#[test]
fn names_are_data() {
    assert_eq!(name_of(""), None);
    let hostile = "\u{1b}[2J\u{1b}]0;title\u{7}\n\t\"{}%s\u{0}\u{202e}ö";
    assert_eq!(name_of(hostile).as_deref(), Some(hostile));
}

#[test]
fn long_names_are_cut_between_characters() {
    assert_eq!(name_of(&"x".repeat(256)), Some("x".repeat(256)));
    assert_eq!(name_of(&"x".repeat(1 << 20)), Some("x".repeat(256)));
    let wide = format!("x{}", "ö".repeat(1 << 19));
    assert_eq!(name_of(&wide), Some(format!("x{}", "ö".repeat(127))));
}

#[test]
fn runtimes_are_told_apart() {
    let runtimes = [current_thread(), multi_thread(1), current_thread()];
    let numbers = runtimes.each_ref().map(|runtime: &Runtime| {
        // The tasks and the closures of one runtime agree.
        let tasks = [
            runtime.spawn(async {}),
            runtime.spawn(async {}),
            runtime.spawn_blocking(|| ()),
        ];
        let ids = tasks.each_ref().map(|task| task.id());
        for task in tasks {
            runtime.block_on(task).expect("no panic");
        }
        let [first, second, closure] = ids.map(|id| look_for_end(id).vitals.runtime);
        assert!(
            first.is_some() && first == second && first == closure,
            "{first:?}, {second:?}, {closure:?}"
        );
        first
    });
    assert!(numbers[0] != numbers[1] && numbers[1] != numbers[2] && numbers[0] != numbers[2]);
}

#[test]
fn a_runtime_within_another_is_another() {
    let runtime = multi_thread(1);
    let (sender, ids) = mpsc::channel();
    let outer = runtime.spawn(async move {
        let runs = || {
            let inner = current_thread();
            let task = inner.spawn(async {});
            let id = task.id();
            inner.block_on(task).expect("no panic");
            id
        };
        // The same thread works for both.
        sender
            .send(tokio::task::block_in_place(runs))
            .expect("the test waits");
        yield_now().await;
        // And goes on for the one it belongs to.
        sender
            .send(tokio::spawn(async {}).id())
            .expect("the test waits");
    });
    let outer = look_for_end(outer.id());
    let [inner, later] = [(); 2].map(|()| look_for_end(ids.recv().expect("two ids")));
    assert_eq!(later.vitals.runtime, outer.vitals.runtime);
    assert!(inner.vitals.runtime.is_some() && inner.vitals.runtime != outer.vitals.runtime);
}

#[test]
fn before_the_first_poll_the_runtime_is_not_known() {
    let runtime = current_thread();
    let task = runtime.spawn(async {});
    let (seen, world) = look_at(task.id(), |_, _| true);
    assert_eq!(
        (seen.vitals.state, seen.vitals.runtime),
        (State::Scheduled, None)
    );
    assert!(find(&world, task.id()).is_some());
    runtime.block_on(task).expect("no panic");
}
