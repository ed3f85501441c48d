//! The smallest program to look at: run it, and `taskscope` beside it.

use std::{hint::black_box, io, time::Duration};

use clap::Parser as _;
use taskscope_examples::{args, spawn, stop::Stop};
use tokio::time::sleep;

/// A few tasks that work, sleep and wait.
#[derive(clap::Parser)]
struct Options {
    #[command(flatten)]
    time: args::ForArgs,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    taskscope::init(); // before the runtime is built

    tokio::runtime::Runtime::new()?.block_on(async move {
        let (letters, mut mailbox) = tokio::sync::mpsc::channel(8);
        spawn::named("postman", async move {
            while letters.send("hello").await.is_ok() {
                sleep(Duration::from_millis(500)).await;
            }
        })?;
        spawn::named("reader", async move {
            while mailbox.recv().await.is_some() {
                black_box((0..1_000_000u64).fold(0, |sum, number| sum ^ number)); // some work
            }
        })?;
        for seconds in 1..=3 {
            tokio::spawn(async move {
                loop {
                    sleep(Duration::from_secs(seconds)).await;
                }
            });
        }
        Stop::listen()?.requested(options.time.duration).await;
        Ok(())
    })
}
