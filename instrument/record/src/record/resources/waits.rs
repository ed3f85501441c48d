//! Operations on resources: polled in vain, served, handed what they asked for, given up.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use super::super::{RECORD, stack_here, trial_only};
use super::holds::{released, settle, settle_one};
use super::{PERMITS, changed, find_op, find_resource, op_changed, poll_of, shares};
use crate::clock::ticks;
use crate::holder::Tag;
use crate::id;
use crate::resource::{Op, Resource, ResourceType};
use crate::thread::{self, Own, Thread};

/// Whether what happens here happens to the semaphore within an operation on a lock, which the lock will tell too.
#[inline]
#[must_use]
pub fn is_inner() -> bool {
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    thread::current().is_some_and(|thread| unsafe { thread.own() }.inner.is_top_twice())
}

/// The operation in whose span this happens was polled. `inner`: so says the semaphore within it.
#[inline]
pub fn polled(is_ready: bool, inner: bool) {
    let Some(thread) = thread::current() else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let id = own.inner.top();
    let Some(op) = find_op(id) else { return };
    if inner && own.inner.is_top_twice() {
        return;
    }
    if is_ready {
        served(own, id, op, inner);
    } else {
        waits(own, id, op);
    }
}

#[inline(always)]
fn served(own: &mut Own, id: u64, op: &Op, inner: bool) {
    let Some((slot, at)) = find_resource(op.resource.load(Relaxed)) else {
        return;
    };
    let kind = slot.kind();
    let want = op.grant.wanted();
    if kind == ResourceType::Semaphore && want > 0 && !own.inner.is_told(id) {
        // A poll that has its permits tells so, even if it was handed them all before. So the semaphore was closed, and what
        // is ready is an error. What was given before goes back when the operation is dropped, which happens now: as with a
        // wait that is given up.
        return;
    }
    if op.waits() {
        end_wait(op, id::index(id), slot, at);
    }
    // Locks tell it themselves, and of those too that were taken without an operation.
    if matches!(kind, ResourceType::Mutex | ResourceType::RwLock) {
        return;
    }
    take_note(op, slot);
    // The semaphore says it twice.
    if inner && want == 0 {
        return;
    }
    op.grant.ask(0);
    slot.acquired.fetch_add(1, SeqCst);
    if kind == ResourceType::Semaphore
        && want > 0
        && let Some(shares) = shares(slot)
    {
        let task = own.top();
        let (since, edges) = poll_of(task);
        shares.add(Tag::of(task), want.into(), since, edges);
    }
    if kind != ResourceType::Oneshot {
        changed(slot, at);
    }
}

#[cold]
fn waits(own: &mut Own, id: u64, op: &Op) {
    let now = ticks();
    let Some((slot, at)) = find_resource(op.resource.load(Relaxed)) else {
        return;
    };
    // It can have been given all in this very poll, and yet not be done: the task has to let others go first. That is no
    // wait for anybody, and it has no place in the queue.
    let has_all = own.inner.is_told(id);
    if has_all {
        op.grant.left_for_later(now.max(1));
    } else if op.order.load(Relaxed) == 0 {
        op.order.store(next_order(), Relaxed);
    }
    op.task.store(own.top(), Relaxed);
    op.grant.polled_in_vain(own.inner.timer);
    own.inner.polled_in_vain(id);
    if op.stack.load(Relaxed) == 0 {
        op.stack.store(stack_here(own), Relaxed);
    }
    count_given(op, slot);
    if op.waits() {
        op.polled.swap(now, SeqCst);
    } else {
        if !has_all {
            slot.waits.fetch_add(1, SeqCst);
            changed(slot, at);
        }
        op.polled.store(now, Relaxed);
        op.since.swap(now.max(1), SeqCst);
    }
    op_changed(op, id::index(id));
}

/// Whether it has to be read how many permits the operation in whose span this happens asks for; of a `Mutex` there is one.
#[inline]
#[must_use]
pub fn requests() -> bool {
    let Some(thread) = thread::current() else {
        return false;
    };
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    let top = unsafe { thread.own() }.inner.top();
    if let Some(op) = find_op(top)
        && let Some((slot, _)) = find_resource(op.resource.load(Relaxed))
        && slot.kind() == ResourceType::Mutex
    {
        op.grant.ask(1);
        return false;
    }
    true
}

/// The operation in whose span this happens asks for `n` permits.
#[inline]
pub fn requested(n: u64) {
    if let Some(thread) = thread::current() {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        let own = unsafe { thread.own() };
        match find_op(own.inner.top()) {
            Some(op) => op.grant.ask(u32::try_from(n).unwrap_or(u32::MAX)),
            None => trial_only(Some(thread), PERMITS),
        }
    }
}

