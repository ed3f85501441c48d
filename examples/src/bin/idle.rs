//! Many tasks that do next to nothing: something large to attach to.
//!
//! Every task waits for the program's end, and with `--every` also wakes that often; the wakes of all are spread
//! evenly.

use std::{error::Error, io, process::ExitCode, time::Duration};

use clap::Parser;
use taskscope_examples::{args, clock, rss, spawn, stop::Stop};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How many tasks are spawned before others get a turn.
const BATCH: u64 = 1024;

/// Many tasks that sleep, or wake now and then.
#[derive(Clone, Debug, Parser)]
#[command(version)]
struct Options {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    tasks: u64,
    /// How often each wakes, such as `1s`; never if not given
    #[arg(long, value_name = "DURATION", value_parser = args::duration)]
    every: Option<Duration>,
    /// Print resident memory once a second
    #[arg(long)]
    rss: bool,
    /// Run without taskscope
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    runtime: args::RuntimeArgs,
    #[command(flatten)]
    time: args::ForArgs,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.plain {
        taskscope::init();
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("idle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let runtime = options.runtime.build()?;
    runtime.block_on(async move { spawn::named("idle", idle(options))?.await? })
}

async fn idle(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut stop = Stop::listen()?;
    let before = rss::resident()?;
    let token = CancellationToken::new();
    let tracker = TaskTracker::new();
    let start = clock::now();
    for index in 0..options.tasks {
        let token = token.clone();
        match options.every {
            Some(every) => {
                let first =
                    Instant::from_std(start) + every.mul_f64(index as f64 / options.tasks as f64);
                tracker.spawn(tick(first, every, token));
            }
            None => {
                tracker.spawn(async move { token.cancelled().await });
            }
        }
        if index % BATCH == BATCH - 1 {
            tokio::task::yield_now().await;
        }
    }
    println!(
        "{} tasks spawned in {:.3} s",
        options.tasks,
        start.elapsed().as_secs_f64()
    );

    tokio::select! {
        error = report(before, options.tasks), if options.rss => return Err(error.into()),
        () = stop.requested(options.time.duration) => {}
    }
    token.cancel();
    tracker.close();
    tracker.wait().await;
    Ok(())
}

/// Prints resident memory once a second, for as long as it can.
async fn report(before: u64, tasks: u64) -> io::Error {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        match rss::resident() {
            Ok(bytes) => println!(
                "rss_bytes={bytes} bytes_per_task={:.0}",
                bytes.saturating_sub(before) as f64 / tasks.max(1) as f64
            ),
            Err(error) => return error,
        }
    }
}

async fn tick(first: Instant, every: Duration, token: CancellationToken) {
    let mut ticks = interval_at(first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut end = std::pin::pin!(token.cancelled());
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = &mut end => return,
        }
    }
}
