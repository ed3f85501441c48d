//! Tasks that are dropped before they are done are cancelled, and their drop is no poll; tasks that panic have panicked.

use std::future::{pending, poll_fn};
use std::panic::{panic_any, set_hook, take_hook};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, Once, mpsc};
use std::task::{Poll, Waker};

use taskscope_model::{Nanos, State, Task};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{Id, JoinSet, yield_now};

use crate::app::{counted, current_thread, look_for, look_for_end, multi_thread};

/// A future that waits for ever and leaves its waker outside.
fn waits(waker: &Arc<Mutex<Option<Waker>>>) -> impl Future<Output = ()> + Send + use<> {
    let waker = Arc::clone(waker);
    poll_fn(move |cx| {
        *waker.lock().expect("no panic") = Some(cx.waker().clone());
        Poll::Pending
    })
}

fn assert_cancelled(id: Id, polls: u64) -> Task {
    let task = look_for_end(id);
    assert_eq!(
        (task.vitals.state, task.vitals.polls),
        (State::Cancelled, polls)
    );
    // A poll time for each poll, none for the drop.
    let sketches = task.sketches.as_ref().expect("asked for");
    assert_eq!(sketches.polls.count(), polls);
    if polls == 0 {
        assert_eq!(task.vitals.busy, Nanos::ZERO);
    }
    task
}

#[test]
fn aborted_while_idle() {
    let runtime = current_thread();
    let (future, polls) = counted(pending::<()>());
    let task = runtime.spawn(future);
    let id = task.id();
    runtime.block_on(yield_now());
    look_for(id, State::Idle);
    task.abort();
    assert!(runtime.block_on(task).expect_err("aborted").is_cancelled());
    assert_eq!(polls.load(SeqCst), 1);
    assert_cancelled(id, 1);
}

#[test]
fn aborted_while_scheduled() {
    let runtime = current_thread();
    let waker = Arc::default();
    let (future, polls) = counted(waits(&waker));
    let task = runtime.spawn(future);
    let id = task.id();
    runtime.block_on(yield_now());
    look_for(id, State::Idle);
    let woken = waker.lock().expect("no panic").take().expect("it waits");
    woken.wake();
    look_for(id, State::Scheduled);
    task.abort();
    assert!(runtime.block_on(task).expect_err("aborted").is_cancelled());
    assert_eq!(polls.load(SeqCst), 1);
    let ended = assert_cancelled(id, 1);
    assert_eq!((ended.vitals.wakes, ended.vitals.self_wakes), (1, 0));
}

#[test]
fn aborted_before_the_first_poll() {
    let runtime = current_thread();
    let (future, polls) = counted(pending::<()>());
    let task = runtime.spawn(future);
    let id = task.id();
    let seen = look_for(id, State::Scheduled);
    assert_eq!(
        (seen.vitals.polls, seen.vitals.since),
        (0, seen.birth.created)
    );
    task.abort();
    assert!(runtime.block_on(task).expect_err("aborted").is_cancelled());
    assert_eq!(polls.load(SeqCst), 0);
    assert_cancelled(id, 0);
}

#[test]
fn aborted_from_another_thread() {
    let runtime = multi_thread(1);
    let (future, polls) = counted(async {
        yield_now().await;
        pending::<()>().await;
    });
    let task = runtime.spawn(future);
    look_for(task.id(), State::Idle);
    // A drop that is the next thing a thread does after a poll of the same task, and soon, reads as a return.
    runtime.block_on(runtime.spawn(async {})).expect("no panic");
    task.abort();
    assert_cancelled(task.id(), 2);
    assert_eq!(polls.load(SeqCst), 2);
}

#[test]
fn aborted_with_a_handle_of_a_task() {
    let runtime = multi_thread(1);
    let (future, _) = counted(pending::<()>());
    let task = runtime.spawn(future);
    let (id, abort) = (task.id(), task.abort_handle());
    look_for(id, State::Idle);
    let aborter = runtime.spawn(async move { abort.abort() });
    assert_cancelled(id, 1);
    assert_eq!(look_for_end(aborter.id()).vitals.state, State::Done);
}

