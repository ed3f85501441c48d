//! What is held in parts: permits of semaphores, places of channels.

use std::future::{Future as _, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;

use taskscope_record::{ResourceReport, resource_now, task_here};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::{app, made_at};

fn of(report: &ResourceReport, task: u64) -> u64 {
    let mine = report.holds.iter().filter(|hold| hold.task == task);
    mine.map(|hold| hold.count).sum()
}

/// Six tasks and ten permits of which each takes up to three: all are listed, so each finds its own.
#[test]
fn permits_are_counted_by_task() {
    let _alone = crate::alone();
    let runtime = app::multi_thread(4);
    let (permits, line) = (Arc::new(Semaphore::new(10)), line!());
    let id = made_at("parts.rs", line);
    let (samples, wrong) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    runtime.block_on(async {
        let tasks: Vec<_> = (0..6u64)
            .map(|n| {
                let permits = Arc::clone(&permits);
                let (samples, wrong) = (Arc::clone(&samples), Arc::clone(&wrong));
                tokio::spawn(async move {
                    for round in 0..2_000 {
                        let many = (n + round) % 3 + 1;
                        let _some = permits.acquire_many(many as u32).await.expect("open");
                        if round % 8 == 0 {
                            yield_now().await;
                        }
                        let one = Arc::clone(&permits).try_acquire_owned();
                        let report = resource_now(id).expect("it lives");
                        samples.fetch_add(1, Relaxed);
                        let right = of(&report, task_here()) == many && report.capacity == Some(10);
                        wrong.fetch_add(u64::from(!right), Relaxed);
                        // It came without a word, so it must not go with one.
                        if let Ok(one) = one {
                            one.forget();
                            permits.add_permits(0);
                            break;
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
    let report = resource_now(id).expect("it lives");
    assert!(samples.load(Relaxed) >= 6);
    assert_eq!(wrong.load(Relaxed), 0, "of {}", samples.load(Relaxed));
    assert!(
        report.holds.is_empty() && report.unlisted == 0,
        "{report:?}"
    );
}

/// Two permits each, handed from task to task, waits given up at all moments: nothing is left over, nothing is doubted.
#[test]
fn waits_that_are_given_up_leave_no_trace() {
    let _alone = crate::alone();
    let runtime = app::multi_thread(4);
    let (permits, line) = (Arc::new(Semaphore::new(4)), line!());
    let id = made_at("parts.rs", line);
    let given_up = Arc::new(AtomicU64::new(0));
    runtime.block_on(async {
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let (permits, given_up) = (Arc::clone(&permits), Arc::clone(&given_up));
                tokio::spawn(async move {
                    for round in 0..5_000 {
                        let _one = permits.acquire().await.expect("open");
                        let more = async { permits.acquire_many(2).await.map(drop) };
                        tokio::select! {
                            biased;
                            more = more => more.expect("open"),
                            () = async { for _ in 0..(n + round) % 3 { yield_now().await } } => {
                                given_up.fetch_add(1, Relaxed);
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
    let report = resource_now(id).expect("it lives");
    assert!(given_up.load(Relaxed) > 1_000, "{given_up:?}");
    assert!(
        report.holds.is_empty() && report.unlisted == 0,
        "{report:?}"
    );
    assert!(!report.moved && !report.partial, "{report:?}");
    assert_eq!(permits.available_permits(), 4);
}

/// More holders than are listed: the rest is added up, and nothing is left.
#[test]
fn a_crowd_of_holders_is_added_up() {
    let _alone = crate::alone();
    let runtime = app::current_thread();
    let (permits, line) = (Arc::new(Semaphore::new(100)), line!());
    let id = made_at("parts.rs", line);
    runtime.block_on(async {
        let stop = Arc::new(tokio::sync::Notify::new());
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (permits, stop) = (Arc::clone(&permits), Arc::clone(&stop));
                tokio::spawn(async move {
                    let _two = permits.acquire_many(2).await.expect("open");
                    stop.notified().await;
                })
            })
            .collect();
        yield_now().await;
        while permits.available_permits() > 0 {
            yield_now().await;
        }
        let report = resource_now(id).expect("it lives");
        let listed: u64 = report.holds.iter().map(|hold| hold.count).sum();
        assert_eq!((report.holds.len(), listed + report.unlisted), (8, 100));
        stop.notify_waiters();
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
    let report = resource_now(id).expect("it lives");
    assert!(
        report.holds.is_empty() && report.unlisted == 0,
        "{report:?}"
    );
    assert!(!report.moved && !report.partial, "{report:?}");
}

/// What was taken without a word and is given back with one can't be told apart: it is said that holders may be missing.
#[test]
fn permits_that_came_without_a_word_leave_a_mark() {
    let _alone = crate::alone();
    let runtime = app::current_thread();
    let (permits, line) = (Semaphore::new(2), line!());
    let id = made_at("parts.rs", line);
    runtime.block_on(async {
        drop(permits.try_acquire().expect("there are two"));
    });
    let report = resource_now(id).expect("it lives");
    assert!(
        report.partial && !report.moved && report.holds.is_empty(),
        "{report:?}"
    );
}

/// Who waited when it was closed, or asked later, got an error and no permit; what one was given in part went back.
#[test]
fn a_semaphore_that_is_closed_gives_nothing() {
    let _alone = crate::alone();
    let runtime = app::current_thread();
    let (permits, line) = (Arc::new(Semaphore::new(2)), line!());
    let id = made_at("parts.rs", line);
    runtime.block_on(async {
        let held = permits.acquire().await.expect("open");
        // The first has one of the two that it wants, the second has none.
        let waiting = [2, 1].map(|many| {
            let permits = Arc::clone(&permits);
            tokio::spawn(async move { permits.acquire_many(many).await.is_err() })
        });
        yield_now().await;
        permits.close();
        for task in waiting {
            assert!(task.await.expect("it does not panic"));
        }
        assert!(permits.acquire().await.is_err());
        let report = resource_now(id).expect("it lives");
        assert_eq!(report.holds.len(), 1, "{report:?}");
        assert_eq!(of(&report, task_here()), 1, "{report:?}");
        assert_eq!((report.acquired, report.waits, report.abandoned), (1, 2, 2));
        drop(held);
    });
    let report = resource_now(id).expect("it lives");
    assert!(report.holds.is_empty(), "{report:?}");
    assert!(!report.moved && !report.partial, "{report:?}");
}

/// A task that has used up its turn is given a permit and returns without it. It comes back for it, or drops the future:
/// then nobody ever had the permit.
#[test]
fn a_permit_at_the_end_of_a_turn_is_taken_in_the_next() {
    let _alone = crate::alone();
    let runtime = app::current_thread();
    let (permits, line) = (Arc::new(Semaphore::new(1)), line!());
    let id = made_at("parts.rs", line);
    let own = Arc::clone(&permits);
    let task = async move {
        for keep in [true, false] {
            yield_now().await;
            while tokio::task::coop::has_budget_remaining() {
                tokio::task::consume_budget().await;
            }
            let mut permit = Box::pin(own.acquire());
            let pending = poll_fn(|cx| Poll::Ready(permit.as_mut().poll(cx).is_pending())).await;
            assert!(pending, "no turn is left");
            if keep {
                let _permit = permit.await.expect("open");
                let report = resource_now(id).expect("it lives");
                assert_eq!(of(&report, task_here()), 1, "{report:?}");
            }
        }
    };
    runtime.block_on(async { tokio::spawn(task).await.expect("it does not panic") });
    let report = resource_now(id).expect("it lives");
    assert!(report.holds.is_empty(), "{report:?}");
    assert!(!report.moved && !report.partial, "{report:?}");
    // Nobody kept it waiting.
    assert_eq!((report.acquired, report.waits, report.abandoned), (1, 0, 1));
}

/// A turn is over after so many locks, and tokio sends the task away with the next one in its hands: nobody kept it waiting.
#[test]
fn a_lock_at_the_end_of_a_turn_is_no_wait() {
    let _alone = crate::alone();
    let runtime = app::current_thread();
    let (lock, line) = (Arc::new(tokio::sync::Mutex::new(0)), line!());
    let id = made_at("parts.rs", line);
    let task = async move {
        for _ in 0..1_000 {
            *lock.lock().await += 1;
        }
        resource_now(id).expect("it lives")
    };
    let report = runtime.block_on(async { tokio::spawn(task).await.expect("it does not panic") });
    assert_eq!((report.acquired, report.waits), (1_000, 0), "{report:?}");
    assert_eq!((report.waited, report.across_awaits), (0, 0), "{report:?}");
}
