//! Bursts of short tasks, spawned as fast as can be: does anything get lost?
//!
//! The tasks count themselves; at the end the program prints those counts as one line of JSON, to be compared with
//! what a viewer says. Besides the counted tasks it has one named `burst`, which spawns them, and the root future.

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    task::{Context, Poll},
    thread,
    time::Duration,
};

use clap::Parser;
use serde_json::json;
use taskscope_examples::{args, clock, spawn, stop::Stop};
use tokio::sync::Notify;

/// Spawns short tasks as fast as it can, burst after burst.
#[derive(Clone, Debug, Parser)]
#[command(version)]
struct Options {
    /// Tasks in a burst; the next burst starts when all have ended
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    tasks: u64,
    /// How often each task wakes itself before it ends
    #[arg(long, value_name = "N", default_value_t = 0)]
    yields: u32,
    /// Start no further burst after this long
    #[arg(long = "for", value_name = "DURATION", default_value = "10s", value_parser = args::duration)]
    duration: Duration,
    /// Wait for a line, or the end, of standard input before the first burst
    #[arg(long)]
    wait: bool,
    /// Stay this long after the last burst, to be looked at
    #[arg(long, value_name = "DURATION", value_parser = args::duration)]
    hold: Option<Duration>,
    /// Run without taskscope
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    runtime: args::RuntimeArgs,
}

/// What the tasks count of themselves.
#[derive(Debug, Default)]
struct Counts {
    spawned: AtomicU64,
    completed: AtomicU64,
    polls: AtomicU64,
    self_wakes: AtomicU64,
    burst_over: Notify,
}

/// A task that wakes itself a few times, and ends.
struct Short {
    counts: Arc<Counts>,
    yields: u32,
    /// How many tasks will have ended when the burst is over.
    last: u64,
}

impl Future for Short {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.counts.polls.fetch_add(1, Ordering::Relaxed);
        if self.yields > 0 {
            self.yields -= 1;
            self.counts.self_wakes.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.counts.completed.fetch_add(1, Ordering::Relaxed) + 1 == self.last {
            self.counts.burst_over.notify_one();
        }
        Poll::Ready(())
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.plain {
        taskscope::init();
    }
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("burst: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> std::io::Result<()> {
    let runtime = options.runtime.build()?;
    let counts = Arc::new(Counts::default());
    if options.wait {
        std::io::stdin().read_line(&mut String::new())?;
    }
    let start = clock::now();
    let reporter = Reporter::start(Arc::clone(&counts));
    let bursts = runtime.block_on({
        let (counts, duration) = (Arc::clone(&counts), options.duration);
        let (tasks, yields) = (options.tasks, options.yields);
        async move {
            let spawner = spawn::named("burst", async move {
                let mut bursts = 0u64;
                while bursts == 0 || start.elapsed() < duration {
                    burst(&counts, tasks, yields).await;
                    bursts += 1;
                }
                bursts
            })?;
            let mut stop = Stop::listen()?;
            tokio::select! {
                bursts = spawner => Ok(bursts?),
                () = stop.requested(None) => Err(std::io::Error::other("interrupted in the middle of a burst")),
            }
        }
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let best = reporter.stop();

    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{}",
        json!({
            "bursts": bursts,
            "spawned": count(&counts.spawned),
            "completed": count(&counts.completed),
            "polls": count(&counts.polls),
            "self_wakes": count(&counts.self_wakes),
            "seconds": seconds,
            "spawned_in_best_second": best,
        })
    );
    if options.hold.is_some() {
        runtime.block_on(async {
            Stop::listen()?.requested(options.hold).await;
            Ok::<_, std::io::Error>(())
        })?;
    }
    Ok(())
}

async fn burst(counts: &Arc<Counts>, tasks: u64, yields: u32) {
    let last = counts.spawned.load(Ordering::Relaxed) + tasks;
    for _ in 0..tasks {
        counts.spawned.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(Short {
            counts: Arc::clone(counts),
            yields,
            last,
        });
    }
    counts.burst_over.notified().await;
}

/// Prints how many tasks were spawned in each second. A thread, because a burst lets no task in between.
struct Reporter {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<u64>,
}

impl Reporter {
    fn start(counts: Arc<Counts>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let (mut before, mut best) = (0, 0);
            for second in 1u64.. {
                let over = stopped.recv_timeout(Duration::from_secs(1)).is_ok();
                let spawned = counts.spawned.load(Ordering::Relaxed);
                best = best.max(spawned - before);
                if over {
                    break;
                }
                println!("second {second}: {} spawned", spawned - before);
                before = spawned;
            }
            best
        });
        Self { stop, thread }
    }

    /// The most tasks spawned in any second.
    fn stop(self) -> u64 {
        // It listens until it is told to stop.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_default()
    }
}
