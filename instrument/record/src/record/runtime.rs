//! Which runtime works on a thread, and whether the thread is one of its workers.

use std::sync::atomic::Ordering::Relaxed;

use super::RECORD;
use crate::slot::Slot;
use crate::thread::{self, Thread};

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

/// The first poll tells the task's runtime; that of a `block_on` also tells the thread's.
#[inline]
pub(super) fn first_poll(thread: &Thread, slot: &Slot) {
    // SAFETY: this thread's own; the reference is gone before the runtime is asked.
    let unknown = unsafe { thread.own() }.runtime.is_none();
    let is_block_on = slot.traits.is_block_on();
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
