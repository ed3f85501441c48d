//! What tokio's events do to the record. Everything here runs in the app's threads, some of it under tokio's locks: it
//! takes no lock, allocates nothing for a poll or a wake, calls nothing of tokio's, and cannot panic.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::clock::ticks;
use crate::dirty::DirtySet;
use crate::id::{self, IGNORED, Kind};
use crate::ring::{Event, EventKind};
use crate::site::{Sites, SpawnKind, SpawnSite, Text, cut};
use crate::sketch::{Tables, Which, code};
use crate::slab::{Chunks, Slab, Zeroed};
use crate::slot::{NO_TASK, Outcome, Slot};
use crate::sync::AtomicU64;
use crate::thread::{self, Entered, LastExit, Own, Role, Thread, Threads};
use crate::word::{Ended, Woke};

/// Chunks of slots: 16.7 million tasks.
const CHUNKS: usize = 16384;
/// Live tasks that can be tracked at once.
pub const MAX_TASKS: usize = Slots::CAPACITY;
/// A task's name is cut at this many bytes.
pub const MAX_NAME: usize = 256;
/// A future that is dropped later than this after its last poll was not dropped for having returned. Between the two
/// tokio does next to nothing, but the system may take the processor away.
const DROP_FOLLOWS_WITHIN_NS: u64 = 100_000_000;

pub(crate) type Slots = Slab<Slot, CHUNKS>;

/// Everything that is recorded, of the whole process.
pub(crate) struct Record {
    pub(crate) slots: Slots,
    pub(crate) names: Chunks<Name, CHUNKS>,
    pub(crate) dirty: DirtySet<{ CHUNKS * 16 }, { CHUNKS / 4 }>,
    pub(crate) tables: Tables,
    pub(crate) sites: Sites,
    pub(crate) threads: Threads,
    pub(crate) listening: AtomicBool,
    pub(crate) lost_to_ending_threads: AtomicU64,
    root: OnceLock<fn() -> Root>,
    /// The start of the harvester's last round, in ticks: a clock that costs nothing to read.
    pub(crate) latest: AtomicU64,
    drop_follows_within: AtomicU64,
}

pub(crate) static RECORD: Record = Record {
    slots: Slab::new(),
    names: Chunks::new(),
    dirty: DirtySet::new(),
    tables: Tables::new(),
    sites: Sites::new(),
    threads: Threads::new(),
    listening: AtomicBool::new(false),
    lost_to_ending_threads: AtomicU64::new(0),
    root: OnceLock::new(),
    latest: AtomicU64::new(0),
    drop_follows_within: AtomicU64::new(u64::MAX),
};

/// A task's name, beside its slot since few tasks have one.
pub(crate) struct Name(AtomicPtr<Box<str>>);

// SAFETY: a null pointer; dropping the cell does not drop the name.
unsafe impl Zeroed for Name {}

impl Name {
    fn set(&self, name: &str) {
        self.0.store(
            Box::into_raw(Box::new(Box::from(cut(name, MAX_NAME)))),
            Relaxed,
        );
    }

    /// By whoever the slot can't be taken away from (rule 4 of [`word`](crate::word)).
    pub(crate) fn get(&self) -> Option<&str> {
        // SAFETY: a pointer that is not null came from `set`, and goes only with the slot.
        unsafe { self.0.load(Acquire).as_ref() }.map(|name| &**name)
    }

    /// By the owner of a slot that is about to be freed.
    pub(crate) fn clear(&self) {
        if self.0.load(Relaxed).is_null() {
            return;
        }
        let name = self.0.swap(std::ptr::null_mut(), AcqRel);
        if !name.is_null() {
            // SAFETY: it came from `set`, and the swap gave it to nobody else.
            drop(unsafe { Box::from_raw(name) });
        }
    }
}

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

/// What the caller knows of the runtime that runs on this thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Root {
    /// Its number, from 1; 0 if not known.
    pub runtime: u16,
    /// Whether a thread in its `block_on` does a worker's work.
    pub is_worker: bool,
}

