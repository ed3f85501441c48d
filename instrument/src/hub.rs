//! What the harvester and the server share: the world, and what each reader is still to be told of it.
//!
//! The harvester puts changes in and lets old ends expire, the judge adds what it finds; readers take the news since they
//! last asked, in chunks.
//! There is no queue between the two: a [`Reader`] remembers how far it has come, and whatever happened meanwhile it is
//! told once, with the newest values. So a reader that stops reading costs the process nothing, and one that is slow
//! gets fewer and larger deltas. A picture from nothing and a delta are the same thing.
//!
//! All of them are threads of ours; no thread of the app ever takes this lock.

mod books;
mod gone;
mod reader;
mod retention;
mod sites;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use taskscope_model::query::Filter;
use taskscope_model::{Change, Stamp, TaskId, World};

use books::Books;
#[cfg(test)]
pub(crate) use reader::SharedNews;
pub(crate) use reader::{Chunk, MAX_NAMED, Reader, Sketching, Told};
pub(crate) use retention::Retention;

/// How many changes are taken under one hold of the lock: some tens of microseconds.
const SLICE: usize = 512;

/// The world of this process, for the harvester to change and the server to read.
#[derive(Debug)]
pub(crate) struct Hub {
    // A thread that lets `books` go and wants it again at once would get it, however long the other one has waited. So
    // whoever waits for `books` holds the turn, and nobody can come in between.
    turn: Mutex<()>,
    books: Mutex<Books>,
    // Held while news is applied that belongs together. Taken before the others.
    whole: Mutex<()>,
    retention: Retention,
    readers: Arc<AtomicUsize>,
}

#[cfg(test)]
/// How much a hub keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Tasks that are listed, live and ended.
    pub(crate) listed: usize,
    /// About how many bytes of memory the ended ones of them take.
    pub(crate) ended_bytes: u64,
    /// Tasks that are remembered as no longer listed, at 24 bytes each.
    pub(crate) departed: usize,
}

impl Hub {
    /// A hub in which nothing has happened yet.
    pub(crate) fn new(retention: Retention) -> Self {
        Self {
            turn: Mutex::default(),
            books: Mutex::new(Books::new(retention)),
            whole: Mutex::default(),
            retention,
            readers: Arc::default(),
        }
    }

    /// Takes news, in order.
    ///
    /// A [`Change::Past`] (or the tally within a [`Change::Site`]) is what the harvester counted of tasks that ended
    /// without ever being listed; the hub adds those that it expired itself. The last [`Change::Now`] and
    /// [`Change::Totals`] take effect after everything else, so that no reader is told that all was so at a moment of
    /// which only a part has been taken.
    ///
    /// The lock is let go again and again, so readers wait for a part of this and not for all of it.
    pub(crate) fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let _whole = self.whole();
        let mut changes = changes.into_iter().peekable();
        let mut slice = Vec::with_capacity(SLICE);
        let mut now = None;
        let mut totals = None;
        while changes.peek().is_some() {
            // The harvester makes its changes outside of the lock.
            slice.extend(changes.by_ref().take(SLICE));
            let mut books = self.lock();
            for change in slice.drain(..) {
                match change {
                    Change::Now(_) => now = Some(change),
                    Change::Totals(_) => totals = Some(change),
                    other => books.apply(other),
                }
            }
        }
        if totals.is_some() || now.is_some() {
            let mut books = self.lock();
            [totals, now]
                .into_iter()
                .flatten()
                .for_each(|change| books.apply(change));
        }
    }

    /// Moves ended tasks that are too old at `now`, or too many, into the tallies of their sites.
    pub(crate) fn expire(&self, now: Stamp) {
        while self.lock().expire(now, SLICE) {}
    }

    /// Whether anybody reads.
    #[cfg(feature = "stacks")]
    pub(crate) fn is_watched(&self) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
    }

    /// What is kept of ended tasks.
    pub(crate) fn retention(&self) -> Retention {
        self.retention
    }

    /// How many bytes of memory are left for ended tasks until the oldest of them have to go.
    pub(crate) fn room(&self) -> u64 {
        let bytes = self.lock().ended_bytes();
        self.retention.ended_bytes.saturating_sub(bytes)
    }

    /// A reader that has been told nothing yet.
    pub(crate) fn reader(&self, filter: Filter, sketching: Sketching) -> Reader {
        // Under the lock, so that the ends that follow are kept for it.
        let mut books = self.lock();
        let reader = Reader::new(filter, sketching, Arc::clone(&self.readers));
        books.keep_gone(true);
        reader
    }

    /// A reader of at most [`MAX_NAMED`] tasks that has been told nothing yet. What it costs does not depend on how many
    /// others there are.
    pub(crate) fn reader_of(
        tasks: BTreeSet<TaskId>,
        filter: Filter,
        sketching: Sketching,
    ) -> Reader {
        Reader::new(filter, sketching, Arc::default()).only(tasks)
    }

    /// The next piece of news for this reader; an empty one where there is none.
    pub(crate) fn read(&self, reader: &mut Reader) -> Chunk {
        reader.read(&self.lock())
    }

    /// The time and the counters for this reader, between two pieces of news.
    pub(crate) fn pulse(&self, reader: &mut Reader) -> Chunk {
        reader.pulse(&self.lock())
    }

    /// Looks at the world. Nobody else can use it meanwhile: take what is needed and go.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        look(self.lock().world())
    }

    /// Looks at the world between two calls of [`apply`](Self::apply), so that what belongs together is there as a whole:
    /// the wait that is over and the hold that followed it. The harvester has to wait meanwhile, readers too.
    pub(crate) fn look_at_whole<R>(&self, look: impl FnOnce(&World) -> R) -> R {
        let _whole = self.whole();
        self.look(look)
    }

    #[cfg(test)]
    /// How much is kept.
    pub(crate) fn figures(&self) -> Figures {
        let books = self.lock();
        Figures {
            listed: books.world().len(),
            ended_bytes: books.ended_bytes(),
            departed: books.departed().len(),
        }
    }

    fn whole(&self) -> MutexGuard<'_, ()> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // A panic under the lock would be a bug of ours; the books stay usable, since each change is complete by itself.
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        drop(turn);
        if self.readers.load(Ordering::Relaxed) == 0 {
            books.keep_gone(false);
        }
        books
    }
}
