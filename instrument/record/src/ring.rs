//! The raw events of one thread on their way to the harvester: a ring with one writer and one reader.
//!
//! Rules:
//!
//! 1. Only the writer stores `head`, only the reader stores `tail`; an event's words are stored before the `head` that
//!    publishes them and read before the `tail` that gives them back.
//! 2. A full ring takes nothing in: the event is counted in `lost`, never half written.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::AtomicU64;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A task was spawned, by `other`.
    Spawn,
    /// A poll started.
    PollStart,
    /// A poll ended.
    PollEnd,
    /// It was woken, by `other`.
    Wake,
    /// It ended: its future returned.
    Done,
    /// It ended: its future was dropped.
    Cancelled,
    /// It ended: a poll panicked.
    Panicked,
}

impl EventKind {
    const ALL: [Self; 7] = [
        Self::Spawn,
        Self::PollStart,
        Self::PollEnd,
        Self::Wake,
        Self::Done,
        Self::Cancelled,
        Self::Panicked,
    ];
}

/// One raw event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When, in ticks.
    pub at: u64,
    /// To which task.
    pub task: u64,
    /// By which task; 0 for none.
    pub other: u64,
}

const WORDS: usize = 4;

/// A ring of `SIZE` events.
pub(crate) struct Ring<const SIZE: usize> {
    head: AtomicU64,
    lost: AtomicU64,
    tail: AtomicU64,
    events: Box<[[AtomicU64; WORDS]]>,
}

impl<const SIZE: usize> Ring<SIZE> {
    pub(crate) fn new() -> Self {
        let events = (0..SIZE)
            .map(|_| std::array::from_fn(|_| AtomicU64::new(0)))
            .collect();
        Self {
            head: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            tail: AtomicU64::new(0),
            events,
        }
    }

    /// By the writer.
    #[inline]
    pub(crate) fn push(&self, event: Event) {
        let head = self.head.load(Relaxed);
        let Some(place) = self.events.get(head as usize % SIZE.max(1)) else {
            return;
        };
        if head - self.tail.load(Acquire) >= SIZE as u64 {
            self.lost.store(self.lost.load(Relaxed) + 1, Relaxed);
            return;
        }
        for (word, value) in
            place
                .iter()
                .zip([event.kind as u64, event.at, event.task, event.other])
        {
            word.store(value, Relaxed);
        }
        self.head.store(head + 1, Release);
    }

    /// By the reader: all events that are there.
    pub(crate) fn drain(&self, mut take: impl FnMut(Event)) {
        let head = self.head.load(Acquire);
        let mut tail = self.tail.load(Relaxed);
        while tail < head {
            let Some(place) = self.events.get(tail as usize % SIZE.max(1)) else {
                return;
            };
            let [kind, at, task, other] = std::array::from_fn(|i| place[i].load(Relaxed));
            if let Some(kind) = EventKind::ALL.get(kind as usize) {
                take(Event {
                    kind: *kind,
                    at,
                    task,
                    other,
                });
            }
            tail += 1;
            self.tail.store(tail, Release);
        }
    }

    /// Events that found the ring full, ever.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn event(n: u64) -> Event {
        Event {
            kind: EventKind::Wake,
            at: n,
            task: n + 1,
            other: n + 2,
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let ring = Ring::<4>::new();
        for n in 0..7 {
            ring.push(event(n));
        }
        let mut seen = vec![];
        ring.drain(|e| seen.push(e));
        assert_eq!((seen, ring.lost()), ((0..4).map(event).collect(), 3));
    }

    #[test]
    fn sent_is_received_plus_lost() {
        let ring = Ring::<64>::new();
        let n = 100_000;
        let received = std::thread::scope(|s| {
            let writer = s.spawn(|| (0..n).for_each(|i| ring.push(event(i))));
            let (mut received, mut last) = (0, None);
            let mut drain = || {
                ring.drain(|e| {
                    assert!(e == event(e.at) && last.is_none_or(|last| last < e.at));
                    (received, last) = (received + 1, Some(e.at));
                });
            };
            while !writer.is_finished() {
                drain();
            }
            drain();
            received
        });
        assert_eq!(received + ring.lost(), n);
    }
}