/// Gets recording ready: starts the clock and takes the function that tells, from within a `block_on` or a worker, of
/// the runtime there, and how many ended tasks each thread may hand over before the first round of the harvester. Later
/// calls change nothing.
pub fn start(root: fn() -> Root, listings: u32) {
    RECORD.threads.listings.store(listings, Relaxed);
    let clock = crate::clock::start();
    let _ = RECORD.root.set(root);
    let within = DROP_FOLLOWS_WITHIN_NS as f64 / clock.ns_per_tick();
    RECORD.drop_follows_within.store(within as u64, Relaxed);
}

/// Says what this thread is for, until it ends.
pub fn set_role(role: Role) {
    if let Some(thread) = thread::current() {
        thread.role.store(role as u32, Relaxed);
    }
}

/// The number of a text, to describe a site with.
#[inline]
#[must_use]
pub fn text(text: &str) -> Text {
    RECORD.sites.text(text)
}

/// What this thread is for.
#[must_use]
pub fn role() -> Role {
    thread::current().map_or(Role::App, Thread::role)
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
    slot.traits.reset();
    if !spawn.name.is_empty()
        && let Some(name) = RECORD.names.get_or_make(index)
    {
        name.set(spawn.name);
    }
    slot.wakers.reset(slot.word.load().next_generation());
    let (generation, mark) = slot.word.open();
    if mark {
        RECORD.dirty.mark(index);
    }
    let id = id::task(index, generation);
    emit(thread, EventKind::Spawn, id, parent, || now);
    id
}

/// A task's span is entered: a poll starts, or its future is dropped.
#[inline]
pub fn enter(id: u64) {
    let Some(thread) = thread::current() else {
        return;
    };
    if id::kind(id) != Kind::Task {
        if thread.role() == Role::Trial {
            tried(thread, 1);
        }
        return;
    }
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
    let woken = slot.word.load().is_woken();
    let follows = own.last.entered.id == id && own.last.end == previous && is_recent(previous);
    // tokio polls no task without a wake (which a `block_on` does not tell). So this is the drop of a future that has just
    // returned, and needs no clock. In rare cases it is a poll, whose wake was recorded just before the poll before.
    let presumed_drop = follows && !woken && !slot.traits.is_block_on();
    let now = if presumed_drop { previous } else { ticks() };
    let delay = woken.then(|| now.saturating_sub(slot.first_wake.load(Relaxed).max(previous)));
    let delay_code = delay.map(code);
    slot.edges.change(1, || {
        slot.since.store(now, Relaxed);
        if let (Some(delay), Some(code)) = (delay, delay_code) {
            slot.scheduled
                .store(slot.scheduled.load(Relaxed) + delay, Relaxed);
            slot.samples()
                .add(Which::Delays, code, &RECORD.tables, &mut own.tables);
        }
    });
    if slot.word.start().mark {
        RECORD.dirty.mark(index);
    }
    own.push(Entered {
        id,
        follows,
        presumed_drop,
        panicking: std::thread::panicking(),
        delay_code,
    });
    thread.current.store(id, Relaxed);
    emit(thread, EventKind::PollStart, id, 0, || now);
}

/// A task's span is left.
#[inline]
pub fn exit(id: u64) {
    if id::kind(id) != Kind::Task {
        return;
    }
    let Some(thread) = thread::current() else {
        return;
    };
    let Some(slot) = RECORD.slots.get(id::index(id)) else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let Some(entered) = own.pop(id) else { return };
    let now = ticks();
    let start = slot.since.load(Relaxed);
    let took = now.saturating_sub(start);
    let poll_code = (!entered.presumed_drop).then(|| code(took));
    slot.edges.change(1, || {
        slot.since.store(now, Relaxed);
        slot.busy.store(slot.busy.load(Relaxed) + took, Relaxed);
        if let Some(code) = poll_code {
            slot.samples()
                .add(Which::Polls, code, &RECORD.tables, &mut own.tables);
        }
    });
    if std::thread::panicking() && !entered.panicking {
        slot.traits.set_panicked();
    }
    thread.current.store(own.top(), Relaxed);
    if own.depth() == 0 && thread.worker.load(Relaxed) != 0 {
        thread
            .worker_busy
            .store(thread.worker_busy.load(Relaxed) + took, Relaxed);
    }
    own.last = LastExit {
        entered,
        start,
        end: now,
        poll_code,
    };
    emit(thread, EventKind::PollEnd, id, 0, || now);
}

