//! Which runtime a thread works for.

use std::sync::{Mutex, PoisonError};

use taskscope_record::Root;
use tokio::runtime::{Handle, Id, RuntimeFlavor};

/// Runtimes in the order in which they were first seen.
static SEEN: Mutex<Vec<Id>> = Mutex::new(Vec::new());

/// The runtime in whose context this thread is. Called where a worker starts or a `block_on` is polled for the first
/// time, and at the first poll on other threads: never under a lock of tokio's.
pub(crate) fn here() -> Root {
    let Ok(handle) = Handle::try_current() else { return Root::default() };
    let id = handle.id();
    // Held for the search alone. Programs that make runtimes without end must not make this list so.
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let at = seen.iter().position(|there| *there == id).or_else(|| {
        let room = seen.len() < usize::from(u16::MAX);
        room.then(|| {
            seen.push(id);
            seen.len() - 1
        })
    });
    Root {
        runtime: at.and_then(|at| u16::try_from(at + 1).ok()).unwrap_or(0),
        // With one thread, whoever is in `block_on` does the work.
        is_worker: handle.runtime_flavor() == RuntimeFlavor::CurrentThread,
    }
}
