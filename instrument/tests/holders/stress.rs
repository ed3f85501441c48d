//! Many tasks, few locks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use taskscope_record::{Access, ResourceType, resource_now, resources_now, task_here};
use tokio::sync::{Mutex, OwnedMutexGuard, RwLock};
use tokio::task::yield_now;

use crate::{app, made_at};

const LOCKS: usize = 8;
const TASKS: u64 = 64;
const ROUNDS: u64 = 3_000;
/// Looks per hold.
const LOOKS: u64 = 8;

#[derive(Default)]
struct Seen {
    samples: AtomicU64,
    wrong: AtomicU64,
    given_up: AtomicU64,
}

impl Seen {
    /// By a task that took the lock in this very poll or an earlier one: it alone is said to hold it.
    fn alone(&self, id: u64) {
        for _ in 0..LOOKS {
            let holds = resource_now(id).expect("it lives").holds;
            let right = matches!(holds[..], [hold] if hold.task == task_here()
                && hold.access == Access::Exclusive && hold.count == 1);
            self.count(right);
        }
    }

    /// By a task that took a read guard: it is among those who are said to hold one, and nobody is said to write.
    fn among(&self, id: u64) {
        for _ in 0..LOOKS {
            let report = resource_now(id).expect("it lives");
            let mine = report.holds.iter().find(|hold| hold.task == task_here());
            let right = mine.is_some_and(|hold| hold.access == Access::Shared)
                || mine.is_none() && report.unlisted > 0;
            self.count(right);
        }
    }

    fn count(&self, right: bool) {
        self.samples.fetch_add(1, Relaxed);
        self.wrong.fetch_add(u64::from(!right), Relaxed);
    }
}

struct Locks {
    mutexes: Vec<(Arc<Mutex<u64>>, u64)>,
    readers: (Arc<RwLock<u64>>, u64),
    seen: Seen,
}

/// One made after the other, so that each can be told: it is the only one that is new. (Runtimes that other tests make
/// meanwhile have channels of their own, but no locks.)
fn made<T>(kind: ResourceType, make: impl FnOnce() -> T) -> (Arc<T>, u64) {
    let known = ids(kind);
    let made = Arc::new(make());
    let id = ids(kind).into_iter().find(|id| !known.contains(id));
    (made, id.expect("a new one"))
}

fn ids(kind: ResourceType) -> Vec<u64> {
    resources_now()
        .iter()
        .filter(|report| report.origin.kind == kind)
        .map(|report| report.id)
        .collect()
}

fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

async fn one_round(locks: &Locks, seed: &mut u64) {
    let n = random(seed) as usize % LOCKS;
    let (mutex, id) = &locks.mutexes[n];
    let seen = &locks.seen;
    match random(seed) % 10 {
        0 => tokio::select! {
            biased;
            _guard = mutex.lock() => seen.alone(*id),
            () = yield_now() => { seen.given_up.fetch_add(1, Relaxed); }
        },
        1 => {
            if let Ok(_guard) = mutex.try_lock() {
                seen.alone(*id);
            }
        }
        2 => {
            let (readers, id) = &locks.readers;
            let _guard = readers.read().await;
            seen.among(*id);
            yield_now().await;
            seen.among(*id);
        }
        3 => {
            let (readers, id) = &locks.readers;
            let guard = readers.write().await;
            seen.alone(*id);
            let _guard = guard.downgrade();
            seen.among(*id);
        }
        4 => {
            let next = (n + 1) % LOCKS;
            let (first, first_id) = &locks.mutexes[n.min(next)];
            let (second, second_id) = &locks.mutexes[n.max(next)];
            let _first = first.lock().await;
            yield_now().await;
            let _second = second.lock().await;
            seen.alone(*first_id);
            seen.alone(*second_id);
        }
        5 => {
            let readers = Arc::clone(&locks.readers.0);
            let guard = readers.read_owned().await;
            seen.among(locks.readers.1);
            drop(guard);
        }
        _ => {
            let _guard = mutex.lock().await;
            seen.alone(*id);
            if random(seed).is_multiple_of(4) {
                yield_now().await;
                seen.alone(*id);
            }
        }
    }
}

fn holders_are_right(runtime: &tokio::runtime::Runtime) {
    let _alone = crate::alone();
    let locks = Arc::new(Locks {
        mutexes: (0..LOCKS)
            .map(|_| made(ResourceType::Mutex, || Mutex::new(0)))
            .collect(),
        readers: made(ResourceType::RwLock, || RwLock::new(0)),
        seen: Seen::default(),
    });
    runtime.block_on(async {
        let tasks: Vec<_> = (1..=TASKS)
            .map(|n| {
                let locks = Arc::clone(&locks);
                tokio::spawn(async move {
                    let mut seed = n * 7919 + 12345;
                    for _ in 0..ROUNDS {
                        one_round(&locks, &mut seed).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
    let seen = &locks.seen;
    let samples = seen.samples.load(Relaxed);
    assert!(samples >= 1_000_000, "{samples} samples");
    assert_eq!(seen.wrong.load(Relaxed), 0, "of {samples} samples");
    assert!(seen.given_up.load(Relaxed) > 100, "waits were given up");
    let all = locks.mutexes.iter().map(|(_, id)| *id);
    for id in all.chain([locks.readers.1]) {
        let report = resource_now(id).expect("it lives");
        assert!(
            report.holds.is_empty() && report.unlisted == 0,
            "{report:?}"
        );
        assert!(!report.moved && !report.partial, "{report:?}");
        assert!(report.acquired > 1000 && report.waits > 0, "{report:?}");
    }
}

#[test]
fn holders_are_right_on_one_thread() {
    holders_are_right(&app::current_thread());
}

#[test]
fn holders_are_right_on_four() {
    holders_are_right(&app::multi_thread(4));
}

/// Whoever took the lock is shown until the guard is dropped elsewhere; then it is said that guards move here.
#[test]
fn a_guard_that_moved_leaves_a_mark() {
    let _alone = crate::alone();
    let runtime = app::multi_thread(2);
    let (mutex, line) = (Arc::new(Mutex::new(0)), line!());
    let id = made_at("stress.rs", line);
    runtime.block_on(async {
        let (send, receive) = tokio::sync::oneshot::channel::<OwnedMutexGuard<u64>>();
        let taker = {
            let mutex = Arc::clone(&mutex);
            tokio::spawn(async move {
                let guard = mutex.lock_owned().await;
                let me = task_here();
                let _ = send.send(guard);
                me
            })
        };
        let taker = taker.await.expect("it took it");
        let holds = resource_now(id).expect("it lives").holds;
        assert_eq!(
            holds.iter().map(|hold| hold.task).collect::<Vec<_>>(),
            [taker]
        );
        assert!(!resource_now(id).expect("it lives").moved);
        let dropper = tokio::spawn(async move { drop(receive.await) });
        dropper.await.expect("it dropped it");
    });
    let report = resource_now(id).expect("it lives");
    assert!(report.holds.is_empty() && report.moved, "{report:?}");
}
