//! Tasks that return are done, at once, whatever else there is of them.

use std::future::{Future, pending, poll_fn};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use taskscope_model::State;
use tokio::runtime::Runtime;
use tokio::task::{Id, JoinSet, yield_now};
use tokio::time::timeout;

use crate::app::{current_thread, look_at, look_for, look_for_end, multi_thread, site};

#[test]
fn with_a_blocking_closure_alive() {
    let runtime = current_thread();
    let (go, wait) = mpsc::channel::<()>();
    let (sender, closures) = mpsc::channel();
    let task = runtime.spawn(async move {
        let closure = tokio::task::spawn_blocking(move || wait.recv());
        sender.send(closure).expect("the test waits");
    });
    let id = task.id();
    runtime.block_on(task).expect("it returns");
    let closure = closures.recv().expect("it was sent");
    let child = look_for(closure.id(), State::Running);
    let parent = look_for_end(id);
    assert_eq!((parent.vitals.state, parent.vitals.polls), (State::Done, 1));
    assert_eq!(child.birth.parent, Some(parent.id));
    // The closure is not done by that.
    assert!(
        !look_for(closure.id(), State::Running)
            .vitals
            .state
            .has_ended()
    );
    drop(go);
    assert_eq!(look_for_end(closure.id()).vitals.state, State::Done);
}

#[test]
fn with_a_span_of_the_users_alive() {
    let runtime = current_thread();
    let task = runtime.spawn(async {
        let span = tracing::info_span!("the user's");
        span.in_scope(|| tracing::info_span!("its child"))
    });
    let id = task.id();
    let span = runtime.block_on(task).expect("it returns");
    assert!(span.id().is_some());
    assert_eq!(look_for_end(id).vitals.state, State::Done);
    drop(span);
}

/// Runs a future as a task of each kind of runtime; it has to be done, after this many polls.
fn is_done<F>(polls: u64, future: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    for runtime in [current_thread(), multi_thread(1)] {
        let task = runtime.spawn(future());
        let id = task.id();
        runtime.block_on(task).expect("it returns");
        assert_done(id, polls);
    }
}

fn assert_done(id: Id, polls: u64) {
    let task = look_for_end(id);
    assert_eq!((task.vitals.state, task.vitals.polls), (State::Done, polls));
    let sketches = task.sketches.expect("asked for");
    assert_eq!(sketches.polls.count(), polls);
}

#[test]
fn at_the_first_poll() {
    is_done(1, || async {});
}

#[test]
fn with_a_wake_of_its_own_pending() {
    is_done(1, || {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
    });
    is_done(3, || async {
        yield_now().await;
        yield_now().await;
        poll_fn(|cx| {
            let clone = cx.waker().clone();
            clone.wake();
            Poll::Ready(())
        })
        .await;
    });
}

#[test]
fn with_a_wake_of_anothers_pending() {
    is_done(1, || {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            std::thread::spawn(|| waker.wake())
                .join()
                .expect("no panic");
            Poll::Ready(())
        })
    });
}

#[test]
fn with_timers() {
    let long = Duration::from_secs(3600);
    is_done(1, move || async move {
        timeout(long, std::future::ready(()))
            .await
            .expect("in time");
    });
    is_done(2, move || async move {
        timeout(long, yield_now()).await.expect("in time");
    });
    is_done(2, || async {
        let late = timeout(Duration::from_millis(5), pending::<()>()).await;
        late.expect_err("it never comes");
    });
    is_done(2, move || async move {
        tokio::select! {
            () = tokio::time::sleep(long) => unreachable!("in an hour"),
            () = yield_now() => {}
        }
    });
}

#[test]
fn with_tasks_that_go_with_it() {
    is_done(1, || async {
        let mut set = JoinSet::new();
        for _ in 0..3 {
            set.spawn(pending::<()>());
        }
    });
}

#[test]
fn after_a_runtime_of_its_own() {
    is_done(1, || async {
        let runs = || {
            let runtime: Runtime = current_thread();
            runtime.block_on(async { tokio::spawn(yield_now()).await.expect("no panic") });
        };
        std::thread::spawn(runs).join().expect("no panic");
    });
}

#[test]
fn block_on_returns() {
    let runtime = current_thread();
    let inner = runtime.block_on(async {
        yield_now().await;
        tokio::spawn(async {}).id()
    });
    let (_, world) = look_at(inner, |task, world| {
        let parent = task.birth.parent.and_then(|parent| world.task(parent));
        parent.is_some_and(|parent| parent.vitals.state == State::Done)
    });
    let parent = crate::app::find(&world, inner).and_then(|task| world.task(task.birth.parent?));
    let parent = parent.expect("it was there");
    assert_eq!(site(&world, parent).kind, taskscope_model::Kind::BlockOn);
    assert_eq!(parent.vitals.polls, 2);
}
