//! The client library of `never_polled`, which gives its runtime a thread.
//!
//! Healthy: the thread does nothing but poll what was spawned, for as long as there is a client.

use std::{convert::Infallible, io, thread, time::Duration};

use taskscope_examples::disease;
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    time::{interval, sleep},
};

/// The client library.
struct Client {
    runtime: Handle,
    /// Ends the thread when it is dropped.
    _alive: oneshot::Sender<()>,
}

impl Client {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (_alive, dropped) = oneshot::channel(); // creates: alive
        thread::Builder::new()
            .name("client".into())
            .spawn(move || runtime.block_on(dropped))?;
        Ok(Self {
            runtime: handle,
            _alive,
        })
    }

    fn log_in(&self) {
        self.runtime.block_on(ask_for_a_token());
        self.runtime.spawn(renew()); // spawns: renew
    }
}

async fn ask_for_a_token() {
    sleep(Duration::from_millis(50)).await;
}

async fn renew() {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
    }
}

/// Is spawned where tasks are polled.
async fn heartbeat() {
    loop {
        sleep(Duration::from_millis(250)).await;
    }
}

async fn service() -> io::Result<()> {
    tokio::spawn(heartbeat()); // spawns: heartbeat
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    let client = Client::new()?;
    client.log_in();
    options.run(service())
}
