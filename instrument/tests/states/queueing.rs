//! The time from a wake to the poll that answers it, and how it adds up with the rest of a task's life.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use taskscope_model::{Nanos, State, Task};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::{Id, yield_now};

use crate::app::{current_thread, let_pass, look_at, look_for, look_for_end, now};

/// What the test's clock measured, less what two clocks may differ by.
fn at_least(measured: Duration) -> Nanos {
    Nanos::from(measured - measured / 1000)
}

/// A task that keeps the thread of its runtime until the sender is gone.
fn block(runtime: &Runtime) -> (Id, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel();
    let task = runtime.spawn(async move {
        wait.recv().expect_err("the sender goes");
    });
    (task.id(), go)
}

/// Runs a runtime on a thread of its own while the test goes on.
fn drive(runtime: &Runtime, work: impl FnOnce()) {
    let stop = Notify::new();
    thread::scope(|scope| {
        let driver = scope.spawn(|| runtime.block_on(stop.notified()));
        work();
        stop.notify_one();
        driver.join().expect("no panic");
    });
}

#[test]
fn a_task_that_was_never_polled_waits_longer_and_longer() {
    let runtime = current_thread();
    let (blocker, go) = block(&runtime);
    let waits = runtime.spawn(async {});
    let (begin, id) = (now(), waits.id());
    drive(&runtime, || {
        look_for(blocker, State::Running);
        let wait = |time| {
            let (task, world) = look_at(id, |task, world| task.scheduled(world.now()) > time);
            assert_eq!(
                (task.vitals.state, task.vitals.polls),
                (State::Scheduled, 0)
            );
            assert_eq!(task.scheduled(world.now()), task.age(world.now()));
            assert_eq!(task.idle(world.now()), Nanos::ZERO);
            task.scheduled(world.now())
        };
        let first = wait(Nanos::ZERO);
        wait(first);
        let blocks = look_for(blocker, State::Running);
        let longer = |task: &Task, world: &taskscope_model::World| {
            task.busy(world.now()) > first && task.vitals.since == blocks.vitals.since
        };
        look_at(blocker, longer);
        let waited = begin.elapsed();
        drop(go);
        let done = look_for_end(id);
        assert!(
            done.vitals.scheduled >= at_least(waited),
            "{done:?}, {waited:?}"
        );
    });
}

/// A task that waits until it is told to return, and leaves its waker outside whenever it is polled.
#[derive(Default)]
struct Outside {
    waker: Mutex<Option<Waker>>,
    returns: std::sync::atomic::AtomicBool,
}

fn waits(outside: &Arc<Outside>) -> impl Future<Output = ()> + Send + use<> {
    let outside = Arc::clone(outside);
    poll_fn(move |cx| {
        if outside.returns.load(std::sync::atomic::Ordering::SeqCst) {
            return Poll::Ready(());
        }
        *outside.waker.lock().expect("no panic") = Some(cx.waker().clone());
        Poll::Pending
    })
}

#[test]
fn a_redundant_wake_does_not_reset_the_clock() {
    let runtime = current_thread();
    let outside = Arc::new(Outside::default());
    let task = runtime.spawn(waits(&outside));
    runtime.block_on(yield_now());
    let before = look_for(task.id(), State::Idle);
    let (blocker, go) = block(&runtime);
    drive(&runtime, || {
        look_for(blocker, State::Running);
        let waker = outside
            .waker
            .lock()
            .expect("no panic")
            .take()
            .expect("it waits");
        waker.wake_by_ref();
        let begin = now();
        let first = look_for(task.id(), State::Scheduled);
        let_pass(Duration::from_millis(50));
        waker.wake_by_ref();
        let waited = begin.elapsed();
        // The second wake is there, and nothing about the first has changed.
        let (second, _) = look_at(task.id(), |task, _| task.vitals.wakes == 2);
        assert_eq!(second.vitals.since, first.vitals.since);
        drop(go);
        let (after, _) = look_at(task.id(), |task, _| task.vitals.polls == 2);
        let queued = after.vitals.scheduled - before.vitals.scheduled;
        assert!(queued >= at_least(waited), "{queued:?} after {waited:?}");
    });
}

