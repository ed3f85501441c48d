//! What taskscope costs the program that it watches, beside what others cost: `cargo bench -p taskscope`.
//!
//! Builds the programs of `instrument/bench` with the flags that each variant needs, then runs them in turns: every
//! round is one process of each variant, so that whatever else the machine does meets them all alike. Ratios are
//! taken within a round, and the median of the rounds' ratios is shown. Uses std alone: it is compiled whenever tests
//! are.

#![forbid(unsafe_code)]

mod args;
mod build;
mod limits;
mod machine;
mod sample;
mod stats;
mod table;
mod variant;
mod watch;

use std::{fmt::Write as _, process::ExitCode};

use args::Args;
use build::Subjects;
use sample::{Memory, Speed};
use variant::Variant;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cost: {error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(within_limits) if within_limits || !args.check => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cost: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints; false if a limit was exceeded.
fn run(args: &Args) -> Result<bool, String> {
    let subjects = Subjects::build(&args.variants)?;
    println!("{}\n", machine::describe());

    let speeds = if args.ops.is_empty() {
        Vec::new()
    } else {
        measure_speed(args, &subjects)?
    };
    for runtime in &args.runtimes {
        if !args.ops.is_empty() {
            println!("{}", table::speed(&speeds, args, runtime));
        }
    }

    let (memories, notes) = if args.tasks.is_empty() {
        Default::default()
    } else {
        measure_memory(args, &subjects)?
    };
    if !args.tasks.is_empty() {
        println!("{}", table::memory(&memories, args));
        for note in notes {
            println!("{note}\n");
        }
    }

    let verdicts = limits::check(&speeds, &memories);
    if !verdicts.is_empty() {
        println!("{}", table::limits(&verdicts));
    } else if args.check {
        return Err("`--check` found no limit to check: measure taskscope and traced".into());
    }
    Ok(verdicts.iter().all(limits::Verdict::holds))
}

fn measure_speed(args: &Args, subjects: &Subjects) -> Result<Vec<Speed>, String> {
    let mut speeds = Vec::new();
    for round in 0..args.rounds {
        for runtime in &args.runtimes {
            for &variant in &args.variants {
                eprintln!(
                    "round {} of {}: {variant}, {runtime}",
                    round + 1,
                    args.rounds
                );
                speeds.extend(sample::speed(subjects, variant, runtime, &args.ops, round)?);
            }
        }
    }
    Ok(speeds)
}

fn measure_memory(args: &Args, subjects: &Subjects) -> Result<(Vec<Memory>, Vec<String>), String> {
    let (mut memories, mut notes) = (Vec::new(), Vec::new());
    for round in 0..args.memory_rounds() {
        for &tasks in &args.tasks {
            for &variant in &args.variants {
                if matches!(variant, Variant::Bare | Variant::Tasks | Variant::Locks)
                    || (variant == Variant::Console && round > 0)
                {
                    continue; // the bare subscriber keeps nothing; the console takes 15 s and gigabytes each time
                }
                if let Some(note) = too_large(variant, tasks) {
                    notes.push(note);
                    continue;
                }
                eprintln!(
                    "memory {} of {}: {variant}, {tasks} tasks",
                    round + 1,
                    args.memory_rounds()
                );
                memories.push(sample::memory(subjects, variant, tasks, round, args, None)?);
                if let (Variant::Taskscope, Some(viewer)) = (variant, &args.viewer) {
                    eprintln!(
                        "memory {} of {}: {variant} with a viewer, {tasks} tasks",
                        round + 1,
                        args.memory_rounds()
                    );
                    let memory =
                        sample::memory(subjects, variant, tasks, round, args, Some(viewer))?;
                    if let Some(watched) = &memory.watched {
                        let mut note = format!(
                            "Viewer beside {tasks} tasks, round {}: {watched}.",
                            round + 1
                        );
                        if let Some(said) = &watched.complaint {
                            let _ = write!(note, " The last failure said: {said}");
                        }
                        notes.push(note);
                    }
                    memories.push(memory);
                }
            }
        }
    }
    Ok((memories, notes))
}

/// Why a measurement is left out, if it is.
fn too_large(variant: Variant, tasks: u64) -> Option<String> {
    const CONSOLE_BYTES: u64 = 52_000; // per task, as measured at 100,000
    const SPARE: u64 = 2 << 30;
    if variant != Variant::Console {
        return None;
    }
    if tasks > 100_000 {
        return Some(format!(
            "console at {tasks} tasks was left out: it would need {} GB.",
            tasks * CONSOLE_BYTES / 1_000_000_000
        ));
    }
    let free = machine::available_memory()?;
    (tasks * CONSOLE_BYTES + SPARE > free).then(|| {
        format!(
            "console at {tasks} tasks was left out: it needs {} MB and {} MB are free.",
            tasks * CONSOLE_BYTES / 1_000_000,
            free / 1_000_000
        )
    })
}
