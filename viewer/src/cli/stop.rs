//! Being asked to end by a signal, where something has to be put in order first.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// A wait until a signal asks this process to end; must be called within a runtime. From the call on, not only from the
/// wait, these signals no longer end the process by themselves.
pub(super) fn asked() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut ended = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = ended.recv() => {}
            _ = hung_up.recv() => {}
        }
    })
}
