//! What happens to resources: they are made, asked for, taken, given back. An uncontended lock comes by here about a dozen
//! times, so what it needs is short, and everything else is told apart early.

mod holds;
mod spans;
mod waits;

use std::sync::atomic::Ordering::Relaxed;

use super::RECORD;
use crate::clock::ticks;
use crate::id;
use crate::resource::{Op, Resource};
use crate::shares::Shares;

pub(crate) use self::holds::{cancelled, settle};
pub use self::holds::{counts_permits, locked, permits_added, permits_made, readers};
pub use self::spans::{
    clone_inner, close_op, close_resource, enter_inner, exit_inner, inner_op, inner_resource, op,
    resource,
};
pub use self::waits::{is_inner, obtained, obtains, polled, requested, requests, timer_pending};

/// Counts of a trial: see [`Thread::trial`](crate::thread::Thread::trial).
const LOCKS: usize = 4;

const PERMITS: usize = 5;

/// When the task's present poll began, at least as far as the harvester's last round tells, and its edges then. A hold is
/// timed by these: within a poll nobody waits for less, and the clock costs as much as all the rest.
#[inline(always)]
fn poll_of(task: u64) -> (u64, u32) {
    if task == 0 {
        return (ticks(), 0);
    }
    RECORD.slots.get(id::index(task)).map_or((0, 0), |slot| {
        let since = slot.since.load(Relaxed).max(RECORD.latest.load(Relaxed));
        (since, slot.edges.count() as u32)
    })
}

#[inline(always)]
fn find_op(id: u64) -> Option<&'static Op> {
    if !id::is_op(id) {
        return None;
    }
    RECORD.ops.get(id::index(id))
}

#[inline(always)]
fn find_resource(id: u64) -> Option<(&'static Resource, u32)> {
    if !id::is_resource(id) {
        return None;
    }
    let index = id::index(id);
    RECORD.resources.get(index).map(|slot| (slot, index))
}

#[inline(always)]
pub(crate) fn shares(slot: &Resource) -> Option<&'static Shares> {
    RECORD.shares.get(slot.shares.load(Relaxed).checked_sub(1)?)
}

#[inline(always)]
fn changed(slot: &Resource, index: u32) {
    if slot.mark.set() {
        RECORD.dirty_resources.mark(index);
    }
}

fn op_changed(op: &Op, index: u32) {
    if op.mark.set() {
        RECORD.dirty_ops.mark(index);
    }
}
