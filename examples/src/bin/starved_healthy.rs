//! The map service of `starved`, which renders on threads of their own, a few maps at a time.
//!
//! Healthy: the processors are as busy, but workers are not. Who waits for a thread waits idle, in a queue that moves on
//! every 80 ms.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Semaphore, task::spawn_blocking, time::sleep};

/// Maps under way at the same time.
const MAPS: u32 = 8;

/// One step of a tile.
const STEP: Duration = Duration::from_millis(80);

async fn render(threads: Arc<Semaphore>) -> io::Result<()> {
    loop {
        let thread = threads.acquire().await.map_err(io::Error::other)?;
        spawn_blocking(|| disease::burn(STEP)).await?; // spawns: step
        drop(thread);
        sleep(Duration::from_millis(20)).await; // send it
    }
}

/// Answers those who look whether the service is alive: it needs a microsecond, once a second.
async fn health() {
    loop {
        sleep(Duration::from_secs(1)).await;
    }
}

async fn maps() -> io::Result<()> {
    let threads = Arc::new(Semaphore::new(1)); // creates: threads
    tokio::spawn(health()); // spawns: health
    for _ in 0..MAPS {
        tokio::spawn(render(Arc::clone(&threads))); // spawns: render
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(maps())
}