/// A task's span is let go of. `true` if that was the last hold, which is when the task ends.
#[inline]
pub fn close(id: u64) -> bool {
    let index = id::index(id);
    let Some(slot) = RECORD
        .slots
        .get(index)
        .filter(|_| id::kind(id) == Kind::Task)
    else {
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
        .filter(|last| last.entered.id == id);
    let outcome = outcome(slot, last);
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
            if let Some(code) = last.poll_code {
                slot.samples().remove(Which::Polls, code, &RECORD.tables);
            }
            if let Some(code) = last.entered.delay_code {
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
        Ended::Freed => {
            let (Some(thread), Some(fold), Some(own)) = (thread, fold, own.as_mut()) else {
                return true;
            };
            let add = |to: &AtomicU64, n: u64| to.store(to.load(Relaxed) + n, Relaxed);
            add(&fold.ended[outcome as usize - 1], 1);
            add(&fold.polls, polls(slot, slot.edges.count()));
            add(&fold.busy, slot.busy.load(Relaxed));
            add(&fold.scheduled, slot.scheduled.load(Relaxed));
            add(&fold.wakes, slot.word.load().wakes());
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
    if id::kind(id) == Kind::Task
        && let Some(slot) = RECORD.slots.get(id::index(id))
    {
        slot.traits.cloned();
    }
}

/// A task is woken, by a waker that is used up if `by_value`.
#[inline]
pub fn wake(id: u64, by_value: bool) {
    let thread = thread::current();
    if id::kind(id) != Kind::Task {
        return trial_only(thread, 2);
    }
    let index = id::index(id);
    let Some(slot) = RECORD.slots.get(index) else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    let by = thread.map_or(0, |thread| unsafe { thread.own() }.top());
    let generation = id::generation(id);
    let woke = slot.word.wake(generation, || {
        // Who wakes itself waits from the end of its poll on, whatever the clock says now.
        slot.first_wake
            .store(if by == id { 0 } else { ticks() }, Relaxed);
    });
    match woke {
        Woke::Stale => return,
        Woke::Counted { mark: true, .. } => RECORD.dirty.mark(index),
        Woke::Counted { .. } => {}
    }
    slot.last_waker
        .store(if by == 0 { NO_TASK } else { by }, Relaxed);
    if by == id {
        slot.self_wakes
            .store(slot.self_wakes.load(Relaxed).wrapping_add(1), Relaxed);
    }
    if by_value {
        slot.wakers.count(generation, false);
    }
    if let Some(thread) = thread {
        emit(thread, EventKind::Wake, id, by, ticks);
    }
}

/// A task's waker is cloned.
#[inline]
pub fn waker_clone(id: u64) {
    let thread = thread::current();
    if id::kind(id) != Kind::Task {
        return trial_only(thread, 3);
    }
    count_waker(thread, id, true);
    if let Some(thread) = thread {
        thread
            .clones
            .store(thread.clones.load(Relaxed) + 1, Relaxed);
    }
}

/// A clone of a task's waker is dropped.
#[inline]
pub fn waker_drop(id: u64) {
    if id::kind(id) == Kind::Task {
        count_waker(thread::current(), id, false);
    }
}

#[inline(always)]
fn count_waker(thread: Option<&Thread>, id: u64, up: bool) {
    let index = id::index(id);
    let Some(slot) = RECORD.slots.get(index) else {
        return;
    };
    slot.wakers.count(id::generation(id), up);
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    let by = thread.map_or(0, |thread| unsafe { thread.own() }.top());
    // A task in a poll is visited once that is over (rule 3 of `word`). Elsewhere nothing but this may bring the
    // harvester here: the last waker of a task can go without a wake.
    if by != id && slot.word.touch(id::generation(id)) {
        RECORD.dirty.mark(index);
    }
}

/// This thread begins to work for a multi-threaded runtime.
#[cold]
pub fn enter_worker() {
    let Some(thread) = thread::current() else {
        return;
    };
    let root = RECORD.root.get().map(|root| root()).unwrap_or_default();
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    unsafe { thread.own() }.runtime = Some(root.runtime);
    thread.worker.store(1, Relaxed);
}

/// This thread has ended its work for a multi-threaded runtime.
#[cold]
pub fn exit_worker() {
    if let Some(thread) = thread::current() {
        thread.worker.store(0, Relaxed);
    }
}

/// Polls of a slot's task, given the edges that were read.
pub(crate) fn polls(slot: &Slot, edges: u64) -> u64 {
    (edges / 2).saturating_sub(if slot.traits.drop_was_counted() { 2 } else { 0 })
}

impl Record {
    /// What an ending thread has in hand.
    pub(crate) fn give_back(&self, own: &mut Own) {
        own.slots.empty(&self.slots);
        own.tables.empty(&self.tables);
    }
}

/// The first poll tells the task's runtime; that of a `block_on` also tells the thread's.
#[inline]
fn first_poll(thread: &Thread, slot: &Slot) {
    // SAFETY: this thread's own; the reference is gone before the runtime is asked.
    let unknown = unsafe { thread.own() }.runtime.is_none();
    let kind = RECORD
        .sites
        .get(slot.site.load(Relaxed))
        .map(|site| site.kind);
    let is_block_on = kind == Some(SpawnKind::BlockOn);
    if is_block_on {
        slot.traits.set_block_on();
    }
    if is_block_on || unknown {
        ask_runtime(thread, slot, is_block_on);
    }
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    slot.traits
        .set_runtime(unsafe { thread.own() }.runtime.unwrap_or(0));
}

#[cold]
fn ask_runtime(thread: &Thread, slot: &Slot, is_root: bool) {
    let Some(root) = RECORD.root.get().map(|root| root()) else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    unsafe { thread.own() }.runtime = Some(root.runtime);
    if is_root && root.is_worker {
        slot.traits.set_root();
        thread.worker.store(1, Relaxed);
    }
}

/// How the task of this slot ended, of which `last` was the drop of its future.
fn outcome(slot: &Slot, last: Option<LastExit>) -> Outcome {
    if slot.traits.has_panicked() {
        return Outcome::Panicked;
    }
    // tokio drops a future that has returned right away, on the same thread, before it polls anything else.
    let polled = slot.edges.count() / 2 > 1;
    let returned = last.is_some_and(|last| last.entered.follows);
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

/// One relaxed load while nobody listens.
#[inline(always)]
fn emit(thread: &Thread, kind: EventKind, task: u64, other: u64, at: impl FnOnce() -> u64) {
    if RECORD.listening.load(Relaxed) {
        publish(
            thread,
            Event {
                kind,
                at: at(),
                task,
                other,
            },
        );
    }
}

#[cold]
fn publish(thread: &Thread, event: Event) {
    match thread.ring() {
        Some(ring) => ring.push(event),
        None => thread
            .unringed
            .store(thread.unringed.load(Relaxed) + 1, Relaxed),
    }
}

#[cold]
fn tried(thread: &Thread, what: usize) -> u64 {
    if let Some(count) = thread.trial.get(what) {
        count.store(count.load(Relaxed) + 1, Relaxed);
    }
    IGNORED
}

#[cold]
fn trial_only(thread: Option<&Thread>, what: usize) {
    if let Some(thread) = thread.filter(|thread| thread.role() == Role::Trial) {
        tried(thread, what);
    }
}
