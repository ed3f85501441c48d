//! Locks and permits: taken, and given back.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use super::super::{RECORD, stack_here, trial_only};
use super::{LOCKS, changed, find_op, find_resource, poll_of, shares};
use crate::clock::ticks;
use crate::holder::{Released, Tag};
use crate::resource::{DOUBT_MOVED, DOUBT_PARTIAL, Resource, ResourceType, WRITTEN_LAST};
use crate::shares::Shares;
use crate::taken::Taken;
use crate::thread::inner::{LastGivenBack, Pending};
use crate::thread::{self, Own};

/// The lock in whose span this happens was taken by one alone, or given back by it.
#[inline]
pub fn locked(is_locked: bool) {
    let Some(thread) = thread::current() else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let id = own.inner.top();
    let Some((slot, at)) = find_resource(id) else {
        return trial_only(Some(thread), LOCKS);
    };
    let task = own.top();
    let (since, edges) = poll_of(task);
    if is_locked {
        // One at a time: by now the one before has told, or is about to, that it is no more.
        let nth = slot.acquired.load(Relaxed) + 1;
        slot.acquired.store(nth, Relaxed);
        if Taken::is_wanted(nth, slot.waits.load(Relaxed)) {
            keep_stack(own, at, nth);
        }
        slot.since.store(since, Relaxed);
        slot.taken_in.store(edges, Relaxed);
        slot.holder.take(Tag::of(task));
        if slot.kind() == ResourceType::RwLock {
            slot.flags.fetch_or(WRITTEN_LAST, SeqCst);
        }
    } else {
        let taken_in = slot.taken_in.load(Relaxed);
        let held_since = slot.since.load(Relaxed);
        let released = slot.holder.release(Tag::of(task));
        match released {
            Released::Own if taken_in == edges && task != 0 => {}
            Released::Own => held_long(slot, held_since, task != 0),
            Released::Anothers => {
                slot.flags.fetch_or(DOUBT_MOVED, SeqCst);
                held_long(slot, held_since, true);
            }
            Released::Late => {}
            // Also told of a lock that was just made.
            Released::Unknown => return,
        }
        own.inner.last = LastGivenBack {
            resource: id,
            task,
            edges,
        };
    }
    changed(slot, at);
}

/// Keeps where the lock at this place was taken for the `nth` time.
#[cold]
fn keep_stack(own: &Own, at: u32, nth: u64) {
    if let Some(taken) = RECORD.taken.get(at) {
        taken.put(nth, stack_here(own));
    }
}

#[cold]
fn held_long(slot: &Resource, since: u64, across_await: bool) {
    slot.longest_hold
        .fetch_max(ticks().saturating_sub(since), Relaxed);
    if across_await {
        slot.across_awaits.fetch_add(1, Relaxed);
    }
}

/// `n` read guards of the lock in whose span this happens were taken, or given back.
#[inline]
pub fn readers(n: u64, is_more: bool) {
    let Some(thread) = thread::current() else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let id = own.inner.top();
    let Some((slot, at)) = find_resource(id) else {
        return;
    };
    let Some(shares) = shares(slot) else { return };
    if is_more {
        let task = own.top();
        let (since, edges) = poll_of(task);
        shares.add(Tag::of(task), n, since, edges);
        slot.acquired.fetch_add(1, Relaxed);
        if slot.flags.load(Relaxed) & WRITTEN_LAST != 0 {
            slot.flags.fetch_and(!WRITTEN_LAST, SeqCst);
        }
    } else {
        let task = own.top();
        give_back(slot, shares, task, n);
        own.inner.last = LastGivenBack {
            resource: id,
            task,
            edges: poll_of(task).1,
        };
    }
    changed(slot, at);
}

/// Whether this happens in the span of a semaphore or a channel, of which permits are counted.
#[inline]
#[must_use]
pub fn counts_permits() -> bool {
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    thread::current()
        .and_then(|thread| find_resource(unsafe { thread.own() }.inner.top()))
        .is_some_and(|(slot, _)| {
            matches!(slot.kind(), ResourceType::Semaphore | ResourceType::Mpsc)
        })
}