#[test]
fn a_wake_during_a_poll_waits_from_its_end() {
    let runtime = current_thread();
    let (to_test, at_work) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let task = runtime.spawn(async move {
        let mut first = true;
        poll_fn(move |cx| {
            if !std::mem::take(&mut first) {
                return Poll::Ready(());
            }
            to_test.send(cx.waker().clone()).expect("the test waits");
            wait.recv().expect_err("the sender goes");
            Poll::Pending
        })
        .await;
    });
    drive(&runtime, || {
        let waker = at_work.recv().expect("it works");
        waker.wake();
        let begin = now();
        let (running, _) = look_at(task.id(), |task, _| task.vitals.wakes == 1);
        assert_eq!(running.vitals.state, State::Running);
        let_pass(Duration::from_millis(20));
        let waited = begin.elapsed();
        drop(go);
        let done = look_for_end(task.id());
        assert_eq!(done.vitals.polls, 2);
        assert!(done.vitals.busy >= at_least(waited));
        adds_up(&done, done.end().expect("it ended"));
    });
}

/// No moment of a task's life is counted twice, and none is left out.
fn adds_up(task: &Task, now: taskscope_model::Stamp) {
    let (busy, scheduled) = (task.busy(now), task.scheduled(now));
    // The age comes from two stamps, the others from lengths, which are each rounded.
    let rounding = Nanos(2 * (task.vitals.polls + 2));
    assert!(busy + scheduled <= task.age(now) + rounding, "{task:?}");
    let rest = (busy + scheduled).0.min(task.age(now).0);
    assert_eq!(task.idle(now), task.age(now) - Nanos(rest));
}

#[test]
fn busy_and_scheduled_and_idle_are_its_age() {
    let runtime = current_thread();
    let outside = Arc::new(Outside::default());
    let waiting = waits(&outside);
    let spin = Duration::from_millis(20);
    let task = runtime.spawn(async move {
        waiting.await;
        let begin = now();
        while begin.elapsed() < spin {
            std::hint::spin_loop();
        }
    });
    let created = now();
    let id = task.id();
    let_pass(Duration::from_millis(20));
    let queued_first = created.elapsed();
    runtime.block_on(yield_now());
    let idle_begins = now();
    look_for(id, State::Idle);
    let_pass(Duration::from_millis(20));
    let idle = idle_begins.elapsed();
    outside
        .returns
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let waker = outside
        .waker
        .lock()
        .expect("no panic")
        .take()
        .expect("it waits");
    waker.wake();
    let queued_begins = now();
    look_for(id, State::Scheduled);
    let queued = queued_begins.elapsed();
    runtime.block_on(task).expect("no panic");
    let lived = created.elapsed();

    let done = look_for_end(id);
    let end = done.end().expect("it ended");
    assert_eq!((done.vitals.state, done.vitals.polls), (State::Done, 2));
    assert!(done.busy(end) >= at_least(spin));
    assert!(done.scheduled(end) >= at_least(queued_first + queued));
    assert!(done.idle(end) >= at_least(idle));
    assert!(Nanos::from(lived) >= at_least(spin + queued_first + queued + idle));
    adds_up(&done, end);
}

#[test]
fn it_adds_up_for_tasks_that_are_polled_a_lot() {
    let runtime = current_thread();
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            runtime.spawn(async move {
                for _ in 0..50 * n {
                    yield_now().await;
                }
            })
        })
        .collect();
    let ids: Vec<_> = tasks.iter().map(|task| task.id()).collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("no panic");
        }
    });
    for (n, id) in (0..).zip(ids) {
        let done = look_for_end(id);
        assert_eq!(
            (done.vitals.state, done.vitals.polls),
            (State::Done, 50 * n + 1)
        );
        adds_up(&done, done.end().expect("it ended"));
    }
}
