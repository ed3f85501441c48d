//! Named tasks, where tokio can name them.

use std::{future::Future, io};

use tokio::task::JoinHandle;

/// Spawns a task that a debugger shows as `name`, at the caller's place. Without `--cfg tokio_unstable` the name is
/// lost.
///
/// # Errors
/// tokio's, as [`tokio::task::Builder::spawn`] declares it; there is none so far.
#[track_caller]
pub fn named<F>(name: &str, future: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    #[cfg(tokio_unstable)]
    return tokio::task::Builder::new().name(name).spawn(future);
    #[cfg(not(tokio_unstable))]
    {
        let _ = name;
        Ok(tokio::spawn(future))
    }
}
