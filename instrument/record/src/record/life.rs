//! A task's life: its spawn, its polls, its end.

use std::sync::atomic::Ordering::Relaxed;

use super::runtime::first_poll;
use super::{RECORD, emit, tried};
use crate::clock::ticks;
use crate::id::{self, IGNORED};
use crate::ring::EventKind;
use crate::site::{SpawnKind, SpawnSite};
use crate::sketch::{Which, code};
use crate::slot::{Outcome, Slot};
use crate::sync::AtomicU64;
use crate::thread::{self, Entered, Facts, LastExit, Role};
use crate::word::Ended;

/// Whether what a runtime does between two polls is so little that the end of one can stand for the start of the next
/// ([`Next`](crate::thread::Next)): some 50 ns of optimized code, microseconds of other.
const RUNTIME_IS_QUICK: bool = !cfg!(debug_assertions);

/// A task that is being spawned.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spawn<'a> {
    /// Where, and what.
    pub site: SpawnSite,
    /// Its name; empty for none.
    pub name: &'a str,
    /// tokio's id of it; 0 for none.
    pub tokio_id: u64,
}

/// A task is spawned. Gives its id, or [`IGNORED`].
#[inline]
pub fn spawn(spawn: &Spawn<'_>) -> u64 {
    let Some(thread) = thread::current() else {
        RECORD.lost_to_ending_threads.fetch_add(1, Relaxed);
        return IGNORED;
    };
    match thread.role() {
        Role::App => {}
        Role::Ours => return IGNORED,
        Role::Trial => return tried(thread, 0),
    }
    let site = RECORD.sites.intern(&spawn.site);
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let slot = own
        .slots
        .take(&RECORD.slots)
        .and_then(|index| Some((index, RECORD.slots.get(index)?)));
    let Some((index, slot)) = slot else {
        thread
            .untracked
            .store(thread.untracked.load(Relaxed) + 1, Relaxed);
        return IGNORED;
    };
    let now = ticks();
    let parent = own.top();
    slot.edges.reset();
    for field in [&slot.busy, &slot.scheduled, &slot.last_waker] {
        field.store(0, Relaxed);
    }
    for field in [&slot.since, &slot.first_wake, &slot.created] {
        field.store(now, Relaxed);
    }
    slot.samples().reset();
    slot.self_wakes.store(0, Relaxed);
    slot.parent.store(parent, Relaxed);
    slot.tokio_id.store(spawn.tokio_id, Relaxed);
    slot.site.store(site, Relaxed);
    slot.traits.reset(spawn.site.kind == SpawnKind::BlockOn);
    if !spawn.name.is_empty()
        && let Some(name) = RECORD.names.get_or_make(index)
    {
        name.set(spawn.name);
    }
    if RECORD.capture.get().is_some()
        && let Some(leaves) = RECORD.leaves.get_or_make(index)
    {
        leaves.reset();
    }
    slot.wakers.reset(slot.word.load().next_generation());
    let (generation, mark) = slot.word.open();
    if mark {
        RECORD.dirty.mark(index);
    }
    let id = id::task(index, generation);
    if own.depth() > 0 {
        own.next.wakes(id, now);
    } else {
        own.next.clear();
    }
    emit(thread, EventKind::Spawn, id, parent, || now);
    id
}

