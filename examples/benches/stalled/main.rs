//! What a viewer costs a program that spawns as fast as it can, and what one costs it that has stopped reading:
//! `cargo bench -p taskscope-examples --bench stalled -- --rounds 5`.
//!
//! Every round runs `burst` three times: with no viewer, with one that watches and reads, and with one that watches and
//! then reads nothing from the socket while the bursts last; afterwards it reads on. Both viewers have to arrive at the
//! exact totals. Ratios are taken within a round, and their median is shown, because machines are noisy.

#![forbid(unsafe_code)]

mod program;

use std::{io, process::ExitCode, thread, time::Duration};

use clap::Parser;
use taskscope_examples::{
    args::{self, Kind},
    clock,
};
use taskscope_model::World;
use taskscope_viewer::{
    client::{Address, WatchOptions, watch},
    feed::Feed,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
    time::timeout,
};

use self::program::{Outcome, Program};

/// What a viewer counts besides the tasks of the bursts: the task that spawns them, the root future, and the future that
/// waits to be looked at.
const OTHERS: u64 = 3;
/// Of those, the last one lives on.
const OTHERS_DONE: u64 = OTHERS - 1;
/// How long anything may take that is not measured.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the program is asked for when it has just been started.
const STEP: Duration = Duration::from_millis(10);

/// Measures what a viewer that stops reading costs the program that it watches.
#[derive(Debug, Parser)]
#[command(name = "stalled")]
struct Options {
    /// How often each of the three ways is run, in turns
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Tasks in a burst; the next burst starts when all have ended
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    tasks: u64,
    /// For how long bursts are started, and for how long at least nothing is read
    #[arg(long = "for", value_name = "DURATION", default_value = "10s", value_parser = args::duration)]
    duration: Duration,
    /// Kind of runtime of the measured program
    #[arg(long, value_enum, default_value_t = Kind::Current)]
    runtime: Kind,
    /// What `cargo bench` passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// Who looks at the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Viewing {
    None,
    Reads,
    Stalls,
}

impl Viewing {
    const ALL: [Self; 3] = [Self::None, Self::Reads, Self::Stalls];

    const fn name(self) -> &'static str {
        match self {
            Self::None => "no viewer",
            Self::Reads => "a viewer that reads",
            Self::Stalls => "a viewer that stopped reading",
        }
    }
}

/// What one run of the program came to.
#[derive(Clone, Copy, Debug)]
struct Run {
    spawned: u64,
    /// Tasks per second, from the first spawn to the last end.
    rate: f64,
    /// Nanoseconds of CPU time per task on the program's own threads, which other processes disturb little.
    own: f64,
    /// The same on taskscope's threads.
    ours: f64,
    /// Resident bytes at the worst above those before the first burst.
    growth: f64,
}

