//! The shop's journal: lines come over a channel, and are written in batches on a blocking thread.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use tokio::{sync::mpsc, task::spawn_blocking, time::sleep};

use super::Crew;

/// Lines that may wait to be written; whoever writes more waits.
const WAITING: usize = 1024;
/// How long lines are collected before they are written.
const COLLECT: Duration = Duration::from_millis(250);

/// Writes to the journal.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    lines: mpsc::Sender<String>,
}

impl Journal {
    /// Starts the task that writes; it ends when every `Journal` is gone.
    pub(super) fn start(crew: &Crew) -> io::Result<Self> {
        let (lines, waiting) = mpsc::channel(WAITING);
        crew.start("journal", write(waiting))?;
        Ok(Self { lines })
    }

    /// Adds a line, and waits if too many wait already.
    pub(super) async fn note(&self, line: String) {
        // The writer ends after all journals have.
        let _ = self.lines.send(line).await;
    }
}

async fn write(mut waiting: mpsc::Receiver<String>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, WAITING).await > 0 {
        let lines = std::mem::take(&mut batch);
        // Files are written by blocking threads; this one goes nowhere, as nobody wants to keep the journal of a
        // demo.
        let written = spawn_blocking(move || {
            let mut file = io::sink();
            lines.iter().try_for_each(|line| writeln!(file, "{line}"))
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return;
        }
        sleep(COLLECT).await;
    }
}
