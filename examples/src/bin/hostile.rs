//! A program that does to taskscope what programs should not: for tests of what it then says, and that it goes on.
//!
//! It answers on its standard output what it is asked on its standard input, one line each: `rounds` (how much it has
//! done so far, to see that it goes on) and `status` (what taskscope says of itself, as JSON). It ends at `quit`, and
//! where its input ends.

use std::{
    error::Error,
    future::pending,
    io::{BufRead, Write, stdin, stdout},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use clap::Parser as _;
use serde_json::json;
use taskscope_examples::{args, spawn};
use tokio::{
    runtime::Runtime,
    sync::oneshot,
    time::{MissedTickBehavior, interval},
};
use tracing_core::{Dispatch, dispatcher, subscriber::NoSubscriber};

/// What the program has done.
static ROUNDS: AtomicU64 = AtomicU64::new(0);

/// A program that does to taskscope what programs should not.
#[derive(clap::Parser)]
#[command(version)]
struct Options {
    /// Give tasks names that terminals take for commands, empty ones, and one of 1 MB
    #[arg(long)]
    names: bool,
    /// Spawn from many places
    #[arg(long)]
    places: bool,
    /// Set taskscope up within the runtime, when so many tasks live already
    #[arg(long, value_name = "N")]
    late: Option<u64>,
    /// Set another subscriber before taskscope
    #[arg(long)]
    taken: bool,
    #[command(flatten)]
    runtime: args::RuntimeArgs,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if options.taken {
        dispatcher::set_global_default(Dispatch::new(NoSubscriber::new()))?;
    }
    if options.late.is_none() {
        taskscope::init();
    }
    run(&options, &options.runtime.build()?)
}

fn run(options: &Options, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let (quit, asked_to_quit) = oneshot::channel();
    std::thread::spawn(move || {
        // A reader that is gone and one that says so are the same here.
        let _ = answer(stdin().lock(), stdout());
        quit.send(())
    });
    runtime.block_on(async {
        if let Some(tasks) = options.late {
            for _ in 0..tasks {
                tokio::spawn(pending::<()>());
            }
            taskscope::init();
        }
        spawn::named("rounds", rounds())?;
        if options.names {
            for name in names() {
                spawn::named(&name, pending::<()>())?;
            }
        }
        if options.places {
            places();
        }
        Ok(asked_to_quit.await?)
    })
}

/// The program's work.
async fn rounds() {
    let mut soon = interval(Duration::from_millis(1));
    soon.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        soon.tick().await;
        ROUNDS.fetch_add(1, Relaxed);
    }
}

/// Answers until there are no more questions.
fn answer(questions: impl BufRead, mut answers: impl Write) -> std::io::Result<()> {
    for question in questions.lines() {
        match question?.as_str() {
            "rounds" => writeln!(answers, "{}", ROUNDS.load(Relaxed))?,
            "status" => {
                let status = taskscope::status();
                let status = json!({
                    "installed": status.installed,
                    "socket": status.socket,
                    "tcp": status.tcp,
                    "problems": status.problems,
                });
                writeln!(answers, "{status}")?;
            }
            "quit" => break,
            other => writeln!(answers, "what is {other:?}?")?,
        }
        answers.flush()?;
    }
    Ok(())
}

/// Names that a terminal takes for commands, or that would fill it.
fn names() -> Vec<String> {
    let mut names: Vec<_> = [
        "clear\u{1b}[2J\u{1b}[H",
        "title\u{1b}]0;owned\u{7}",
        "leave\u{1b}[?1049l\u{1b}c",
        "eight\u{9b}31mbit",
        "copy\u{1b}]52;c;b3duZWQ=\u{1b}\\",
        "turn\u{202e}around",
        "lines\r\nof\ttext\u{8}\u{7f}",
        "nothing\0here",
        "wide 任务 \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} e\u{301}",
        "",
    ]
    .map(str::to_owned)
    .into();
    names.push("long\u{1b}[31m".repeat(1 << 20 >> 3));
    names
}

/// Spawns from 256 places: each size of a future counts as one of its own.
fn places() {
    fn sized<const BYTES: usize>() {
        tokio::spawn(async {
            let kept = std::hint::black_box([0_u8; BYTES]);
            pending::<()>().await;
            std::hint::black_box(kept);
        });
    }
    macro_rules! each {
        ($($high:literal)*) => { $(
            each!(@ $high 0); each!(@ $high 1); each!(@ $high 2); each!(@ $high 3);
            each!(@ $high 4); each!(@ $high 5); each!(@ $high 6); each!(@ $high 7);
        )* };
        (@ $high:literal $low:literal) => { sized::<{ $high * 8 + $low + 1 }>() };
    }
    each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}
