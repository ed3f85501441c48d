//! An archive that compresses files on tokio's threads for blocking work, of which it has two.
//!
//! The disease: six requests at a time want such a thread, each for a second and a half. Four of them are in the queue of
//! the pool at any time, and with them everything else that needs the pool: files, names of hosts, other requests' work.

use std::{convert::Infallible, io, thread, time::Duration};

use taskscope_examples::disease;
use tokio::{task::spawn_blocking, time::sleep};

/// Threads of the pool: somebody had read that 512 are too many.
const THREADS: usize = 2;

/// Compresses a file: mostly it waits for a slow disk.
fn compress(file: usize) -> usize {
    thread::sleep(Duration::from_millis(1500));
    file / 3
}

async fn request(file: usize) -> io::Result<()> {
    loop {
        spawn_blocking(move || compress(file)).await?; // spawns: compress
        sleep(Duration::from_millis(10)).await;
    }
}

async fn archive() -> io::Result<()> {
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
