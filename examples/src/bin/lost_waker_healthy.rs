//! The cache of `lost_waker`, whose future leaves its waker with the entry.
//!
//! Healthy: who comes early leaves a waker, and who loads the entry wakes all of them. Entries expire, so there is always
//! somebody who waits.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use taskscope_examples::disease;
use tokio::time::sleep;

#[derive(Default)]
struct Entry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    value: Option<String>,
    waiting: Vec<Waker>,
}

impl Entry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for an entry.
struct Loaded(Arc<Entry>);

impl Future for Loaded {
    type Output = String;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<String> {
        let mut state = self.0.state();
        if let Some(value) = &state.value {
            return Poll::Ready(value.clone());
        }
        state.waiting.push(context.waker().clone());
        Poll::Pending
    }
}

async fn load(entry: Arc<Entry>) {
    loop {
        sleep(Duration::from_millis(1500)).await;
        let waiting = {
            let mut state = entry.state();
            state.value = Some("a page".into());
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
        sleep(Duration::from_millis(100)).await;
        entry.state().value = None;
    }
}

async fn request(entry: Arc<Entry>) {
    loop {
        let page = Loaded(Arc::clone(&entry)).await;
        sleep(Duration::from_millis(30 + page.len() as u64)).await;
    }
}

async fn service() -> io::Result<()> {
    let entry = Arc::new(Entry::default());
    for _ in 0..3 {
        tokio::spawn(request(Arc::clone(&entry))); // spawns: request
    }
    tokio::spawn(load(entry)); // spawns: load
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