/// The span of the task `id` is entered: a poll starts, or its future is dropped. `stack` is where the thread's stack
/// stands; 0 if not known.
#[inline]
pub fn enter(id: u64, stack: usize) {
    let Some(thread) = thread::current() else {
        return;
    };
    let index = id::index(id);
    let Some(slot) = RECORD.slots.get(index) else {
        return;
    };
    // Before the reference below: this one calls the app's runtime.
    if slot.edges.count() == 0 {
        first_poll(thread, slot);
    }
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let previous = slot.since.load(Relaxed);
    let word = slot.word.load();
    let follows = own.last.id == id && own.last.end == previous && is_recent(previous);
    let mut facts = Facts::FOLLOWS
        .so(follows)
        .and(Facts::PANICKING.so(std::thread::panicking()));
    thread.current.store(id, Relaxed);
    if own.depth() == 0 {
        thread.outermost.store(id, Relaxed);
        thread.outermost_stack.store(stack, Relaxed);
    }
    // tokio polls no task without a wake (which a `block_on` does not tell). So this is the drop of a future that has just
    // returned, which is not timed. In rare cases it is a poll, whose wake was recorded just before the poll before; it
    // goes as begun when that one ended.
    if follows && !word.is_woken() && !slot.traits.is_block_on() {
        slot.edges.change(1, || ());
        if !word.is_dirty() && slot.word.start().mark {
            RECORD.dirty.mark(index);
        }
        let facts = facts.and(Facts::PRESUMED_DROP);
        own.push(Entered { id, facts, stack });
        own.next.clear();
        return emit(thread, EventKind::PollStart, id, 0, || previous);
    }
    let ready = slot.first_wake.load(Relaxed).max(previous);
    let known = own.next.starts(id, ready, RECORD.latest.load(Relaxed));
    let now = known.filter(|_| RUNTIME_IS_QUICK).unwrap_or_else(ticks);
    slot.edges.change(1, || {
        slot.since.store(now, Relaxed);
        if word.is_woken() {
            let delay = now.saturating_sub(ready);
            let code = code(delay);
            slot.scheduled
                .store(slot.scheduled.load(Relaxed) + delay, Relaxed);
            slot.samples()
                .add(Which::Delays, code, &RECORD.tables, &mut own.tables);
            facts = facts.and(Facts::delay(code));
        }
    });
    if slot.word.start().mark {
        RECORD.dirty.mark(index);
    }
    own.push(Entered { id, facts, stack });
    emit(thread, EventKind::PollStart, id, 0, || now);
}

/// The span of the task `id` is left.
#[inline]
pub fn exit(id: u64) {
    let Some(thread) = thread::current() else {
        return;
    };
    let Some(slot) = RECORD.slots.get(id::index(id)) else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let Some(Entered { facts, .. }) = own.pop(id) else {
        return;
    };
    thread.current.store(own.top(), Relaxed);
    super::resources::settle(own);
    if std::thread::panicking() && !facts.has(Facts::PANICKING) {
        slot.traits.set_panicked();
    }
    let start = slot.since.load(Relaxed);
    if facts.has(Facts::PRESUMED_DROP) && RECORD.latest.load(Relaxed) <= start {
        // It did not even last for a round of the harvester, which is as much as is told of it.
        slot.edges.change(1, || ());
        own.last = LastExit {
            id,
            start,
            end: start,
            facts,
        };
        return emit(thread, EventKind::PollEnd, id, 0, || start);
    }
    let now = ticks();
    let took = now.saturating_sub(start);
    let poll_code = code(took);
    slot.edges.change(1, || {
        slot.since.store(now, Relaxed);
        slot.busy.store(slot.busy.load(Relaxed) + took, Relaxed);
        slot.samples()
            .add(Which::Polls, poll_code, &RECORD.tables, &mut own.tables);
    });
    if own.depth() == 0 && thread.worker.load(Relaxed) != 0 {
        thread
            .worker_busy
            .store(thread.worker_busy.load(Relaxed) + took, Relaxed);
        own.next.poll_ended(now);
    }
    own.last = LastExit {
        id,
        start,
        end: now,
        facts: facts.and(Facts::poll(poll_code)),
    };
    emit(thread, EventKind::PollEnd, id, 0, || now);
}

