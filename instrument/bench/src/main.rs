//! One process of the benchmark: installs one variant's instrument, then measures operations or memory under it.
//!
//! Started by the orchestrator in `instrument/benches/cost`, which builds this program once for each set of flags and
//! features. What it finds it prints as lines of `key=value` words on stdout:
//!
//! ```text
//! subject ops    VARIANT current|multi OP,OP,…
//! subject memory VARIANT current|multi TASKS SETTLE_MILLISECONDS
//! ```

mod memory;
mod meter;
mod ops;
mod variant;

use std::process::ExitCode;

use tokio::runtime::{Builder, Runtime};

/// Why this process measured nothing.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(
        "usage: subject ops VARIANT current|multi OPS, or: subject memory VARIANT current|multi TASKS SETTLE_MS"
    )]
    Usage,
    #[error("{0}")]
    Variant(#[from] variant::VariantError),
    #[error("{0}")]
    Op(#[from] ops::UnknownOp),
    #[error("`{0}` is no number: {1}")]
    Number(String, std::num::ParseIntError),
    #[error("`{0}` is no runtime: give `current` or `multi`")]
    Runtime(String),
    #[error("the runtime could not be built: {0}")]
    Build(std::io::Error),
    #[error("the measuring task died: {0}")]
    Died(#[from] tokio::task::JoinError),
    #[error("/proc/self/statm does not say how much memory is resident: {0}")]
    Memory(std::io::Error),
}

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("subject: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Error> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["ops", variant, kind, list] => {
            let ops = ops::parse(list)?;
            variant::install(variant)?;
            be_one_of_several_threads();
            let runtime = runtime(kind)?;
            ops::record(&runtime, &ops)?;
            runtime.shutdown_background();
        }
        ["memory", variant, kind, tasks, settle] => {
            let (tasks, settle) = (number(tasks)?, number(settle)?);
            variant::install(variant)?;
            let runtime = runtime(kind)?;
            memory::record(&runtime, tasks, std::time::Duration::from_millis(settle))?;
            // A million tasks are not worth dropping: the process ends here.
            runtime.shutdown_background();
        }
        _ => return Err(Error::Usage),
    }
    Ok(())
}

/// In a process of one thread the C library's allocator takes shortcuts, which no service has: without this, an
/// instrument that has a thread of its own would be charged for their end.
fn be_one_of_several_threads() {
    std::thread::spawn(|| {
        loop {
            std::thread::park();
        }
    });
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse()
        .map_err(|error| Error::Number(text.into(), error))
}

fn runtime(kind: &str) -> Result<Runtime, Error> {
    let mut builder = match kind {
        "current" => Builder::new_current_thread(),
        "multi" => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(2);
            builder
        }
        other => return Err(Error::Runtime(other.into())),
    };
    builder.enable_time().build().map_err(Error::Build)
}
