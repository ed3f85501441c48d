//! How many clones of a task's waker live: as many as are held, and none once all is over.

use std::future::{Future, pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use taskscope_model::State;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{Id, yield_now};
use tokio::time::{sleep, timeout};

use crate::app::{current_thread, look_at, look_for_end, multi_thread};

const LONG: Duration = Duration::from_secs(3600);

fn look_for_wakers(id: Id, wakers: u32) {
    look_at(id, |task, _| {
        task.vitals.state == State::Idle && task.vitals.wakers == wakers
    });
}

#[test]
fn exact_while_clones_are_held() {
    let runtime = multi_thread(1);
    let held: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let inside = Arc::clone(&held);
    let task = runtime.spawn(poll_fn(move |cx| {
        let mut held = inside.lock().expect("no panic");
        held.extend((0..10).map(|_| cx.waker().clone()));
        Poll::<()>::Pending
    }));
    let id = task.id();
    look_for_wakers(id, 10);
    // Nobody wakes the task, so nothing but the count changes.
    held.lock().expect("no panic").truncate(7);
    look_for_wakers(id, 7);
    let more: Vec<_> = held
        .lock()
        .expect("no panic")
        .iter()
        .map(Waker::clone)
        .collect();
    look_for_wakers(id, 14);
    drop(more);
    held.lock().expect("no panic").clear();
    // Nothing is left that could wake it.
    look_for_wakers(id, 0);
}

#[test]
fn a_wake_uses_one_up() {
    let runtime = multi_thread(1);
    let held: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let inside = Arc::clone(&held);
    let mut polls = 0;
    let task = runtime.spawn(poll_fn(move |cx| {
        polls += 1;
        if polls == 1 {
            let mut held = inside.lock().expect("no panic");
            held.extend((0..3).map(|_| cx.waker().clone()));
        }
        Poll::<()>::Pending
    }));
    look_for_wakers(task.id(), 3);
    let take = || held.lock().expect("no panic").pop().expect("some are left");
    take().wake();
    look_at(task.id(), |task, _| task.vitals.polls == 2);
    look_for_wakers(task.id(), 2);
    take().wake_by_ref();
    look_at(task.id(), |task, _| task.vitals.polls == 3);
    look_for_wakers(task.id(), 1);
}

/// Runs something, after which the task waits for what nobody can wake it from.
fn leaves_none<F>(runtime: &Runtime, work: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let task = runtime.spawn(async {
        work.await;
        // Here the task can still be woken by itself.
        yield_now().await;
        pending::<()>().await;
    });
    look_for_wakers(task.id(), 0);
}

#[test]
fn none_once_everything_is_dropped() {
    let runtime = multi_thread(1);
    leaves_none(&runtime, async {});
    leaves_none(&runtime, async {
        let notify = Arc::new(Notify::new());
        let theirs = Arc::clone(&notify);
        let notifies = async move { theirs.notify_one() };
        tokio::spawn(notifies);
        notify.notified().await;
    });
    leaves_none(&runtime, async {
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move { sender.send(1) });
        receiver.await.expect("it is sent");
    });
    leaves_none(&runtime, async {
        let (sender, mut receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for n in 0..10 {
                sender.send(n).await.expect("somebody receives");
            }
        });
        while receiver.recv().await.is_some() {}
    });
    leaves_none(&runtime, async {
        tokio::spawn(yield_now()).await.expect("no panic");
        tokio::task::spawn_blocking(|| ()).await.expect("no panic");
    });
    leaves_none(&runtime, async {
        let late = timeout(Duration::from_millis(1), pending::<()>()).await;
        late.expect_err("it never comes");
        timeout(LONG, yield_now()).await.expect("in time");
    });
    leaves_none(&runtime, async {
        let notify = Notify::new();
        tokio::select! {
            () = notify.notified() => unreachable!("nobody does"),
            () = sleep(LONG) => unreachable!("in an hour"),
            () = sleep(Duration::from_millis(1)) => {}
        }
    });
}

#[test]
fn one_for_each_place_that_can_wake_it() {
    let runtime = current_thread();
    let notify = Arc::new(Notify::new());
    let theirs = Arc::clone(&notify);
    let task = runtime.spawn(async move {
        tokio::select! {
            () = theirs.notified() => {}
            () = sleep(LONG) => unreachable!("in an hour"),
        }
    });
    let id = task.id();
    runtime.block_on(yield_now());
    look_for_wakers(id, 2);
    notify.notify_one();
    runtime.block_on(task).expect("no panic");
    assert_eq!(look_for_end(id).vitals.wakers, 0);
}

#[test]
fn a_handle_that_is_awaited_holds_one_until_it_is_dropped() {
    let runtime = multi_thread(1);
    let notify = Arc::new(Notify::new());
    let theirs = Arc::clone(&notify);
    let awaited = runtime.spawn(pending::<()>());
    let awaits = runtime.spawn(async move {
        tokio::select! {
            _ = awaited => unreachable!("it never ends"),
            () = theirs.notified() => {}
        }
        pending::<()>().await;
    });
    look_for_wakers(awaits.id(), 2);
    notify.notify_one();
    look_for_wakers(awaits.id(), 0);
}
