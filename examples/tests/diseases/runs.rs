//! Runs of many programs: how often, and how many beside each other.

use std::{
    env,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::programs::{PROGRAMS, Program, RUNTIMES};

/// How many run at the same time, of those that leave the processors alone.
const BESIDE: usize = 4;

/// A program on a runtime.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) program: &'static Program,
    pub(crate) runtime: &'static str,
}

impl Run {
    /// Where the program is.
    pub(crate) fn path(self) -> String {
        binary(self.program.name)
    }
}

/// Where the program of that name is: beside the others.
pub(crate) fn binary(name: &str) -> String {
    let neighbour = Path::new(env!("CARGO_BIN_EXE_hello"));
    let path = neighbour.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    path.to_str().unwrap().to_owned()
}

/// Runs all programs of a kind on both runtimes, and fails with all that went wrong.
///
/// Tests that do this take turns: each of them keeps the machine busy enough.
#[track_caller]
pub(crate) fn all(
    wanted: impl Fn(&Program) -> bool,
    job: impl Fn(Run) -> Result<(), String> + Sync,
) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let only = env::var("TASKSCOPE_ONLY").unwrap_or_default();
    let times = match env::var("TASKSCOPE_RUNS") {
        Ok(times) => times.parse().expect("TASKSCOPE_RUNS is a number"),
        Err(_) => 1,
    };
    let (busy, quiet): (Vec<_>, Vec<_>) = PROGRAMS
        .iter()
        .filter(|program| wanted(program) && program.name.contains(&only))
        .flat_map(|program| RUNTIMES.map(|runtime| Run { program, runtime }))
        .flat_map(|run| std::iter::repeat_n(run, times))
        .partition(|run| run.program.busy);
    let mut failures = some(&quiet, BESIDE, &job);
    failures.extend(some(&busy, 1, &job));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs them, so many at a time; returns what went wrong.
fn some(
    runs: &[Run],
    beside: usize,
    job: &(impl Fn(Run) -> Result<(), String> + Sync),
) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..beside {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(wrong) = job(*run) {
                        let wrong = format!("{} on {}: {wrong}", run.program.name, run.runtime);
                        // Whoever runs each of them many times need not wait for the end.
                        eprintln!("{wrong}");
                        failures.lock().unwrap().push(wrong);
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}
