//! A cache that gives out entries once they are loaded, by a future written by hand.
//!
//! The disease: the future looks whether the entry is there, says *pending* if it is not, and keeps no waker. Whoever comes
//! before the entry sleeps for ever: nothing in the program can wake the task any more. It went well in every test, where
//! entries were there before anybody asked.

use std::{
    convert::Infallible,
    future::{Future, pending},
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{sync::oneshot, time::sleep};

#[derive(Default)]
struct Entry {
    value: OnceLock<String>,
}

/// Waits for an entry.
struct Loaded(Arc<Entry>);

impl Future for Loaded {
    type Output = String;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<String> {
        match self.0.value.get() {
            Some(value) => Poll::Ready(value.clone()),
            // Here is the error: the context has a waker, and nobody takes it.
            None => Poll::Pending,
        }
    }
}

async fn load(entry: Arc<Entry>) {
    sleep(Duration::from_millis(200)).await;
    entry.value.get_or_init(|| "a page".into());
}

async fn request(entry: Arc<Entry>) {
    loop {
        let page = Loaded(Arc::clone(&entry)).await;
        sleep(Duration::from_millis(10 + page.len() as u64)).await;
    }
}

/// Waits as long, for a day that does not come; but it could be told.
async fn closing_time(closing: oneshot::Receiver<()>) {
    let _ = closing.await;
}

async fn service() -> io::Result<()> {
    let (close, closing) = oneshot::channel(); // creates: closing
    tokio::spawn(closing_time(closing)); // spawns: closing time
    let entry = Arc::new(Entry::default());
    for _ in 0..3 {
        tokio::spawn(request(Arc::clone(&entry))); // spawns: request
    }
    tokio::spawn(load(entry)); // spawns: load
    pending::<()>().await; // the service is open all day
    drop(close);
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
