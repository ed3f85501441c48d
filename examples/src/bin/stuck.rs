//! Tasks that are stuck, each at a line that is known.
//!
//! The comment `WAITS: name` marks the line at which the task of that name waits; where it waits at several lines side by
//! side, all of them are marked. `AROUND: name` marks a line further out on the same chain of futures.

use std::{error::Error, io::Write as _};

use clap::Parser;
use taskscope_examples::{args, stop::Stop};

#[path = "../stuck/combined.rs"]
mod combined;
#[path = "../stuck/crates.rs"]
mod crates;
#[path = "../stuck/kept.rs"]
mod kept;
#[path = "../stuck/net.rs"]
mod net;
#[path = "../stuck/pools.rs"]
mod pools;
#[path = "../stuck/resumed.rs"]
mod resumed;
#[path = "../stuck/shapes.rs"]
mod shapes;
#[path = "../stuck/sync.rs"]
mod sync;
#[path = "../stuck/tasks.rs"]
mod tasks;
#[path = "../stuck/web.rs"]
mod web;

/// Many tasks, each stuck at another kind of await; says `stuck` once all are.
#[derive(Parser)]
#[command(version)]
struct Options {
    #[command(flatten)]
    runtime: args::RuntimeArgs,
    #[command(flatten)]
    time: args::ForArgs,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    taskscope::init(); // before the runtime is built
    let runtime = options.runtime.build()?;
    runtime.block_on(async {
        let mut stop = Stop::listen()?;
        let mut kept = kept::Kept::default();
        sync::spawn(&mut kept).await?;
        tasks::spawn(&mut kept)?;
        net::spawn(&mut kept).await?;
        combined::spawn(&mut kept).await?;
        crates::spawn(&mut kept).await?;
        pools::spawn(&mut kept).await?;
        shapes::spawn(&mut kept)?;
        web::spawn(&mut kept).await?;
        resumed::spawn(&mut kept).await?;
        println!("stuck");
        std::io::stdout().flush()?;
        stop.requested(options.time.duration).await;
        Ok::<_, Box<dyn Error>>(())
    })?;
    // Some are stuck for good, on threads too.
    runtime.shutdown_background();
    Ok(())
}
