//! Models of what is recorded of resources: who holds a lock, and what an operation in a queue was given.

use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Arc;
use loom::thread::spawn;

use super::bounded;
use crate::dirty::DirtySet;
use crate::grant::Grant;
use crate::holder::{HolderWord, Released, Tag};
use crate::id;
use crate::mark::Mark;
use crate::sync::AtomicU32;

/// A lock as far as it matters here: who holds it, and whether the harvester has to come by.
struct Lock {
    // What tokio's own lock does: one at a time.
    inner: loom::sync::Mutex<()>,
    holder: HolderWord,
    mark: Mark,
    set: DirtySet<1, 1>,
}

impl Lock {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: loom::sync::Mutex::new(()),
            holder: HolderWord::new(),
            mark: Mark::new(),
            set: DirtySet::new(),
        })
    }

    fn changed(&self) {
        if self.mark.set() {
            self.set.mark(0);
        }
    }

    /// Takes the lock, looks who is said to hold it, and gives it back, of which it tells only afterwards.
    fn hold(&self, me: Tag) {
        let guard = self.inner.lock().unwrap();
        self.holder.take(me);
        self.changed();
        assert_eq!(self.holder.load(), Some(me), "it holds the lock");
        drop(guard);
        let released = self.holder.release(me);
        assert!(matches!(released, Released::Own | Released::Late));
        self.changed();
    }

    fn harvest(&self) -> Option<Option<Tag>> {
        let mut known = None;
        self.set.drain(|_| {
            self.mark.take();
            known = Some(self.holder.load());
        });
        known
    }
}

#[test]
fn a_holder_is_the_only_one_and_the_harvester_learns_of_the_last_release() {
    bounded(|| {
        let lock = Lock::new();
        let other = spawn({
            let lock = lock.clone();
            move || lock.hold(Tag::of(id::task(2, 1)))
        });
        let third = spawn({
            let lock = lock.clone();
            move || lock.hold(Tag::of(id::task(3, 1)))
        });
        lock.hold(Tag::of(id::task(1, 1)));
        let first = lock.harvest();
        other.join().unwrap();
        third.join().unwrap();
        let last = lock.harvest().or(first).expect("they marked it");
        assert_eq!(last, None, "nobody holds it any more");
    });
}

/// An operation in a semaphore's queue as far as it matters here.
struct Queued {
    // What tokio locks with its queue: how many permits are still to be handed to the operation.
    queue: loom::sync::Mutex<u32>,
    grant: Grant,
    outstanding: AtomicU32,
}

impl Queued {
    fn new(want: u32) -> Arc<Self> {
        let grant = Grant::new();
        grant.ask(want);
        Arc::new(Self {
            queue: loom::sync::Mutex::new(want),
            grant,
            outstanding: AtomicU32::new(0),
        })
    }

    fn count(&self) {
        if self.grant.count() {
            self.outstanding.fetch_add(1, Relaxed);
        }
    }

    /// Somebody gives back one permit; tells it with the queue locked, as tokio does.
    fn hand_over(&self, now: u64) {
        let mut missing = self.queue.lock().unwrap();
        *missing -= 1;
        self.grant.handed(1, now);
        self.count();
    }

    /// A poll; the last thing that it tells is told with the queue unlocked.
    fn poll(&self, timed: bool) -> bool {
        let missing = self.queue.lock().unwrap();
        let _ = self.grant.looked(0);
        let is_done = *missing == 0;
        drop(missing);
        if is_done {
            self.settle();
        } else {
            self.grant.polled_in_vain(timed);
            self.count();
        }
        is_done
    }

    fn settle(&self) {
        if self.grant.settle() {
            self.outstanding.fetch_sub(1, Relaxed);
        }
        self.grant.forget();
    }
}

#[test]
fn what_is_handed_over_at_the_end_of_a_poll_is_not_forgotten_and_counted_once() {
    bounded(|| {
        let op = Queued::new(2);
        let givers = [7, 9].map(|now| {
            let op = op.clone();
            spawn(move || op.hand_over(now))
        });
        let is_done = op.poll(true);
        let is_done = is_done || op.poll(false);
        for giver in givers {
            giver.join().unwrap();
        }
        if !is_done {
            assert_eq!(op.grant.given(), 2);
            assert!(op.grant.granted() > 0, "it was given all after its poll");
            assert!(!op.grant.is_timed());
            assert_eq!(op.outstanding.load(Relaxed), 1);
            // It is polled once more, or given up.
            op.settle();
        }
        assert_eq!((op.grant.given(), op.grant.granted()), (0, 0));
        assert_eq!(op.outstanding.load(Relaxed), 0);
    });
}
