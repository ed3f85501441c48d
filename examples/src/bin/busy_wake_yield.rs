//! A consumer that waits for a flag, in a loop with `yield_now`.
//!
//! The disease: it looks polite, and is a loop at full speed all the same: the task is ready again at once, so the worker
//! never rests.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{task::yield_now, time::sleep};

async fn consume(ready: Arc<AtomicBool>) {
    while !ready.load(Ordering::Acquire) {
        // Here is the error: nothing says when it is worth looking again.
        yield_now().await; // line: awaits
    }
}

/// Warms a cache up, which takes its time.
async fn warm_up(ready: Arc<AtomicBool>) {
    for _entry in 0..100_000 {
        sleep(Duration::from_millis(100)).await;
    }
    ready.store(true, Ordering::Release);
}

async fn service() -> io::Result<()> {
    let ready = Arc::new(AtomicBool::new(false));
    tokio::spawn(warm_up(Arc::clone(&ready))); // spawns: warm up
    tokio::spawn(consume(ready)); // spawns: consume
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