/// The semaphore in whose span this happens has `n` permits more that nobody waited for.
#[inline]
pub fn permits_added(n: u64) {
    with_semaphore(|own, id, slot, at, shares| released(own, id, slot, at, shares, n));
}

/// The semaphore in whose span this happens was made with `n` permits.
pub fn permits_made(n: u64) {
    with_semaphore(|_, _, slot, at, shares| {
        shares.capacity.store(n.saturating_add(1), Relaxed);
        changed(slot, at);
    });
}

#[inline(always)]
fn with_semaphore(then: impl FnOnce(&mut Own, u64, &Resource, u32, &Shares)) {
    let Some(thread) = thread::current() else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let id = own.inner.top();
    if let Some((slot, at)) = find_resource(id)
        && let Some(shares) = shares(slot)
    {
        then(own, id, slot, at, shares);
    }
}

/// Permits went back that somebody held, or that a wait which is given up had been given.
pub(super) fn released(own: &mut Own, id: u64, slot: &Resource, at: u32, shares: &Shares, n: u64) {
    // The poll of an operation takes what it lacks before it locks the queue. If it was handed the same meanwhile, it puts
    // that back at once: nobody ever held it.
    if find_op(own.inner.op_below()).is_some_and(|op| op.resource.load(Relaxed) == id) {
        return;
    }
    match slot.kind() {
        ResourceType::Semaphore => {
            let pending = Pending {
                resource: id,
                task: own.top(),
                n,
            };
            let unclear = shares.outstanding.load(Relaxed) > 0;
            if !(unclear && own.inner.push_pending(pending)) {
                settle_one(own, pending);
            }
            return;
        }
        // A message was received.
        ResourceType::Mpsc => {
            let by = own.top();
            if shares.served_by.load(Relaxed) == by {
                return;
            }
            shares.served_by.swap(by, SeqCst);
        }
        _ => return,
    }
    changed(slot, at);
}

fn give_back(slot: &Resource, shares: &Shares, task: u64, n: u64) {
    let tag = Tag::of(task);
    let (_, edges) = poll_of(task);
    let share = shares.listed().find(|share| share.tag == tag);
    let parts = shares.give_back(tag, n);
    if let Some(share) = share.filter(|share| share.edges != edges) {
        slot.longest_hold
            .fetch_max(ticks().saturating_sub(share.since), Relaxed);
    }
    let doubt = |doubt, so| if so { doubt } else { 0 };
    let doubts = doubt(DOUBT_MOVED, parts.others > 0) | doubt(DOUBT_PARTIAL, parts.missing > 0);
    if doubts != 0 {
        slot.flags.fetch_or(doubts, SeqCst);
    }
}

/// What was given back was held, since no wait was given up right after it.
#[inline(always)]
pub(crate) fn settle(own: &mut Own) {
    while own.inner.has_pending()
        && let Some(pending) = own.inner.pop_pending()
    {
        settle_one(own, pending);
    }
}

#[cold]
pub(super) fn settle_one(own: &mut Own, pending: Pending) {
    if pending.n > 0
        && let Some((slot, at)) = find_resource(pending.resource)
        && let Some(shares) = shares(slot)
    {
        give_back(slot, shares, pending.task, pending.n);
        own.inner.last = LastGivenBack {
            resource: pending.resource,
            task: pending.task,
            edges: poll_of(pending.task).1,
        };
        changed(slot, at);
    }
}

/// The future of a task was dropped before it was done, while it held something.
pub(crate) fn cancelled(own: &mut Own, task: u64, edges: u64) {
    let last = own.inner.last;
    // Given back in what was entered last: the drop of the future.
    if last.task != task || u64::from(last.edges.wrapping_add(1)) != edges & 0xffff_ffff {
        return;
    }
    if let Some((slot, at)) = find_resource(last.resource) {
        slot.last_cancelled.store(task, Relaxed);
        slot.cancelled.fetch_add(1, SeqCst);
        changed(slot, at);
    }
}
