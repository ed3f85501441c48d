//! A client library with an interface that blocks, and a small runtime of its own inside.
//!
//! The disease: the runtime runs on the caller's thread, and only as long as a call takes. What a call spawns to happen
//! *in the background*, here the renewal of a login, is in a queue that nobody looks into once the call is over.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{
    runtime::{Builder, Runtime},
    time::{interval, sleep},
};

/// The client library.
struct Client {
    runtime: Runtime,
}

impl Client {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime })
    }

    fn log_in(&self) {
        self.runtime.block_on(ask_for_a_token());
        // Here is the error: the runtime stands still from here on.
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
