//! When a program is asked to end.

use std::{future::pending, io, time::Duration};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Hears ctrl-c and SIGTERM from when it is made: from then on they end nothing by themselves.
#[derive(Debug)]
pub struct Stop {
    /// Nothing is sent: it closes at the end of standard input, where that was asked for.
    input: Option<oneshot::Receiver<()>>,
    #[cfg(unix)]
    interrupts: Signal,
    #[cfg(unix)]
    terminations: Signal,
}

impl Stop {
    /// Starts to listen; call on a runtime.
    ///
    /// # Errors
    /// The system's, if it does not let the program hear signals.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            input: None,
            #[cfg(unix)]
            interrupts: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminations: signal(SignalKind::terminate())?,
        })
    }

    /// The end of standard input counts as well: whoever holds the other end of it need not live to say so.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn at_end_of_input(mut self) -> io::Result<Self> {
        let (open, input) = oneshot::channel();
        // On a thread of its own: tokio's would be a blocking task, and never end before the input does.
        std::thread::Builder::new()
            .name("standard input".to_owned())
            .spawn(move || {
                // Input that fails is over too.
                let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
                drop(open);
            })?;
        self.input = Some(input);
        Ok(self)
    }

    /// Waits for a signal, or until `after` has passed.
    pub async fn requested(&mut self, after: Option<Duration>) {
        let mut input = self.input.take();
        tokio::select! {
            () = ended(&mut input) => {}
            () = self.signalled() => {}
            () = passed(after) => {}
        }
        self.input = input;
    }

    #[cfg(unix)]
    async fn signalled(&mut self) {
        tokio::select! {
            _ = self.interrupts.recv() => {}
            _ = self.terminations.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn signalled(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    }
}

async fn ended(input: &mut Option<oneshot::Receiver<()>>) {
    match input {
        // Closed, which is all that it can become.
        Some(open) => drop(open.await),
        None => pending().await,
    }
}

async fn passed(after: Option<Duration>) {
    match after {
        Some(after) => tokio::time::sleep(after).await,
        None => pending().await,
    }
}
