//! Waits for time, for other tasks and threads, for processes and signals.

use std::{error::Error, future::pending, process::Stdio, sync::mpsc, thread, time::Duration};

use taskscope_examples::spawn;
use tokio::{
    process::Command,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    task::{JoinSet, LocalSet, spawn_blocking, spawn_local},
    time::{Instant, interval, sleep, sleep_until, timeout},
};

use crate::kept::Kept;

/// For ever, here.
pub(crate) const LONG: Duration = Duration::from_secs(100_000);

pub(crate) fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    time(kept)?;
    others(kept)?;
    outside(kept)?;
    local(kept)
}

fn time(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    kept.task("sleep", async {
        sleep(LONG).await; // WAITS: sleep
    })?;
    kept.task("sleep until", async {
        sleep_until(Instant::now() + LONG).await; // WAITS: sleep until
    })?;
    kept.task("interval tick", async {
        let mut ticks = interval(LONG);
        ticks.tick().await;
        ticks.tick().await; // WAITS: interval tick
    })?;
    kept.task("timeout of nothing", async {
        let _ = timeout(LONG, pending::<()>()).await; // WAITS: timeout of nothing
    })?;
    let lock = kept.locked();
    kept.task("timeout of a lock", async move {
        // Both wait at this line: the timer and the lock.
        let _ = timeout(LONG, lock.lock()).await; // WAITS: timeout of a lock
    })?;
    let lock = kept.locked();
    kept.task("timeout of a block", async move {
        let work = async {
            let _guard = lock.lock().await; // WAITS: timeout of a block
        };
        let _ = timeout(LONG, work).await; // WAITS: timeout of a block
    })?;
    Ok(())
}

fn others(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let never = spawn::named("the joined", pending::<()>())?;
    kept.task("join handle", async {
        let _ = never.await; // WAITS: join handle
    })?;
    kept.task("join set", async {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        set.spawn(pending::<()>());
        set.join_next().await // WAITS: join set
    })?;
    kept.task("join set, all", async {
        let mut set = JoinSet::new();
        set.spawn(pending::<()>());
        set.join_all().await // WAITS: join set, all
    })?;
    let (sender, receiver) = mpsc::channel::<()>();
    kept.keep(sender);
    kept.task("spawn_blocking", async {
        let _ = spawn_blocking(move || receiver.recv()).await; // WAITS: spawn_blocking
    })?;
    Ok(())
}

fn outside(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    kept.keep(child.stdin.take());
    kept.task("child wait", async move {
        let _ = child.wait().await; // WAITS: child wait
    })?;
    kept.task("ctrl-c", async {
        let _ = tokio::signal::ctrl_c().await; // WAITS: ctrl-c
    })?;
    kept.task("unix signal", async {
        let mut hangups = signal(SignalKind::hangup())?;
        hangups.recv().await; // WAITS: unix signal
        Ok::<_, std::io::Error>(())
    })?;
    Ok(())
}

/// On a runtime of its own.
fn local(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (lock, notify) = (kept.locked(), kept.notify());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("local".into()).spawn(move || {
        let set = LocalSet::new();
        set.block_on(&runtime, async {
            let _ = tokio::task::Builder::new()
                .name("local set")
                .spawn_local(async move {
                    let _guard = lock.lock().await; // WAITS: local set
                });
            let nested = spawn_local(async move {
                notify.notified().await;
            });
            let _ = nested.await;
        });
    })?;
    Ok(())
}
