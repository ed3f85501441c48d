//! The line at which a task waits, for each way in which it is known.

#[path = "support/app.rs"]
mod app;
#[path = "support/viewer.rs"]
mod viewer;

use std::sync::Arc;
use std::time::Duration;

use taskscope_model::{Await, Code, Task, World};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, Notify, oneshot};
use tokio::task::Id;

use crate::app::{current_thread, look_at, multi_thread};

/// The line of the app at which each await of a task stands, and whether that is sure.
fn lines(world: &World, awaits: &[Await]) -> Vec<(u32, bool)> {
    let of = |place: &Await| {
        let stack = world.stack(place.stack.expect("all are caught"));
        let frame = stack.and_then(|stack| stack.line());
        (frame.map_or(0, |frame| frame.place.line), place.sure)
    };
    let mut lines: Vec<_> = awaits.iter().map(of).collect();
    lines.sort_unstable();
    lines
}

/// Looks until the awaits of a task have frames and are as many.
fn awaits(id: Id, count: usize) -> (Task, World, Vec<Await>) {
    let named = |world: &World, place: &Await| {
        let stack = place.stack.and_then(|id| world.stack(id));
        stack.is_some()
    };
    let (task, world) = look_at(id, |task, world| {
        let awaits = world.awaits(task);
        awaits.len() == count && awaits.iter().all(|place| named(world, place))
    });
    let awaits = world.awaits(&task);
    (task, world, awaits)
}

fn on_both(check: impl Fn(&Runtime, &dyn Fn(Duration))) {
    let runtime = multi_thread(2);
    check(&runtime, &|_| {});
    let runtime = current_thread();
    check(&runtime, &|time| {
        runtime.block_on(async { tokio::time::sleep(time).await });
    });
}

async fn inner(notify: Arc<Notify>) {
    notify.notified().await;
}
const INNER: u32 = line!() - 2;

async fn outer(notify: Arc<Notify>) {
    inner(notify).await;
}
const OUTER: u32 = line!() - 2;

#[test]
fn a_wait_is_shown_with_all_futures_around_it() {
    on_both(|runtime, drive| {
        let task = runtime.spawn(outer(Arc::default()));
        drive(Duration::from_millis(1));
        let (_, world, awaits) = awaits(task.id(), 1);
        assert!(awaits[0].sure && awaits[0].wait.is_none());
        let stack = world
            .stack(awaits[0].stack.expect("caught"))
            .expect("named");
        let frames = &stack.frames[..];
        assert!(frames[0].code == Code::Runtime && frames[0].function.contains("Notified"));
        let own = frames[1..]
            .iter()
            .map(|frame| (frame.code, frame.place.line));
        assert!(
            own.eq([(Code::App, INNER), (Code::App, OUTER)]),
            "{frames:?}"
        );
        // Line tables have short names of what was inlined, and everything can be.
        if cfg!(debug_assertions) {
            let names = frames[1..].iter().map(|frame| &*frame.function);
            assert!(
                names.eq(["await_stacks::inner", "await_stacks::outer"]),
                "{frames:?}"
            );
        }
        assert!(stack.whole);
    });
}

#[test]
fn a_wait_for_a_lock_has_a_line_too() {
    on_both(|runtime, drive| {
        let lock = Arc::new(Mutex::new(()));
        let _guard = lock.clone().try_lock_owned().expect("free");
        let task = runtime.spawn(async move {
            let _second = lock.lock().await;
        });
        let line = line!() - 2;
        drive(Duration::from_millis(1));
        let (_, world, awaits) = awaits(task.id(), 1);
        assert!(awaits[0].wait.is_some());
        assert_eq!(lines(&world, &awaits), [(line, true)]);
    });
}

#[test]
fn what_is_awaited_side_by_side_is_all_shown() {
    on_both(|runtime, drive| {
        let (kept, first) = oneshot::channel::<()>();
        let notify = Arc::new(Notify::new());
        let task = runtime.spawn(async move {
            let one = async { first.await.is_ok() };
            let two = async { notify.notified().await };
            tokio::join!(one, two)
        });
        let line = line!() - 4;
        drive(Duration::from_millis(1));
        let (_, world, awaits) = awaits(task.id(), 2);
        assert_eq!(lines(&world, &awaits), [(line, true), (line + 1, true)]);
        drop(kept);
    });
}

#[test]
fn after_a_wait_comes_the_next_one() {
    on_both(|runtime, drive| {
        let (first, second) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let notify = Arc::clone(&first);
        let task = runtime.spawn(async move {
            first.notified().await;
            second.notified().await;
        });
        let line = line!() - 3;
        drive(Duration::from_millis(1));
        let id = task.id();
        let (_, world, places) = awaits(id, 1);
        assert_eq!(lines(&world, &places), [(line, true)]);
        notify.notify_one();
        drive(Duration::from_millis(1));
        look_at(id, |task, _| task.vitals.polls == 2);
        let (_, world, places) = awaits(id, 1);
        assert_eq!(lines(&world, &places), [(line + 1, true)]);
    });
}

#[test]
fn a_task_that_has_ended_waits_nowhere() {
    let runtime = multi_thread(1);
    let task = runtime.spawn(outer(Arc::default()));
    let id = task.id();
    awaits(id, 1);
    task.abort();
    let (task, world) = look_at(id, |task, _| task.vitals.state.has_ended());
    assert_eq!(world.awaits(&task), []);
}
