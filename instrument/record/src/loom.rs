//! The lock-free parts under the model checker, which tries all interleavings and all reorderings that the memory model
//! allows. Run with `RUSTFLAGS="--cfg loom" cargo test -p taskscope-record --release`.

mod resources;

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use loom::sync::Arc;
use loom::thread::spawn;

use crate::dirty::DirtySet;
use crate::edges::Edges;
use crate::ring::{Event, EventKind, Ring};
use crate::slab::{FreeList, Links};
use crate::sync::{AtomicU32, AtomicU64};
use crate::word::{Ended, Woke, Word};

/// A slot as far as it matters here: the word, a poll's edges, and what a poll writes.
struct Slot {
    word: Word,
    edges: Edges,
    busy: AtomicU64,
    set: DirtySet<1, 1>,
}

impl Slot {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            word: Word::new(),
            edges: Edges::new(),
            busy: AtomicU64::new(0),
            set: DirtySet::new(),
        })
    }

    fn spawn(&self) -> u32 {
        let (generation, mark) = self.word.open();
        self.mark_if(mark);
        generation
    }

    fn mark_if(&self, mark: bool) {
        if mark {
            self.set.mark(0);
        }
    }

    fn wake(&self, generation: u32) -> bool {
        let woke = self.word.wake(generation, || ());
        self.mark_if(matches!(woke, Woke::Counted { mark: true, .. }));
        woke != Woke::Stale
    }

    fn poll(&self) {
        self.edges.change(1, || ());
        self.mark_if(self.word.start().mark);
        self.edges
            .change(1, || self.busy.store(self.busy.load(Relaxed) + 1, Relaxed));
    }

    /// What one round of the harvester does; the last thing that it knows of the slot, if it visited it.
    fn harvest(&self) -> Option<Known> {
        let mut known = None;
        self.set.drain(|_| {
            let seen = self.word.visit();
            let polled = self
                .edges
                .consistent(|edges| (edges, self.busy.load(Relaxed)));
            let in_poll = polled.is_none_or(|(edges, _)| edges % 2 == 1);
            if let Some((edges, busy)) = polled {
                assert_eq!(edges / 2, busy, "fields that do not belong together");
                known = Some(Known {
                    edges,
                    woken: seen.is_woken(),
                    wakes: seen.wakes(),
                    closed: seen.is_closed(),
                });
            }
            if in_poll && !seen.is_closed() {
                let mark = self.word.revisit();
                self.mark_if(mark);
            }
        });
        known
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    edges: u64,
    woken: bool,
    wakes: u64,
    closed: bool,
}

/// For models with three threads: at most two times per run is a thread interrupted where it need not be, which is what
/// nearly all real races take, and keeps the number of runs within minutes.
fn bounded(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}

#[test]
fn the_harvester_misses_no_poll_and_no_wake() {
    bounded(|| {
        let slot = Slot::new();
        let generation = slot.spawn();
        let worker = spawn({
            let slot = slot.clone();
            move || slot.poll()
        });
        let waker = spawn({
            let slot = slot.clone();
            move || slot.wake(generation)
        });
        let first = slot.harvest();
        worker.join().unwrap();
        assert!(waker.join().unwrap());
        let last = slot.harvest().or(first).expect("the spawn marks the slot");
        assert_eq!((last.edges, last.wakes), (2, 1));
        assert_eq!(slot.word.load().is_woken(), last.woken);
    });
}

#[test]
fn the_harvester_misses_no_waker_that_goes_outside_of_a_poll() {
    loom::model(|| {
        let slot = Slot::new();
        let generation = slot.spawn();
        slot.poll();
        let dropper = spawn({
            let slot = slot.clone();
            move || {
                // Stands for the count of wakers.
                slot.busy.store(7, Relaxed);
                let mark = slot.word.touch(generation);
                slot.mark_if(mark);
            }
        });
        let mut seen = 0;
        let mut visit = || {
            slot.set.drain(|_| {
                let _ = slot.word.visit();
                seen = slot.busy.load(Relaxed);
            });
        };
        visit();
        dropper.join().unwrap();
        visit();
        assert_eq!(seen, 7);
    });
}

#[test]
fn no_waker_is_seen_to_go_that_was_not_seen_to_come() {
    loom::model(|| {
        let slot = Slot::new();
        let generation = slot.spawn();
        // The count of the wakers that go and come outside of the task's polls, and one that lies in wait somewhere.
        let (others, stored) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let worker = spawn({
            let (slot, stored) = (slot.clone(), stored.clone());
            move || {
                slot.edges.change(1, || ());
                slot.mark_if(slot.word.start().mark);
                slot.edges.count_own_waker(true);
                stored.store(1, Release);
                slot.edges.change(1, || ());
            }
        });
        let dropper = spawn({
            let (slot, others) = (slot.clone(), others.clone());
            move || {
                if stored.load(Acquire) == 1 {
                    others.fetch_sub(1, SeqCst);
                    slot.mark_if(slot.word.touch(generation));
                }
            }
        });
        let sum = || u64::from(slot.edges.own_wakers()).wrapping_add(others.load(SeqCst));
        if let Some((edges, sum)) = slot.edges.consistent(|edges| (edges, sum())) {
            assert!(edges % 2 == 1 || sum as i64 >= 0, "{edges} edges, {sum}");
        }
        worker.join().unwrap();
        dropper.join().unwrap();
        assert!(sum() <= 1);
    });
}

