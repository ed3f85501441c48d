//! A million tasks in a burst, while a viewer that watches has stopped reading: nothing is lost, and the memory that this
//! takes has a bound.

#[path = "support/viewer.rs"]
mod viewer;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use taskscope_model::{State, World};
use taskscope_proto::v1;
use tokio::runtime::Builder;

const BATCHES: u64 = 100;
const BATCH: u64 = 10_000;
const TASKS: u64 = BATCHES * BATCH;
/// Tasks that live from before the burst until after it.
const LASTING: u64 = 20_000;

/// What the whole process may grow by during the burst: room for one batch of tasks that live at a time, ended tasks within
/// their budget of 8 MiB, and the allocator's ways.
const MOST_GROWTH: u64 = 100 << 20;

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    pages * 4096
}

#[test]
fn a_viewer_that_stops_reading_loses_nothing_and_costs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    taskscope::builder().socket_dir(folder.path()).init();
    let socket = taskscope::status().socket.expect("a socket");
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (stalled, done, polls) = (
        AtomicBool::new(false),
        AtomicBool::new(false),
        AtomicU64::new(0),
    );
    let (release, _) = tokio::sync::watch::channel(false);

    std::thread::scope(|scope| {
        let app = scope.spawn(|| {
            runtime.block_on(async {
                for _ in 0..LASTING {
                    let mut released = release.subscribe();
                    tokio::spawn(async move { released.changed().await });
                }
                while !stalled.load(SeqCst) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let before = resident();
                let mut most = 0;
                for _ in 0..BATCHES {
                    let tasks: Vec<_> = (0..BATCH)
                        .map(|_| tokio::spawn(tokio::task::yield_now()))
                        .collect();
                    for task in tasks {
                        task.await.expect("it returns");
                    }
                    polls.fetch_add(2 * BATCH, SeqCst);
                    most = most.max(resident().saturating_sub(before));
                }
                done.store(true, SeqCst);
                most
            })
        });
        let world = viewer::on_a_thread_of_its_own(async || {
            let mut client = viewer::connect(&socket).await;
            let request = v1::WatchRequest {
                interval_ms: 10,
                ..Default::default()
            };
            let mut updates = client
                .watch(request)
                .await
                .expect("watching is allowed")
                .into_inner();
            let mut world = World::new();
            let mut sequence = 0;
            while world.totals().live() < LASTING {
                viewer::take(&mut updates, &mut sequence, &mut world).await;
            }
            stalled.store(true, SeqCst);
            // Reads nothing, until the burst is over.
            while !done.load(SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            while world.totals().spawned < TASKS + LASTING + 1 || world.totals().live() > LASTING {
                viewer::take(&mut updates, &mut sequence, &mut world).await;
            }
            // The totals come with the first piece of news; the rest of it follows.
            while !viewer::take(&mut updates, &mut sequence, &mut world).await {}
            world
        });
        let growth = app.join().expect("the app does not notice");
        eprintln!("the process grew by {} KiB during the burst", growth >> 10);
        assert!(growth < MOST_GROWTH, "it grew by {growth} bytes");

        let totals = world.totals();
        assert_eq!(
            (totals.spawned, totals.done),
            (TASKS + LASTING + 1, TASKS + 1),
            "the `block_on` is one, and has returned"
        );
        assert_eq!((totals.untracked, totals.unplaced), (0, 0));
        // Two polls each; the tasks that last were polled once, the `block_on` as often as it took.
        assert!(totals.polls >= polls.load(SeqCst) + LASTING);
        let live = world.tasks().filter(|task| !task.vitals.state.has_ended());
        assert_eq!(
            live.count() as u64,
            LASTING,
            "none is missing, none is left over"
        );
        let idle = world
            .tasks()
            .filter(|task| task.vitals.state == State::Idle && task.vitals.wakers == 1);
        assert!(idle.count() as u64 >= LASTING);
    });
    release.send_replace(true);
}
