//! What the programs that are ill share with their healthy twins: their arguments, their runtime, and their end.
//!
//! Each program in `src/bin` that is named after a rule has the disease which that rule finds, and no other; the one
//! with `_healthy` behind its name looks alike and has none.

mod burn;
mod server;

use std::{convert::Infallible, future::pending, io, process, thread, time::Duration};

use clap::Parser;
use tokio::runtime::Builder;

pub use self::burn::burn;
pub use self::server::{ask, slow_server};
use crate::args::{ForArgs, Kind};

/// Workers of a `multi` runtime: enough that one which is stuck does not stop everything.
const WORKERS: usize = 2;

/// What all of them are told.
#[derive(Clone, Copy, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// Kind of runtime; `multi` has two workers
    #[arg(long, value_enum, default_value_t = Kind::Multi)]
    runtime: Kind,
    #[command(flatten)]
    time: ForArgs,
}

/// Reads the arguments; ends the program if they are wrong.
#[must_use]
pub fn options() -> Options {
    Options::parse()
}

impl Options {
    /// Runs a service until the time is over, and on from there what it has spawned.
    ///
    /// # Errors
    /// Those of the service, and the system's if it gives no threads. Otherwise this does not return: the program ends
    /// from within.
    pub fn run<F>(self, service: F) -> io::Result<Infallible>
    where
        F: Future<Output = io::Result<()>>,
    {
        self.run_with(|_| {}, service)
    }

    /// The same on a runtime that is set up in other ways than usual.
    ///
    /// # Errors
    /// As [`Options::run`].
    pub fn run_with<F>(
        self,
        set_up: impl FnOnce(&mut Builder),
        service: F,
    ) -> io::Result<Infallible>
    where
        F: Future<Output = io::Result<()>>,
    {
        if let Some(duration) = self.time.duration {
            end_after(duration)?;
        }
        let mut builder = match self.runtime {
            Kind::Current => Builder::new_current_thread(),
            Kind::Multi => Builder::new_multi_thread(),
        };
        builder.worker_threads(WORKERS).enable_all();
        set_up(&mut builder);
        builder.build()?.block_on(async {
            service.await?;
            pending().await
        })
    }
}

/// Ends the program from a thread of its own: tasks and workers may all be stuck by then.
fn end_after(duration: Duration) -> io::Result<()> {
    thread::Builder::new().name("end".into()).spawn(move || {
        thread::sleep(duration);
        process::exit(0);
    })?;
    Ok(())
}
