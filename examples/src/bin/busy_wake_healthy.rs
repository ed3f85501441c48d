//! The uploads of `busy_wake`, and one that yields now and then while it has much to do.
//!
//! Healthy: who waits for the last upload is told by a `Notify`. The checksum wakes itself, but a few times and with work in
//! between: that is how a task that has much to do leaves its worker to others.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{sync::Notify, task::yield_now, time::sleep};

#[derive(Default)]
struct Uploads {
    left: AtomicU32,
    all_done: Notify,
}

async fn finish(uploads: Arc<Uploads>) {
    uploads.all_done.notified().await;
}

async fn upload(uploads: Arc<Uploads>) {
    for _part in 0..1000 {
        checksum().await;
        sleep(Duration::from_millis(100)).await;
    }
    if uploads.left.fetch_sub(1, Ordering::AcqRel) == 1 {
        uploads.all_done.notify_one();
    }
}

/// Computes for 10 ms, in ten pieces.
async fn checksum() {
    for _piece in 0..10 {
        disease::burn(Duration::from_millis(1));
        yield_now().await;
    }
}

async fn uploads() -> io::Result<()> {
    let uploads = Arc::new(Uploads::default());
    uploads.left.store(3, Ordering::Release);
    for _ in 0..3 {
        tokio::spawn(upload(Arc::clone(&uploads))); // spawns: upload
    }
    tokio::spawn(finish(uploads)); // spawns: finish
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(uploads())
}