#[test]
fn a_known_task_is_handed_over_and_an_unknown_one_is_the_callers() {
    loom::model(|| {
        let slot = Slot::new();
        let generation = slot.spawn();
        let worker = spawn({
            let slot = slot.clone();
            move || match slot.word.end(generation, false) {
                Ended::HandedOver { mark } => {
                    slot.mark_if(mark);
                    true
                }
                Ended::Freed { .. } => false,
                Ended::Stale => unreachable!("nobody else ends it"),
            }
        });
        let seen_open = slot.harvest().is_some_and(|known| !known.closed);
        let handed_over = worker.join().unwrap();
        // The harvester may come by between the end of a task that it never saw and nothing at all.
        if handed_over {
            let known = slot.harvest();
            assert!(
                seen_open && known.is_some_and(|known| known.closed),
                "handed over, but not found"
            );
        } else {
            assert!(!slot.word.load().is_open() && !slot.word.load().is_closed());
        }
    });
}

#[test]
fn a_stale_waker_touches_nobody() {
    loom::model(|| {
        let slot = Slot::new();
        let first = slot.spawn();
        let waker = spawn({
            let slot = slot.clone();
            move || slot.wake(first)
        });
        assert!(matches!(slot.word.end(first, false), Ended::Freed { .. }));
        let second = slot.spawn();
        waker.join().unwrap();
        assert_ne!(first, second);
        assert_eq!(slot.word.load().wakes(), 0);
    });
}

#[test]
fn two_wakes_are_two_and_one_is_the_first() {
    loom::model(|| {
        let slot = Slot::new();
        let generation = slot.spawn();
        slot.poll();
        let other = spawn({
            let slot = slot.clone();
            move || {
                matches!(
                    slot.word.wake(generation, || ()),
                    Woke::Counted { first: true, .. }
                )
            }
        });
        let first = matches!(
            slot.word.wake(generation, || ()),
            Woke::Counted { first: true, .. }
        );
        assert!(first != other.join().unwrap());
        assert_eq!(slot.word.load().wakes(), 2);
    });
}

#[test]
fn what_is_marked_is_drained() {
    loom::model(|| {
        let set = Arc::new(DirtySet::<2, 1>::new());
        let markers: Vec<_> = [3, 70]
            .map(|index| {
                let set = set.clone();
                spawn(move || set.mark(index))
            })
            .into();
        let mut seen = vec![];
        set.drain(|index| seen.push(index));
        markers
            .into_iter()
            .for_each(|marker| marker.join().unwrap());
        set.drain(|index| seen.push(index));
        seen.sort_unstable();
        assert_eq!(seen, [3, 70]);
    });
}

struct Cells(Vec<AtomicU32>);

impl Links for Cells {
    fn link(&self, index: u32) -> Option<&AtomicU32> {
        self.0.get(index as usize)
    }
}

#[test]
fn a_free_slot_is_taken_once() {
    loom::model(|| {
        let list = Arc::new((
            FreeList::new(),
            Cells((0..3).map(|_| AtomicU32::new(0)).collect()),
        ));
        list.0.give(&list.1, &[0, 1, 2]);
        let other = spawn({
            let list = list.clone();
            move || {
                let mut taken = [u32::MAX; 2];
                let n = list.0.take(&list.1, &mut taken);
                // Back again at once, which is what makes an untagged list go wrong.
                list.0.give(&list.1, &taken[..n.min(1)]);
                taken[1..n].to_vec()
            }
        });
        let mut mine = [u32::MAX; 1];
        let n = list.0.take(&list.1, &mut mine);
        let mut all = other.join().unwrap();
        all.extend(&mine[..n]);
        let mut rest = [u32::MAX; 3];
        let n = list.0.take(&list.1, &mut rest);
        all.extend(&rest[..n]);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2]);
    });
}

#[test]
fn a_ring_gives_whole_events_and_counts_the_others() {
    loom::model(|| {
        let ring = Arc::new(Ring::<1>::new());
        let writer = spawn({
            let ring = ring.clone();
            move || {
                (0..3).for_each(|n| {
                    ring.push(Event {
                        kind: EventKind::Wake,
                        at: n,
                        task: n,
                        other: n,
                    })
                })
            }
        });
        let mut seen = vec![];
        let mut drain = || ring.drain(|event| seen.push((event.at, event.task, event.other)));
        drain();
        writer.join().unwrap();
        drain();
        assert!(
            seen.iter()
                .all(|(at, task, other)| at == task && at == other),
            "{seen:?}"
        );
        assert!(seen.is_sorted());
        assert_eq!(seen.len() as u64 + ring.lost(), 3);
    });
}