fn main() -> ExitCode {
    match measure(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stalled: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> io::Result<()> {
    // One list of rounds for each way.
    let mut runs = Viewing::ALL.map(|viewing| (viewing, Vec::new()));
    for round in 1..=options.rounds {
        // Another way is first in each round: what went before may not be without effect.
        runs.rotate_left(1);
        for (viewing, runs) in &mut runs {
            let run = run(options, *viewing)?;
            eprintln!(
                "round {round} of {}: {}: {} tasks, {:.0} per second",
                options.rounds,
                viewing.name(),
                run.spawned,
                run.rate
            );
            runs.push(run);
        }
    }
    runs.sort_by_key(|(viewing, _)| *viewing);
    print(&runs);
    Ok(())
}

fn print(runs: &[(Viewing, Vec<Run>)]) {
    let base = &runs[0].1;
    println!(
        "| | tasks per second | | CPU ns per task, the program's threads | | taskscope's threads | resident memory grew by, MB |\n|---|--:|--:|--:|--:|--:|--:|"
    );
    for (viewing, runs) in runs {
        let column = |pick: fn(&Run) -> f64| median(runs.iter().map(pick));
        let ratio = |pick: fn(&Run) -> f64| {
            let ratios = runs
                .iter()
                .zip(base)
                .map(|(run, base)| pick(run) / pick(base));
            let (least, most) = ratios
                .clone()
                .fold((f64::MAX, f64::MIN), |(least, most), ratio| {
                    (least.min(ratio), most.max(ratio))
                });
            format!("{:.2}× ({least:.2}–{most:.2})", median(ratios))
        };
        let growths = runs.iter().map(|run| run.growth / 1e6);
        println!(
            "| {} | {:.0} | {} | {:.0} | {} | {:.0} | {:.0}, at most {:.0} |",
            viewing.name(),
            column(|run| run.rate),
            ratio(|run| run.rate),
            column(|run| run.own),
            ratio(|run| run.own),
            column(|run| run.ours),
            median(growths.clone()),
            growths.fold(0.0, f64::max),
        );
    }
    let spawned: u64 = runs[1..]
        .iter()
        .flat_map(|(_, runs)| runs)
        .map(|run| run.spawned)
        .sum();
    println!("\nThe viewers arrived at the exact totals in every run, {spawned} tasks in all.");
}

/// The middle one; the mean of the middle two if their number is even.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// Runs the program once, and checks what its viewer came to know.
fn run(options: &Options, viewing: Viewing) -> io::Result<Run> {
    let mut program = Program::start(options)?;
    let mut viewer = match viewing {
        Viewing::None => None,
        Viewing::Reads | Viewing::Stalls => Some(Viewer::attach(&program)?),
    };
    let (before, cpu) = (program.memory("VmRSS")?, program.cpu()?);
    let start = clock::now();
    program.go()?;
    let outcome = thread::scope(|scope| {
        let outcome = scope.spawn(|| program.outcome());
        if let (Viewing::Reads, Some(viewer)) = (viewing, &mut viewer) {
            while !outcome.is_finished() {
                viewer.read_for(STEP)?;
            }
        }
        outcome
            .join()
            .map_err(|_| io::Error::other("the thread that reads what burst prints died"))?
    })?;
    let cpu = program.cpu()?.since(cpu);
    if let (Viewing::Stalls, Some(rest)) = (viewing, options.duration.checked_sub(start.elapsed()))
    {
        thread::sleep(rest);
    }
    if let Some(viewer) = &mut viewer {
        viewer.read_to_end_of(&outcome)?;
    }
    Ok(Run {
        spawned: outcome.spawned,
        rate: outcome.spawned as f64 / outcome.seconds,
        own: cpu.own as f64 / outcome.spawned as f64,
        ours: cpu.ours as f64 / outcome.spawned as f64,
        growth: program.memory("VmHWM")?.saturating_sub(before) as f64,
    })
}

/// A viewer with the real client. All of it runs on a runtime that runs only while it is called: in between, nothing is
/// read from the socket and no ping is answered.
struct Viewer {
    runtime: Runtime,
    news: mpsc::Receiver<Feed>,
    world: World,
    /// All has been told that was so when this was told.
    complete: bool,
    // While it lives, the client waits for what else might be asked of it.
    _asks: mpsc::Sender<taskscope_viewer::feed::Ask>,
}

impl Viewer {
    /// Connects and takes the first whole picture.
    fn attach(program: &Program) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (feed, news) = mpsc::channel(1);
        let (asks, asked) = mpsc::channel(1);
        let address = Address::Socket(program.socket());
        runtime.spawn(watch(address, WatchOptions::default(), feed, asked));
        let mut viewer = Self {
            runtime,
            news,
            world: World::new(),
            complete: false,
            _asks: asks,
        };
        viewer.read_until(|viewer| viewer.complete)?;
        Ok(viewer)
    }

    /// Reads whatever comes within this time.
    fn read_for(&mut self, time: Duration) -> io::Result<()> {
        let Self { runtime, news, .. } = self;
        let news = runtime.block_on(async { timeout(time, news.recv()).await });
        news.map_or(Ok(()), |news| self.take(news))
    }

    /// Reads on until it knows all, and fails if that is not the truth.
    fn read_to_end_of(&mut self, outcome: &Outcome) -> io::Result<()> {
        let spawned = outcome.spawned + OTHERS;
        let done = outcome.completed + OTHERS_DONE;
        self.read_until(|viewer| {
            let totals = viewer.world.totals();
            viewer.complete && (totals.spawned, totals.done) == (spawned, done)
        })?;
        let totals = self.world.totals();
        let live = self
            .world
            .tasks()
            .filter(|task| !task.vitals.state.has_ended())
            .count();
        if (totals.live(), live, totals.untracked, totals.unplaced) == (1, 1, 0, 0) {
            Ok(())
        } else {
            Err(io::Error::other(format!(
                "one task lives, but the viewer has {live} and {totals:?}"
            )))
        }
    }

    fn read_until(&mut self, enough: impl Fn(&Self) -> bool) -> io::Result<()> {
        let start = clock::now();
        while !enough(self) {
            if start.elapsed() > PATIENCE {
                let totals = self.world.totals();
                return Err(io::Error::other(format!(
                    "the viewer waits in vain; what it knows: {totals:?}"
                )));
            }
            self.read_for(STEP)?;
        }
        Ok(())
    }

    fn take(&mut self, news: Option<Feed>) -> io::Result<()> {
        match news {
            Some(Feed::Update {
                restart,
                complete,
                changes,
            }) => {
                if restart {
                    self.world = World::new();
                }
                changes
                    .into_iter()
                    .for_each(|change| self.world.apply(change));
                self.complete = complete;
                Ok(())
            }
            Some(Feed::Connecting { attempt: 1 } | Feed::Connected(_) | Feed::Learnt(_)) => Ok(()),
            // A new connection would have new counts: those of the old one are what is looked at.
            other => Err(io::Error::other(format!(
                "the viewer lost the connection: {other:?}"
            ))),
        }
    }
}
