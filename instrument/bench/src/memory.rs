//! Resident memory with many idle tasks alive.
//!
//! Prints `ready` when every task has been polled and waits, so that a viewer can be attached; then rests, and says
//! how much memory was resident before the first task, at the end of the rest, and at most during it.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Runtime, sync::Notify};

use crate::{Error, meter::Meter};

/// How many tasks are spawned before they get their first poll, which keeps the run queue (and what is measured of
/// it) small.
const BATCH: u64 = 1024;
/// How often memory is looked at during the rest.
const LOOK: Duration = Duration::from_millis(50);

/// Spawns `tasks` tasks that wait on one `Notify`, lets everything rest for `settle`, and prints bytes.
pub(crate) fn record(runtime: &Runtime, tasks: u64, settle: Duration) -> Result<(), Error> {
    // What a first task makes for good (thread-local state, an instrument's first pages) is no cost of each.
    runtime.block_on(runtime.spawn(async {}))?;
    let before = resident()?;
    let (spawning, after, most) = runtime.block_on(runtime.spawn(async move {
        let meter = Meter::start();
        spawn(tasks).await;
        let spawning = meter.read();
        println!("ready tasks={tasks}");

        let meter = Meter::start();
        let mut most = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = resident()?;
            most = most.max(now);
            if meter.read().wall >= settle {
                return Ok::<_, Error>((spawning, now, most));
            }
        }
    }))??;
    println!(
        "memory tasks={tasks} before={before} after={after} most={most} spawn_ms={} spawn_cpu_ms={}",
        spawning.wall.as_millis(),
        spawning.cpu.as_millis()
    );
    Ok(())
}

/// Returns when every task has been polled once and waits.
async fn spawn(tasks: u64) {
    let never = Arc::new(Notify::new());
    let polled = Arc::new(AtomicU64::new(0));
    for index in 1..=tasks {
        let (never, polled) = (Arc::clone(&never), Arc::clone(&polled));
        tokio::spawn(async move {
            polled.fetch_add(1, Ordering::Relaxed);
            never.notified().await;
        });
        if index % BATCH == 0 {
            tokio::task::yield_now().await;
        }
    }
    while polled.load(Ordering::Relaxed) < tasks {
        tokio::task::yield_now().await;
    }
}

/// Resident bytes of this process.
fn resident() -> Result<u64, Error> {
    let statm = fs::read_to_string("/proc/self/statm").map_err(Error::Memory)?;
    let pages: u64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .ok_or_else(|| Error::Memory(std::io::Error::other(format!("it reads {statm:?}"))))?;
    Ok(pages * rustix::param::page_size() as u64)
}