/// Whether an operation that is given permits here is of interest: one that somebody else gives them to, or any on a
/// semaphore.
#[inline]
#[must_use]
pub fn obtains() -> bool {
    thread::current().is_some_and(|thread| {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        let own = unsafe { thread.own() };
        let top = own.inner.top();
        if id::is_op(top)
            || find_resource(top).is_some_and(|(slot, _)| slot.kind() == ResourceType::Semaphore)
        {
            return true;
        }
        // A poll that found the lock free.
        let id = own.inner.op();
        if let Some(op) = find_op(id) {
            op.grant.found(op.grant.wanted());
            own.inner.tell(id);
        }
        false
    })
}

/// The operation in whose span this happens was given `n` permits: by its own poll, or by whoever gave them back.
#[inline]
pub fn obtained(n: u64) {
    let Some(thread) = thread::current() else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let id = own.inner.top();
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    if id::is_resource(id) {
        // In a poll that found enough at once.
        let id = own.inner.op();
        if let Some(op) = find_op(id) {
            op.grant.found(n);
            own.inner.tell(id);
        }
        return;
    }
    let Some(op) = find_op(id) else { return };
    if own.inner.is_top_twice() {
        if op.grant.looked(n) {
            own.inner.tell(id);
        } else if op.order.load(Relaxed) == 0 {
            // Told with the queue locked, so this is the order of service.
            op.order.store(next_order(), Relaxed);
        }
        return;
    }
    handed_over(own, id, op, n);
}

#[cold]
fn handed_over(own: &mut Own, id: u64, op: &Op, n: u32) {
    op.grant.handed(n, ticks().max(1));
    op_changed(op, id::index(id));
    let resource = op.resource.load(Relaxed);
    if n > 0
        && let Some((slot, at)) = find_resource(resource)
        && let Some(shares) = shares(slot)
    {
        count_given(op, slot);
        released(own, resource, slot, at, shares, n.into());
    }
}

/// A timer was polled that is pending: what the task waits for it waits for with a time limit.
#[inline]
pub fn timer_pending() {
    let Some(thread) = thread::current() else {
        return;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    own.inner.timer = true;
    for id in own.inner.polled() {
        if let Some(op) = find_op(*id) {
            op.grant.set_timed();
            op_changed(op, id::index(*id));
        }
    }
}

/// A wait was given up: its future is dropped. What it had been given it has given back just before.
#[cold]
pub(super) fn give_up(thread: Option<&'static Thread>, op: &Op, index: u32) {
    let resource = op.resource.load(Relaxed);
    let Some((slot, at)) = find_resource(resource) else {
        return;
    };
    if let Some(thread) = thread {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        let own = unsafe { thread.own() };
        let mut given = u64::from(op.grant.given());
        while given > 0
            && let Some(mut pending) = own.inner.pop_pending()
        {
            if pending.resource == resource {
                let of_it = given.min(pending.n);
                given -= of_it;
                pending.n -= of_it;
            }
            settle_one(own, pending);
        }
        settle(own);
    }
    slot.abandoned.fetch_add(1, Relaxed);
    end_wait(op, index, slot, at);
}

/// A wait is over.
#[cold]
fn end_wait(op: &Op, index: u32, slot: &Resource, at: u32) {
    if op.order.load(Relaxed) != 0 {
        let waited = ticks().saturating_sub(op.since.load(Relaxed));
        slot.waited.fetch_add(waited, Relaxed);
        slot.longest_wait.fetch_max(waited, SeqCst);
    }
    changed(slot, at);
    take_note(op, slot);
    op.grant.forget();
    op.order.store(0, Relaxed);
    op.since.swap(0, SeqCst);
    op_changed(op, index);
}

/// An operation was given some and does not know it.
fn count_given(op: &Op, slot: &Resource) {
    if op.grant.count()
        && let Some(shares) = shares(slot)
    {
        shares.outstanding.fetch_add(1, Relaxed);
    }
}

/// An operation knows by now what it was given.
#[inline(always)]
fn take_note(op: &Op, slot: &Resource) {
    if op.grant.settle()
        && let Some(shares) = shares(slot)
    {
        shares.outstanding.fetch_sub(1, Relaxed);
    }
}

/// Places in queues: one sequence for all of them.
fn next_order() -> u64 {
    RECORD.orders.fetch_add(1, Relaxed) + 1
}
