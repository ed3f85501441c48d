//! A future written by hand that waits for the last of some uploads.
//!
//! The disease: it does not know how it could be told, so it wakes itself to look again. That is a loop at full speed which
//! happens to return in between: a worker is busy all the time, and nothing comes of it.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use taskscope_examples::disease;
use tokio::time::sleep;

/// Waits until nothing is left to do.
struct AllDone(Arc<AtomicU32>);

impl Future for AllDone {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0.load(Ordering::Acquire) == 0 {
            return Poll::Ready(());
        }
        // Here is the error: look again as soon as possible.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn finish(left: Arc<AtomicU32>) {
    AllDone(left).await;
}

async fn upload(left: Arc<AtomicU32>) {
    for _part in 0..1000 {
        sleep(Duration::from_millis(100)).await;
    }
    left.fetch_sub(1, Ordering::Release);
}

async fn uploads() -> io::Result<()> {
    let left = Arc::new(AtomicU32::new(3));
    for _ in 0..3 {
        tokio::spawn(upload(Arc::clone(&left))); // spawns: upload
    }
    tokio::spawn(finish(left)); // spawns: finish
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(uploads())
}
