//! The other side of the record: the harvester visits what was touched since it came last, and reads totals.

mod polls;
mod report;
mod resources;

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use crate::id::{self, Kind};
use crate::record::{RECORD, polls};
use crate::ring::{Event, Ring};
use crate::site::{SpawnSite, Text};
use crate::sketch::{Counts, TableMagazines};
use crate::slot::{NO_TASK, Outcome, Polled, Slot};
use crate::thread::{RING, Thread};
use crate::word::Seen;

pub use self::polls::{LongPoll, long_polls};
pub use self::report::{
    BirthReport, Phase, TaskReport, ThreadTotals, Unlisted, WAKES_MODULUS, WokenBy,
};
use self::resources::SharedVisits;
pub use self::resources::{
    HoldReport, OriginReport, ResourceReport, Shared, WaitReport, resource_now, resources_now,
};

static TAKEN: AtomicBool = AtomicBool::new(false);

/// Visits the slots. There is one per process at a time.
pub struct Harvester {
    touched: Vec<u32>,
    revisit: Vec<u32>,
    freed: Vec<u32>,
    tables: TableMagazines,
    shared: SharedVisits,
    events_lost: u64,
}

impl Harvester {
    /// The harvester; `None` while another one exists.
    #[must_use]
    pub fn take() -> Option<Self> {
        TAKEN.compare_exchange(false, true, AcqRel, Relaxed).ok()?;
        Some(Self {
            touched: Vec::new(),
            revisit: Vec::new(),
            freed: Vec::new(),
            tables: TableMagazines::new(),
            shared: SharedVisits::default(),
            events_lost: 0,
        })
    }

    /// Reports each task that was touched since the last call, and frees the slots of those that ended. `listings` is
    /// how many ended tasks each thread may hand over before the next call that were never reported; the others only
    /// count in [`unlisted`](Self::unlisted).
    pub fn harvest(&mut self, listings: u32, mut report: impl FnMut(TaskReport<'_>)) {
        RECORD.latest.store(crate::clock::ticks(), Relaxed);
        RECORD.dirty.drain(|index| self.touched.push(index));
        for index in std::mem::take(&mut self.touched) {
            self.visit(index, &mut report);
        }
        // Put back at the end, so that one round ends.
        for index in self.revisit.drain(..) {
            if RECORD
                .slots
                .get(index)
                .is_some_and(|slot| slot.word.revisit())
            {
                RECORD.dirty.mark(index);
            }
        }
        RECORD.slots.give(&self.freed);
        self.freed.clear();
        self.tables.empty(&RECORD.tables);
        RECORD.threads.listings.store(listings, Relaxed);
        RECORD
            .threads
            .iter()
            .for_each(|thread| thread.listings.store(listings, Relaxed));
    }

    /// Reports each resource and each wait for one that changed since the last call; a resource before the waits for it.
    pub fn harvest_shared(&mut self, mut report: impl FnMut(Shared)) {
        self.shared.visit(&mut report);
    }

    fn visit(&mut self, index: u32, report: &mut impl FnMut(TaskReport<'_>)) {
        let Some(slot) = RECORD.slots.get(index) else {
            return;
        };
        let seen = slot.word.visit();
        if !seen.is_open() && !seen.is_closed() {
            return;
        }
        let (polled, is_whole) = slot.polled();
        let name = RECORD.names.get(index);
        report(describe(
            slot,
            seen,
            polled,
            index,
            name.and_then(|name| name.get()),
        ));
        if seen.is_closed() {
            if let Some(name) = name {
                name.clear();
            }
            slot.samples().release(&RECORD.tables, &mut self.tables);
            slot.word.free();
            self.freed.push(index);
        } else if polled.edges % 2 == 1 || !is_whole {
            self.revisit.push(index);
        }
    }

    /// Calls `each` with every site that has tallies of ended tasks that were not reported.
    pub fn unlisted(&self, mut each: impl FnMut(u32, Unlisted)) {
        let mut sums: Vec<Unlisted> = Vec::new();
        for (site, fold) in RECORD.threads.iter().flat_map(Thread::folds) {
            let site = site as usize;
            if sums.len() <= site {
                sums.resize(site + 1, Unlisted::default());
            }
            let Some(sum) = sums.get_mut(site) else {
                continue;
            };
            sum.ended
                .iter_mut()
                .zip(&fold.ended)
                .for_each(|(sum, n)| *sum += n.load(Relaxed));
            sum.polls += fold.polls.load(Relaxed);
            sum.busy += fold.busy.load(Relaxed);
            sum.scheduled += fold.scheduled.load(Relaxed);
            sum.wakes += fold.wakes.load(Relaxed);
            sum.self_wakes += fold.self_wakes.load(Relaxed);
        }
        for (site, sum) in (0..).zip(sums) {
            if sum != Unlisted::default() {
                each(site, sum);
            }
        }
    }

    /// Counters over all threads; `now` in ticks.
    #[must_use]
    pub fn thread_totals(&self, now: u64) -> ThreadTotals {
        let mut totals = ThreadTotals {
            unplaced: RECORD.sites.unplaced(),
            untracked: RECORD.lost_to_ending_threads.load(Relaxed),
            ..ThreadTotals::default()
        };
        for thread in RECORD.threads.iter() {
            totals.worker_busy += thread.worker_busy.load(Relaxed);
            totals.unlisted += thread.unlisted.load(Relaxed);
            totals.untracked += thread.untracked.load(Relaxed);
            totals.clones += thread.clones.load(Relaxed);
            for (sum, n) in totals.trial.iter_mut().zip(&thread.trial) {
                *sum += n.load(Relaxed);
            }
            if thread.worker.load(Relaxed) != 0 {
                totals.workers += 1;
                totals.worker_busy += under_way(thread, now);
            }
        }
        totals
    }

    /// Gives all raw events that are there to `each`, with the number of their thread, and returns how many were lost
    /// since the last call. Between [`listen`]`(false)` and `(true)` none are recorded and none lost.
    pub fn events(&mut self, mut each: impl FnMut(u32, Event)) -> u64 {
        let mut lost = 0;
        for thread in RECORD.threads.iter() {
            lost += thread.unringed.load(Relaxed);
            match thread.ring() {
                Some(ring) => {
                    ring.drain(|event| each(thread.ordinal, event));
                    lost += ring.lost();
                }
                // Threads that came since listening began.
                None if RECORD.listening.load(Relaxed) => make_ring(thread),
                None => {}
            }
        }
        lost - std::mem::replace(&mut self.events_lost, lost)
    }
}

impl Drop for Harvester {
    fn drop(&mut self) {
        TAKEN.store(false, Release);
    }
}

/// Records raw events from now on, or no more.
pub fn listen(on: bool) {
    if on {
        RECORD
            .threads
            .iter()
            .filter(|thread| thread.ring().is_none())
            .for_each(make_ring);
    }
    RECORD.listening.store(on, Relaxed);
}

/// The distributions of a live task; `None` where it is none, or changes too fast to be read.
#[must_use]
pub fn counts(task: u64) -> Option<Counts> {
    if id::kind(task) != Kind::Task {
        return None;
    }
    let slot = RECORD.slots.get(id::index(task))?;
    let generation = id::generation(task);
    if !slot.word.load().is(generation) {
        return None;
    }
    let counts = slot.counts(&RECORD.tables)?;
    slot.word.load().is(generation).then_some(counts)
}

/// The site with this number.
#[must_use]
pub fn site(number: u32) -> Option<&'static SpawnSite> {
    RECORD.sites.get(number)
}

/// An interned text.
#[must_use]
pub fn read_text(text: Text) -> Option<&'static str> {
    RECORD.sites.read(text)
}

