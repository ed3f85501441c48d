//! What happens to wakers.

use std::sync::atomic::Ordering::Relaxed;

use super::{RECORD, emit, stack_here, trial_only};
use crate::clock::ticks;
use crate::id;
use crate::ring::EventKind;
use crate::slot::NO_TASK;
use crate::thread::{self, Own, Thread};
use crate::word::Woke;

/// A task is woken, by a waker that is used up if `by_value`.
#[inline]
pub fn wake(id: u64, by_value: bool) {
    let thread = thread::current();
    if !id::is_task(id) {
        return trial_only(thread, 2);
    }
    let index = id::index(id);
    let Some(slot) = RECORD.slots.get(index) else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let mut own = thread.map(|thread| unsafe { thread.own() });
    let by = own.as_ref().map_or(0, |own| own.top());
    let generation = id::generation(id);
    let mut now = 0;
    let woke = slot.word.wake(generation, || {
        // Who wakes itself waits from the end of its poll on, whatever the clock says now.
        now = if by == id { 0 } else { ticks() };
        slot.first_wake.store(now, Relaxed);
    });
    let Woke::Counted { first, mark } = woke else {
        return;
    };
    if mark {
        RECORD.dirty.mark(index);
    }
    if let (Some(thread), Some(own)) = (thread, own.as_mut()) {
        match first {
            true if own.depth() > 0 => own.next.wakes(id, now),
            true if thread.worker.load(Relaxed) != 0 => own.next.woken_by_worker(id, now),
            _ => own.next.clear(),
        }
    }
    slot.last_waker
        .store(if by == 0 { NO_TASK } else { by }, Relaxed);
    if by == id {
        slot.self_wakes
            .store(slot.self_wakes.load(Relaxed).wrapping_add(1), Relaxed);
    }
    if by_value {
        slot.count_waker(generation, by == id, false);
    }
    if let Some(thread) = thread {
        emit(thread, EventKind::Wake, id, by, ticks);
    }
}

/// A task's waker is cloned.
#[inline]
pub fn waker_clone(id: u64) {
    let thread = thread::current();
    if !id::is_task(id) {
        return trial_only(thread, 3);
    }
    count_waker(thread, id, true);
    if let Some(thread) = thread {
        // SAFETY: this thread's own; what catches stacks calls nothing of this crate.
        leave_waker(unsafe { thread.own() }, id);
        thread
            .clones
            .store(thread.clones.load(Relaxed) + 1, Relaxed);
    }
}

/// Keeps where the task leaves its waker, if it does so in its own poll and not for an operation, which keeps its own.
#[inline(always)]
fn leave_waker(own: &Own, id: u64) {
    if own.top() != id || RECORD.capture.get().is_none() || id::is_op(own.inner.top()) {
        return;
    }
    let index = id::index(id);
    if let (Some(slot), Some(leaves)) = (RECORD.slots.get(index), RECORD.leaves.get(index)) {
        let stack = stack_here(own);
        if stack != 0 {
            // The clone that is being made is counted.
            leaves.push(stack, slot.poll_number(), slot.wakers());
        }
    }
}

/// A clone of a task's waker is dropped.
#[inline]
pub fn waker_drop(id: u64) {
    if id::is_task(id) {
        count_waker(thread::current(), id, false);
    }
}

#[inline(always)]
fn count_waker(thread: Option<&Thread>, id: u64, up: bool) {
    let index = id::index(id);
    let Some(slot) = RECORD.slots.get(index) else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    let by = thread.map_or(0, |thread| unsafe { thread.own() }.top());
    slot.count_waker(id::generation(id), by == id, up);
    // A task in a poll is visited once that is over (rule 3 of `word`). Elsewhere nothing but this may bring the
    // harvester here: the last waker of a task can go without a wake.
    if by != id && slot.word.touch(id::generation(id)) {
        RECORD.dirty.mark(index);
    }
}
