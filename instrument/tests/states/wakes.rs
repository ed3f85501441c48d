//! Who woke a task.

use std::sync::Arc;
use std::time::Duration;

use taskscope_model::{LastWaker, State};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::app::{current_thread, look_for, look_for_end, multi_thread};

#[test]
fn nobody_yet() {
    let runtime = current_thread();
    let task = runtime.spawn(std::future::pending::<()>());
    runtime.block_on(yield_now());
    let idle = look_for(task.id(), State::Idle);
    assert_eq!(idle.vitals.last_waker, LastWaker::Nobody);
    assert_eq!((idle.vitals.wakes, idle.vitals.self_wakes), (0, 0));
}

#[test]
fn itself() {
    let runtime = current_thread();
    let task = runtime.spawn(std::future::poll_fn({
        let mut polls = 0;
        move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls > 3 {
                return std::task::Poll::Ready(());
            }
            std::task::Poll::Pending
        }
    }));
    let id = task.id();
    runtime.block_on(task).expect("no panic");
    let done = look_for_end(id);
    assert_eq!(done.vitals.last_waker, LastWaker::Task(done.id));
    assert_eq!((done.vitals.wakes, done.vitals.self_wakes), (4, 4));
}

#[test]
fn another_task() {
    for runtime in [current_thread(), multi_thread(1)] {
        let notify = Arc::new(Notify::new());
        let theirs = Arc::clone(&notify);
        let woken = runtime.spawn(async move { theirs.notified().await });
        runtime.block_on(yield_now());
        look_for(woken.id(), State::Idle);
        let waker = runtime.spawn(async move { notify.notify_one() });
        let ids = (woken.id(), waker.id());
        runtime.block_on(async {
            waker.await.expect("no panic");
            woken.await.expect("no panic");
        });
        let (woken, waker) = (look_for_end(ids.0), look_for_end(ids.1));
        assert_eq!(woken.vitals.last_waker, LastWaker::Task(waker.id));
        assert_eq!((woken.vitals.wakes, woken.vitals.self_wakes), (1, 0));
    }
}

#[test]
fn the_task_that_it_joins() {
    let runtime = current_thread();
    let (ids, joins) = runtime.block_on(async {
        let joined = tokio::spawn(yield_now());
        let id = joined.id();
        let joins = tokio::spawn(async move { joined.await.expect("no panic") });
        let ids = (joins.id(), id);
        (ids, joins.await)
    });
    joins.expect("no panic");
    let (joins, joined) = (look_for_end(ids.0), look_for_end(ids.1));
    // It ends after its last poll, outside of any.
    assert_eq!(joins.vitals.last_waker, LastWaker::NoTask);
    assert_eq!(joined.vitals.state, State::Done);
}

#[test]
fn a_closure_on_the_blocking_pool() {
    let runtime = current_thread();
    let notify = Arc::new(Notify::new());
    let theirs = Arc::clone(&notify);
    let woken = runtime.spawn(async move { theirs.notified().await });
    runtime.block_on(yield_now());
    let closure = runtime.spawn_blocking(move || notify.notify_one());
    let ids = (woken.id(), closure.id());
    runtime.block_on(async {
        closure.await.expect("no panic");
        woken.await.expect("no panic");
    });
    let (woken, closure) = (look_for_end(ids.0), look_for_end(ids.1));
    assert_eq!(woken.vitals.last_waker, LastWaker::Task(closure.id));
}

#[test]
fn no_task() {
    let runtime = multi_thread(1);
    let notify = Arc::new(Notify::new());
    let theirs = Arc::clone(&notify);
    let by_a_thread = runtime.spawn(async move { theirs.notified().await });
    look_for(by_a_thread.id(), State::Idle);
    notify.notify_one();
    let by_a_timer = runtime.spawn(async { sleep(Duration::from_millis(5)).await });
    for id in [by_a_thread.id(), by_a_timer.id()] {
        let done = look_for_end(id);
        assert_eq!(done.vitals.last_waker, LastWaker::NoTask);
        assert_eq!((done.vitals.wakes, done.vitals.self_wakes), (1, 0));
    }
}