fn make_ring(thread: &Thread) {
    let ring = Box::into_raw(Box::new(Ring::<RING>::new()));
    if thread
        .ring
        .compare_exchange(std::ptr::null_mut(), ring, AcqRel, Acquire)
        .is_err()
    {
        // SAFETY: made above, and not published.
        drop(unsafe { Box::from_raw(ring) });
    }
}

fn describe<'a>(
    slot: &Slot,
    seen: Seen,
    polled: Polled,
    index: u32,
    name: Option<&'a str>,
) -> TaskReport<'a> {
    let birth = (!seen.was_known()).then(|| BirthReport {
        site: slot.site.load(Relaxed),
        name,
        tokio_id: slot.tokio_id.load(Relaxed),
        parent: slot.parent.load(Relaxed),
        created: slot.created.load(Relaxed),
    });
    let (phase, since) = match slot.traits.outcome().filter(|_| seen.is_closed()) {
        Some(outcome) => (Phase::Ended(outcome), polled.since),
        None if polled.edges % 2 == 1 => (Phase::Running, polled.since),
        None if seen.is_woken() => (
            Phase::Scheduled,
            slot.first_wake.load(Relaxed).max(polled.since),
        ),
        None => (Phase::Idle, polled.since),
    };
    // Who was dropped tells where; who is done waits for nothing any more.
    let is_told = !matches!(phase, Phase::Ended(Outcome::Done | Outcome::Panicked));
    let leaves = RECORD.leaves.get(index).filter(|_| is_told);
    let leaves = leaves.and_then(|leaves| {
        slot.edges.consistent(|edges| {
            // With the poll that is under way; without the drop of its future, which looks like one.
            leaves.read((polls(slot, edges) + edges % 2) as u32)
        })
    });
    TaskReport {
        id: id::task(index, seen.generation()),
        birth,
        phase,
        since,
        polls: polls(slot, polled.edges),
        busy: polled.busy,
        scheduled: polled.scheduled,
        wakes: seen.wakes(),
        self_wakes: slot.self_wakes.load(Relaxed),
        woken_by: match slot.last_waker.load(Relaxed) {
            0 => WokenBy::Nobody,
            NO_TASK => WokenBy::NoTask,
            task => WokenBy::Task(task),
        },
        wakers: polled.wakers,
        runtime: slot.traits.runtime(),
        leaves: leaves.unwrap_or_default(),
        counts: seen
            .is_closed()
            .then(|| slot.counts(&RECORD.tables).map(Box::new))
            .flatten(),
    }
}

/// Ticks of the poll that is under way on a thread.
fn under_way(thread: &Thread, now: u64) -> u64 {
    let task = thread.current.load(Relaxed);
    let slot = if task == 0 {
        None
    } else {
        RECORD.slots.get(id::index(task))
    };
    let polled = slot.map(|slot| slot.polled().0);
    let running = polled.filter(|polled| polled.edges % 2 == 1);
    running.map_or(0, |polled| now.saturating_sub(polled.since))
}