/// The span of the task `id` is let go of. `true` if that was the last hold, which is when the task ends.
#[inline]
pub fn close(id: u64) -> bool {
    let index = id::index(id);
    let Some(slot) = RECORD.slots.get(index) else {
        return true;
    };
    if slot.traits.let_go() {
        return false;
    }
    let thread = thread::current();
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let mut own = thread.map(|thread| unsafe { thread.own() });
    let last = own
        .as_ref()
        .map(|own| own.last)
        .filter(|last| last.id == id);
    let outcome = outcome(slot, last);
    if outcome == Outcome::Cancelled
        && let Some(own) = own.as_mut()
    {
        super::resources::cancelled(own, id, slot.edges.count());
    }
    if let Some(last) = last {
        // What was entered last was no poll, but the drop of the future.
        slot.edges.change(2, || {
            slot.since.store(last.start, Relaxed);
            slot.busy.store(
                slot.busy
                    .load(Relaxed)
                    .saturating_sub(last.end - last.start),
                Relaxed,
            );
            if let Some(code) = last.facts.poll_code() {
                slot.samples().remove(Which::Polls, code, &RECORD.tables);
            }
            if let Some(code) = last.facts.delay_code() {
                slot.samples().remove(Which::Delays, code, &RECORD.tables);
            }
        });
    }
    slot.traits.set_ended(outcome, last.is_some());
    if let Some(thread) = thread {
        if slot.traits.is_root() {
            thread.worker.store(0, Relaxed);
        }
        if let Some(own) = own.as_mut().filter(|_| slot.traits.is_block_on()) {
            // The thread may go back to another runtime's work: a `block_on` can stand within a closure or a
            // `block_in_place` of that.
            own.runtime = None;
        }
        emit(thread, ended_event(outcome), id, 0, || {
            last.map_or_else(ticks, |last| last.start)
        });
    }
    let listings = thread.map_or(1, |thread| thread.listings.load(Relaxed));
    let fold = thread.and_then(|thread| thread.fold(slot.site.load(Relaxed)));
    match slot
        .word
        .end(id::generation(id), listings > 0 || fold.is_none())
    {
        Ended::Stale => {}
        Ended::HandedOver { mark } => {
            if let Some(thread) = thread {
                thread.listings.store(listings.saturating_sub(1), Relaxed);
            }
            if mark {
                RECORD.dirty.mark(index);
            }
        }
        Ended::Freed { wakes } => {
            let (Some(thread), Some(fold), Some(own)) = (thread, fold, own.as_mut()) else {
                return true;
            };
            let add = |to: &AtomicU64, n: u64| to.store(to.load(Relaxed) + n, Relaxed);
            add(&fold.ended[outcome as usize - 1], 1);
            add(&fold.polls, polls(slot, slot.edges.count()));
            add(&fold.busy, slot.busy.load(Relaxed));
            add(&fold.scheduled, slot.scheduled.load(Relaxed));
            add(&fold.wakes, wakes);
            add(&fold.self_wakes, slot.self_wakes.load(Relaxed).into());
            add(&thread.unlisted, 1);
            if let Some(name) = RECORD.names.get(index) {
                name.clear();
            }
            slot.samples().release(&RECORD.tables, &mut own.tables);
            own.slots.give(&RECORD.slots, index);
        }
    }
    true
}

/// One more holder of a task's span.
pub fn clone_id(id: u64) {
    if id::is_task(id)
        && let Some(slot) = RECORD.slots.get(id::index(id))
    {
        slot.traits.cloned();
    }
}

/// Polls of a slot's task, given the edges that were read.
#[inline]
pub(crate) fn polls(slot: &Slot, edges: u64) -> u64 {
    (edges / 2).saturating_sub(if slot.traits.drop_was_counted() { 2 } else { 0 })
}

/// How the task of this slot ended, of which `last` was the drop of its future.
#[inline]
fn outcome(slot: &Slot, last: Option<LastExit>) -> Outcome {
    if slot.traits.has_panicked() {
        return Outcome::Panicked;
    }
    // tokio drops a future that has returned right away, on the same thread, before it polls anything else.
    let polled = slot.edges.count() / 2 > 1;
    let returned = last.is_some_and(|last| last.facts.has(Facts::FOLLOWS));
    // A `block_on` goes on until its future returns, but drops it later.
    if polled && (returned || slot.traits.is_block_on()) {
        Outcome::Done
    } else {
        Outcome::Cancelled
    }
}

/// Whether this moment was less than [`DROP_FOLLOWS_WITHIN_NS`] ago, as far as the harvester's last round tells.
#[inline(always)]
fn is_recent(ticks: u64) -> bool {
    RECORD.latest.load(Relaxed).saturating_sub(ticks) < RECORD.drop_follows_within.load(Relaxed)
}

fn ended_event(outcome: Outcome) -> EventKind {
    match outcome {
        Outcome::Done => EventKind::Done,
        Outcome::Cancelled => EventKind::Cancelled,
        Outcome::Panicked => EventKind::Panicked,
    }
}
