//! When a program is asked to end.

use std::{future::pending, io, time::Duration};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears ctrl-c and SIGTERM from when it is made: from then on they end nothing by themselves.
#[derive(Debug)]
pub struct Stop {
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
            #[cfg(unix)]
            interrupts: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminations: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for a signal, or until `after` has passed.
    pub async fn requested(&mut self, after: Option<Duration>) {
        tokio::select! {
            () = self.signalled() => {}
            () = passed(after) => {}
        }
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

async fn passed(after: Option<Duration>) {
    match after {
        Some(after) => tokio::time::sleep(after).await,
        None => pending().await,
    }
}
