//! What keeps the tasks stuck: the other ends of channels, guards, and sockets.

use std::{any::Any, io, sync::Arc};

use taskscope_examples::spawn;
use tokio::sync::{Mutex, Notify};

/// What is kept for as long as the program runs.
#[derive(Default)]
pub(crate) struct Kept(Vec<Box<dyn Any>>);

impl Kept {
    /// Spawns a task that gets stuck.
    #[track_caller]
    pub(crate) fn task<F>(&mut self, name: &str, future: F) -> io::Result<()>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        spawn::named(name, future).map(drop)
    }

    /// Keeps something.
    pub(crate) fn keep(&mut self, thing: impl Any) {
        self.0.push(Box::new(thing));
    }

    /// A lock that somebody holds.
    pub(crate) fn locked(&mut self) -> Arc<Mutex<u32>> {
        let lock = Arc::new(Mutex::new(0));
        self.keep(Arc::clone(&lock).try_lock_owned());
        lock
    }

    /// One that nobody notifies, though somebody could.
    pub(crate) fn notify(&mut self) -> Arc<Notify> {
        let notify = Arc::new(Notify::new());
        self.keep(Arc::clone(&notify));
        notify
    }
}
