//! A gate at which tasks wait until a service is ready, with room for one waker.
//!
//! The disease: the second task that waits puts its waker where the first one's was, which is thrown away. When the gate
//! opens, the last that came goes through, and the others sleep for ever. With one task at the gate, as in the test, all is
//! well.

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
struct Gate {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: bool,
    waiting: Option<Waker>,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) {
        let mut state = self.state();
        state.open = true;
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
    }
}

/// Waits until a gate is open.
struct Opened(Arc<Gate>);

impl Future for Opened {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state();
        if state.open {
            return Poll::Ready(());
        }
        // Here is the error: somebody else's waker may have been in there.
        state.waiting = Some(context.waker().clone()); // line: awaits
        Poll::Pending
    }
}

async fn work(gate: Arc<Gate>) {
    Opened(gate).await;
    loop {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn start(gate: Arc<Gate>) {
    sleep(Duration::from_millis(300)).await;
    gate.open();
}

async fn service() -> io::Result<()> {
    let gate = Arc::new(Gate::default());
    for _ in 0..4 {
        tokio::spawn(work(Arc::clone(&gate))); // spawns: work
    }
    tokio::spawn(start(gate)); // spawns: start
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
