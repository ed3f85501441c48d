//! As many locks as wanted, as many waiters for one of them as wanted, and a circle of tasks of which each holds a lock and
//! waits for the next one's: something unreasonable to attach to.

use std::{error::Error, process::ExitCode, sync::Arc};

use clap::Parser;
use taskscope_examples::{args, rss, stop::Stop};
use tokio::sync::{Barrier, Mutex};

/// Locks, waiters and a circle of tasks, in any number.
#[derive(Clone, Copy, Debug, Parser)]
#[command(version)]
struct Options {
    /// Locks that nobody uses
    #[arg(long, value_name = "N", default_value_t = 1000)]
    locks: usize,
    /// Tasks that wait for one lock, whose holder keeps it
    #[arg(long, value_name = "N", default_value_t = 100)]
    waiters: usize,
    /// Tasks in the circle; none with fewer than 2
    #[arg(long, value_name = "N", default_value_t = 3)]
    circle: usize,
    #[command(flatten)]
    runtime: args::RuntimeArgs,
    #[command(flatten)]
    time: args::ForArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    taskscope::init();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crowd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = options.runtime.build()?;
    let ended = runtime.block_on(async move {
        let mut stop = Stop::listen()?;
        let _locks: Vec<_> = (0..options.locks).map(|_| Mutex::new(())).collect();
        wait_for_one(options.waiters);
        go_round(options.circle);
        println!("{} MB resident", rss::resident()? / 1_000_000);
        stop.requested(options.time.duration).await;
        Ok(())
    });
    // Those who wait are not worth waiting for.
    runtime.shutdown_background();
    ended
}

fn wait_for_one(waiters: usize) {
    let wanted = Arc::new(Mutex::new(()));
    let keeper = Arc::clone(&wanted);
    tokio::spawn(async move {
        let _kept = keeper.lock().await;
        // Its waker lives with the channel's other end.
        let (_end, mut never) = tokio::sync::mpsc::channel::<()>(1);
        never.recv().await
    });
    for _ in 0..waiters {
        let wanted = Arc::clone(&wanted);
        tokio::spawn(async move { drop(wanted.lock().await) });
    }
}

fn go_round(tasks: usize) {
    if tasks < 2 {
        return;
    }
    let locks: Arc<Vec<_>> = Arc::new((0..tasks).map(|_| Mutex::new(())).collect());
    let all_hold = Arc::new(Barrier::new(tasks));
    for n in 0..tasks {
        let (locks, all_hold) = (Arc::clone(&locks), Arc::clone(&all_hold));
        tokio::spawn(async move {
            let _mine = locks[n].lock().await;
            all_hold.wait().await;
            let _next = locks[(n + 1) % locks.len()].lock().await;
        });
    }
}
