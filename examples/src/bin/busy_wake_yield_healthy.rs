//! The consumer of `busy_wake_yield`, which is told when the flag changes.
//!
//! Healthy: a `watch` has the flag and wakes those who wait for it. The consumer is polled twice in its life.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::watch, time::sleep};

async fn consume(mut ready: watch::Receiver<bool>) {
    // Without a sender there is nothing to wait for.
    let _ = ready.wait_for(|ready| *ready).await;
}

/// Warms a cache up, which takes its time.
async fn warm_up(ready: watch::Sender<bool>) {
    for _entry in 0..100_000 {
        sleep(Duration::from_millis(100)).await;
    }
    ready.send_replace(true);
}

async fn service() -> io::Result<()> {
    let (ready, becomes_ready) = watch::channel(false);
    tokio::spawn(warm_up(ready)); // spawns: warm up
    tokio::spawn(consume(becomes_ready)); // spawns: consume
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
