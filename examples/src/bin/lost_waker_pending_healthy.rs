//! Workers that stop at a deadline, if there is one, and else never.
//!
//! Healthy: *no deadline* is `pending()`, a future that keeps no waker, on purpose. It stands in a `select!` beside the work,
//! and the work keeps one: these tasks are idle for long, and can be woken.

use std::{convert::Infallible, future::pending, io, time::Duration};

use taskscope_examples::disease;
use tokio::{
    sync::{broadcast, watch},
    time::sleep,
};

/// Waits until a deadline, for ever if there is none.
async fn deadline(after: Option<Duration>) {
    match after {
        Some(after) => sleep(after).await,
        None => pending().await,
    }
}

async fn worker(mut jobs: broadcast::Receiver<u32>) {
    loop {
        tokio::select! {
            job = jobs.recv() => if job.is_err() {
                return;
            },
            () = deadline(None) => return,
        }
    }
}

/// Waits for settings that nobody changes today.
async fn settings(mut settings: watch::Receiver<u32>) {
    tokio::select! {
        biased;
        () = deadline(None) => {}
        _ = settings.changed() => {}
    }
}

/// Sends one job, and nothing more for the rest of the day.
async fn boss(jobs: broadcast::Sender<u32>, _settings: watch::Sender<u32>) {
    sleep(Duration::from_millis(200)).await;
    // There may be nobody left to do it.
    let _ = jobs.send(1);
    sleep(Duration::from_secs(3600 * 8)).await;
}

async fn service() -> io::Result<()> {
    let (jobs, _) = broadcast::channel(8);
    let (settings_sender, settings_now) = watch::channel(0);
    for _ in 0..3 {
        tokio::spawn(worker(jobs.subscribe())); // spawns: worker
    }
    tokio::spawn(settings(settings_now)); // spawns: settings
    tokio::spawn(boss(jobs, settings_sender)); // spawns: boss
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
