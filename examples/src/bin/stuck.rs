//! Tasks that are stuck, each at a line that is known.
//!
//! The comment `WAITS: name` marks the line at which the task of that name waits; where it waits at several lines side by
//! side, all of them are marked. `AROUND: name` marks a line further out on the same chain of futures. A task that has
//! no marker of its own is there for another one. The test `stacks` compares these lines with what a viewer is told.
//!
//! | file | what is waited for |
//! |---|---|
//! | `sync.rs` | Mutex, RwLock, Semaphore, mpsc, broadcast, oneshot, watch, Notify, Barrier, OnceCell |
//! | `tasks.rs` | sleep, interval, timeout; JoinHandle, JoinSet, spawn_blocking; a process, signals; a LocalSet's task |
//! | `net.rs` | TCP, Unix sockets, UDP, pipes: to accept, to read, to write; lines, copies both ways |
//! | `combined.rs` | `select!`, `join!`, `try_join!`; what futures has for that, up to `FuturesUnordered` and `buffered` |
//! | `crates.rs` | futures, tokio-stream, async-stream, tokio-util, async-channel, async-lock, moka |
//! | `pools.rs` | bb8, deadpool; services of tower: limited, buffered |
//! | `shapes.rs` | recursion, boxes, traits, futures and streams by hand, closures, six functions deep |
//! | `web.rs` | hyper's servers and clients, axum's extractors, handlers and middleware |
//! | `resumed.rs` | what was woken before: after other waits, in loops of 300 rounds, in `select!` |
//!
//! Of these tasks not all is told, or not what is so:
//!
//! | task | told | why |
//! |---|---|---|
//! | unordered notify, join_all of forty | the line of the set | `FuturesUnordered` polls with wakers of its own; of what is in there, only operations of tokio's resources are seen |
//! | futures shared | the line that awaits it | `Shared` polls with a waker of its own, too |
//! | join of six | four of the six lines | four places are kept for each task, besides its waits for locks, permits and room |
//! | pinned, awaited later | the line of its first poll | its waker was left there, and is kept |
//! | a block, awaited later | another line of its first poll | two places left wakers in one poll, one of them was dropped, and nobody tells which |

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