fn shut_down(runtime: Runtime) {
    let waker = Arc::default();
    let (idle, scheduled) = (runtime.spawn(pending::<()>()), runtime.spawn(waits(&waker)));
    // The idle one is polled before the other.
    let woken = loop {
        runtime.block_on(yield_now());
        if let Some(waker) = waker.lock().expect("no panic").take() {
            break waker;
        }
    };
    look_for(idle.id(), State::Idle);
    look_for(scheduled.id(), State::Idle);
    let (go, wait) = mpsc::channel::<()>();
    let (at_work, works) = mpsc::channel();
    // Keeps the worker of a multi-threaded runtime from the others.
    let blocks = runtime.spawn(async move {
        at_work.send(()).expect("the test waits");
        let _ = wait.recv();
    });
    if is_multi_thread(&runtime) {
        works.recv().expect("it works");
    }
    woken.wake();
    let never_polled = runtime.spawn(pending::<()>());
    look_for(scheduled.id(), State::Scheduled);
    look_for(never_polled.id(), State::Scheduled);
    let last = runtime.spawn(pending::<()>());
    drop(go);
    if is_multi_thread(&runtime) {
        // The one that its thread polled last, a moment before, may read as one that returned.
        look_for(last.id(), State::Idle);
    }
    let blocks = blocks.id();
    runtime.shutdown_background();
    assert_cancelled(idle.id(), 1);
    let (scheduled, never) = (
        look_for_end(scheduled.id()),
        look_for_end(never_polled.id()),
    );
    for task in [&scheduled, &never] {
        assert_eq!(task.vitals.state, State::Cancelled);
    }
    assert!(look_for_end(blocks).vitals.state.has_ended());
}

fn is_multi_thread(runtime: &Runtime) -> bool {
    runtime.handle().runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread
}

#[test]
fn shut_down_with_a_runtime_of_one_thread() {
    shut_down(current_thread());
}

#[test]
fn shut_down_with_a_runtime_of_workers() {
    shut_down(multi_thread(1));
}

#[test]
fn dropped_with_a_join_set() {
    let runtime = current_thread();
    let mut set = JoinSet::new();
    let (idle, _) = counted(pending::<()>());
    let idle = set.spawn_on(idle, runtime.handle()).id();
    runtime.block_on(yield_now());
    let never_polled = set.spawn_on(pending::<()>(), runtime.handle()).id();
    look_for(idle, State::Idle);
    drop(set);
    runtime.block_on(yield_now());
    assert_cancelled(idle, 1);
    assert_cancelled(never_polled, 0);
}

#[test]
fn a_blocking_closure_that_never_ran() {
    crate::app::current_thread();
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    let (go, wait) = mpsc::channel::<()>();
    let first = runtime.spawn_blocking(move || wait.recv());
    look_for(first.id(), State::Running);
    let second = runtime.spawn_blocking(|| ());
    let seen = look_for(second.id(), State::Scheduled);
    assert_eq!(seen.vitals.polls, 0);
    second.abort();
    drop(go);
    assert_cancelled(second.id(), 0);
    let first = look_for_end(first.id());
    assert_eq!((first.vitals.state, first.vitals.polls), (State::Done, 1));
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic_any(Wanted);
    }
}

/// The payload of panics that are part of a test.
struct Wanted;

fn panic_quietly() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |info| {
            if !info.payload().is::<Wanted>() {
                hook(info);
            }
        }));
    });
}

#[test]
fn panics() {
    panic_quietly();
    let runtime = current_thread();
    let at_once = runtime.spawn(async { panic_any(Wanted) });
    let later = runtime.spawn(async {
        yield_now().await;
        yield_now().await;
        panic_any(Wanted)
    });
    let in_a_closure = runtime.spawn_blocking(|| panic_any(Wanted));
    let at_its_drop = runtime.spawn(async {
        let _dropped = PanicsWhenDropped;
        yield_now().await;
    });
    // One that catches the panic of something within it is done.
    let caught = runtime.spawn(async {
        let panics = || panic_any(Wanted);
        std::panic::catch_unwind(panics).is_err()
    });
    let ids = [
        at_once.id(),
        later.id(),
        in_a_closure.id(),
        at_its_drop.id(),
    ];
    let caught_id = caught.id();
    runtime.block_on(async {
        assert!(at_once.await.expect_err("it panics").is_panic());
        assert!(later.await.expect_err("it panics").is_panic());
        assert!(in_a_closure.await.expect_err("it panics").is_panic());
        assert!(at_its_drop.await.expect_err("it panics").is_panic());
        assert!(caught.await.expect("it does not"));
    });
    let ended = ids
        .map(look_for_end)
        .map(|task| (task.vitals.state, task.vitals.polls));
    let panicked = |polls| (State::Panicked, polls);
    assert_eq!(ended, [panicked(1), panicked(3), panicked(1), panicked(2)]);
    let caught = look_for_end(caught_id);
    assert_eq!((caught.vitals.state, caught.vitals.polls), (State::Done, 1));
}
