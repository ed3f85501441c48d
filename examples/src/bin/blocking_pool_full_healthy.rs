//! The archive of `blocking_pool_full`, on a faster disk.
//!
//! Healthy: there are as many requests, and the pool is as small and mostly full; but each has its turn within a fraction of
//! a second. A queue that moves is no trouble. One long job at a time beside it is none either.

use std::{convert::Infallible, io, thread, time::Duration};

use taskscope_examples::disease;
use tokio::{task::spawn_blocking, time::sleep};

/// Threads of the pool.
const THREADS: usize = 3;

/// Compresses a file: mostly it waits for the disk.
fn compress(file: usize) -> usize {
    thread::sleep(Duration::from_millis(40));
    file / 3
}

async fn request(file: usize) -> io::Result<()> {
    loop {
        spawn_blocking(move || compress(file)).await?; // spawns: compress
        sleep(Duration::from_millis(10)).await;
    }
}

/// Checks the whole archive, which keeps one thread for long.
async fn check() -> io::Result<()> {
    loop {
        spawn_blocking(|| thread::sleep(Duration::from_secs(3))).await?; // spawns: check
        sleep(Duration::from_millis(200)).await;
    }
}

async fn archive() -> io::Result<()> {
    tokio::spawn(check()); // spawns: checks
    for file in 1..=6 {
        tokio::spawn(request(file * 1_000_000)); // spawns: request
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run_with(
        |runtime| {
            runtime.max_blocking_threads(THREADS);
        },
        archive(),
    )
}
