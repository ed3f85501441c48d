//! What happens to resources: they are made, asked for, taken, given back. A uncontended lock comes by here about a dozen
//! times, so what it needs is short, and everything else is told apart early.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use super::{RECORD, trial_only, tried};
use crate::clock::ticks;
use crate::holder::{Released, Tag};
use crate::id::{self, IGNORED};
use crate::resource::{
    Access, DOUBT_MOVED, DOUBT_PARTIAL, Op, Resource, ResourceType, WRITTEN_LAST,
};
use crate::shares::Shares;
use crate::site::SpawnSite;
use crate::thread::inner::{LastGivenBack, Pending};
use crate::thread::{self, Own, Role, Thread};

/// Counts of a trial: see [`Thread::trial`].
const LOCKS: usize = 4;
const PERMITS: usize = 5;

/// A resource is made. Gives its id, or [`IGNORED`].
pub fn resource(kind: ResourceType, site: &SpawnSite) -> u64 {
    let Some(thread) = thread::current() else {
        return IGNORED;
    };
    match thread.role() {
        Role::App => {}
        Role::Ours => return IGNORED,
        Role::Trial => return tried(thread, LOCKS),
    }
    let site = if *site == SpawnSite::default() {
        0
    } else {
        RECORD.sites.intern(site)
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    open_resource(unsafe { thread.own() }, kind, site).unwrap_or(IGNORED)
}

fn open_resource(own: &mut Own, kind: ResourceType, site: u32) -> Option<u64> {
    let index = own.inner.resources.take(&RECORD.resources)?;
    let slot = RECORD.resources.get(index)?;
    let mut shares = 0;
    if kind.is_shared()
        && let Some(at) = own.inner.shares.take(&RECORD.shares)
        && let Some(fresh) = RECORD.shares.get(at)
    {
        fresh.reset();
        shares = at + 1;
    }
    slot.site.store(site, Relaxed);
    slot.created.store(ticks(), Relaxed);
    slot.creator.store(own.top(), Relaxed);
    let id = slot.open(index, kind, shares);
    // Most channels for one message are never waited for, or not for long: they are told when they are.
    if kind != ResourceType::Oneshot {
        changed(slot, index);
    }
    Some(id)
}

/// A semaphore is made that is a part of something: of the lock in whose span this happens, or of a channel.
pub fn inner_resource() -> u64 {
    let Some(thread) = thread::current() else {
        return IGNORED;
    };
    match thread.role() {
        Role::App => {}
        Role::Ours => return IGNORED,
        Role::Trial => return tried(thread, PERMITS),
    }
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    let outer = own.inner.top();
    if id::is_resource(outer) {
        return id::inner(outer);
    }
    open_resource(own, ResourceType::Mpsc, 0).unwrap_or(IGNORED)
}

/// An operation on the resource in whose span this happens is made. Gives its id, or [`IGNORED`].
#[inline]
pub fn op(access: Access) -> u64 {
    let Some(thread) = thread::current() else {
        return IGNORED;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    settle(own);
    let resource = own.inner.top();
    if !id::is_resource(resource) {
        return IGNORED;
    }
    open_op(own, resource, access).unwrap_or(IGNORED)
}

/// An operation on the semaphore in whose span this happens is made: a part of the operation on the lock around it, or one
/// on a channel.
#[inline]
pub fn inner_op() -> u64 {
    let Some(thread) = thread::current() else {
        return IGNORED;
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let own = unsafe { thread.own() };
    settle(own);
    let resource = own.inner.top();
    if !id::is_resource(resource) {
        return IGNORED;
    }
    let outer = own.inner.op();
    if let Some(op) = find_op(outer)
        && op.resource.load(Relaxed) == resource
    {
        return id::inner(outer);
    }
    open_op(own, resource, Access::Permits).unwrap_or(IGNORED)
}

#[inline(always)]
fn open_op(own: &mut Own, resource: u64, access: Access) -> Option<u64> {
    let index = own.inner.ops.take(&RECORD.ops)?;
    Some(RECORD.ops.get(index)?.open(index, resource, access))
}

/// The span of a resource or of an operation is entered.
#[inline]
pub fn enter_inner(id: u64) {
    if let Some(thread) = thread::current() {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        unsafe { thread.own() }.inner.push(id);
    }
}

/// It is left.
#[inline]
pub fn exit_inner(id: u64) {
    if let Some(thread) = thread::current() {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        unsafe { thread.own() }.inner.pop(id);
    }
}

/// One more holder of the span of a resource or of an operation. The inner ones live within the outer ones.
#[inline]
pub fn clone_inner(id: u64) {
    if id::is_resource(id) {
        if let Some(resource) = RECORD.resources.get(id::index(id)) {
            resource.cloned();
        }
    } else if id::is_op(id)
        && let Some(op) = RECORD.ops.get(id::index(id))
    {
        op.cloned();
    }
}

/// The span of a resource is let go of. `true` if that was the last hold.
#[inline]
pub fn close_resource(id: u64) -> bool {
    let index = id::index(id);
    let Some(slot) = RECORD.resources.get(index) else {
        return true;
    };
    if !slot.let_go() {
        return false;
    }
    free_resource(slot, index);
    true
}

#[inline(never)]
fn free_resource(slot: &Resource, index: u32) {
    let told = slot.kind() != ResourceType::Oneshot || slot.waits.load(Relaxed) > 0;
    let shares = slot.shares.load(Relaxed).checked_sub(1);
    if told {
        changed(slot, index);
    }
    let Some(thread) = thread::current() else {
        if let Some(shares) = shares {
            RECORD.shares.give(&[shares]);
        }
        return RECORD.resources.give(&[index]);
    };
    // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
    let inner = unsafe { &mut thread.own().inner };
    if let Some(shares) = shares {
        inner.shares.give(&RECORD.shares, shares);
    }
    inner.resources.give(&RECORD.resources, index);
}

/// The span of an operation is let go of. `true` if that was the last hold.
#[inline]
pub fn close_op(id: u64) -> bool {
    let index = id::index(id);
    let Some(op) = RECORD.ops.get(index) else {
        return true;
    };
    let thread = thread::current();
    if op.waits() && op.is_last() {
        give_up(thread, op, index);
    }
    if !op.let_go() {
        return false;
    }
    match thread {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        Some(thread) => unsafe { thread.own() }.inner.ops.give(&RECORD.ops, index),
        None => RECORD.ops.give(&[index]),
    }
    true
}

/// A wait was given up: its future is dropped. What it had been given it has given back just before.
#[cold]
fn give_up(thread: Option<&'static Thread>, op: &Op, index: u32) {
    let resource = op.resource.load(Relaxed);
    let Some((slot, at)) = find_resource(resource) else {
        return;
    };
    if let Some(thread) = thread {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        let own = unsafe { thread.own() };
        let mut given = u64::from(op.given.load(Relaxed));
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

/// Whether what happens here happens to the semaphore within an operation on a lock, which the lock will tell too.
#[inline]
#[must_use]
pub fn is_inner() -> bool {
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    thread::current().is_some_and(|thread| unsafe { thread.own() }.inner.is_top_twice())
}

/// Whether this happens in the span of an operation: so a semaphore tells what it gives to one that queues. Elsewhere it
/// tells that the operation that is being polled got all it wants at once, which is noted.
#[inline]
#[must_use]
pub fn is_given_in_queue() -> bool {
    let Some(thread) = thread::current() else {
        return false;
    };
    // SAFETY: this thread's own, and nothing foreign runs while the reference lives.
    let inner = unsafe { &mut thread.own().inner };
    let in_queue = id::is_op(inner.top());
    inner.at_once |= !in_queue;
    in_queue
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
    let at_once = std::mem::take(&mut own.inner.at_once);
    if is_ready {
        served(own, id, op, inner, at_once);
    } else {
        waits(own, id, op, at_once);
    }
}

#[inline(always)]
fn served(own: &mut Own, id: u64, op: &Op, inner: bool, at_once: bool) {
    let Some((slot, at)) = find_resource(op.resource.load(Relaxed)) else {
        return;
    };
    let kind = slot.kind();
    if kind == ResourceType::Semaphore && !at_once && op.given.load(Relaxed) < op.want.load(Relaxed)
    {
        // The semaphore was closed. What is ready is an error, and what was given in part goes back when the operation
        // is dropped, which happens now: as with a wait that is given up.
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
    let want = op.want.load(Relaxed);
    // The semaphore says it twice.
    if inner && want == 0 {
        return;
    }
    op.want.store(0, Relaxed);
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
fn waits(own: &mut Own, id: u64, op: &Op, at_once: bool) {
    let now = ticks();
    let Some((slot, at)) = find_resource(op.resource.load(Relaxed)) else {
        return;
    };
    if op.order.load(Relaxed) == 0 {
        op.order.store(next_order(), Relaxed);
    }
    op.task.store(own.top(), Relaxed);
    op.polled.store(now, Relaxed);
    op.timed.store(own.inner.timer.into(), Relaxed);
    own.inner.polled_in_vain(id);
    if op.waits() {
        op.granted.swap(0, SeqCst);
    } else {
        slot.waits.fetch_add(1, SeqCst);
        changed(slot, at);
        op.granted.store(0, Relaxed);
        op.since.swap(now.max(1), SeqCst);
    }
    if at_once
        && slot.kind() == ResourceType::Semaphore
        && let Some(shares) = shares(slot)
    {
        // It has all it wants, but its task has had its share of the worker's time and comes back for it.
        op.given.store(op.want.load(Relaxed), Relaxed);
        shares.outstanding.fetch_add(1, Relaxed);
        op.granted.swap(now.max(1), SeqCst);
    }
    op_changed(op, id::index(id));
}

/// Places in queues: one sequence for all of them.
fn next_order() -> u64 {
    RECORD.orders.fetch_add(1, Relaxed) + 1
}

/// An operation knows by now what it was given.
#[inline(always)]
fn take_note(op: &Op, slot: &Resource) {
    if op.given.load(Relaxed) > 0
        && op.given.swap(0, Relaxed) > 0
        && let Some(shares) = shares(slot)
    {
        shares.outstanding.fetch_sub(1, Relaxed);
    }
}

/// A wait is over.
#[cold]
fn end_wait(op: &Op, index: u32, slot: &Resource, at: u32) {
    let waited = ticks().saturating_sub(op.since.load(Relaxed));
    slot.waited.fetch_add(waited, Relaxed);
    slot.longest_wait.fetch_max(waited, SeqCst);
    changed(slot, at);
    take_note(op, slot);
    op.granted.store(0, Relaxed);
    op.order.store(0, Relaxed);
    op.since.swap(0, SeqCst);
    op_changed(op, index);
}

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
        slot.acquired
            .store(slot.acquired.load(Relaxed) + 1, Relaxed);
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
fn settle_one(own: &mut Own, pending: Pending) {
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

fn released(own: &mut Own, id: u64, slot: &Resource, at: u32, shares: &Shares, n: u64) {
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

/// The operation in whose span this happens asks for `n` permits.
#[inline]
pub fn requested(n: u64) {
    if let Some(thread) = thread::current() {
        // SAFETY: this thread's own, and nothing foreign runs until the end of this function.
        let own = unsafe { thread.own() };
        match find_op(own.inner.top()) {
            Some(op) => op.want.store(u32::try_from(n).unwrap_or(u32::MAX), Relaxed),
            None => trial_only(Some(thread), PERMITS),
        }
    }
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
    let Some(op) = find_op(id) else {
        own.inner.at_once = true;
        return;
    };
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    let before = op.given.load(Relaxed);
    let given = before.saturating_add(n);
    op.given.store(given, Relaxed);
    if before == 0
        && given > 0
        && let Some((slot, _)) = find_resource(op.resource.load(Relaxed))
        && let Some(shares) = shares(slot)
    {
        shares.outstanding.fetch_add(1, Relaxed);
    }
    if own.inner.is_top_twice() {
        // Told with the queue locked, so this is the order of service.
        if op.order.load(Relaxed) == 0 {
            op.order.store(next_order(), Relaxed);
        }
        return;
    }
    handed_over(own, id, op, given, n.into());
}

#[cold]
fn handed_over(own: &mut Own, id: u64, op: &Op, given: u32, n: u64) {
    if given >= op.want.load(Relaxed) {
        op.granted.swap(ticks().max(1), SeqCst);
    }
    op_changed(op, id::index(id));
    let resource = op.resource.load(Relaxed);
    if n > 0
        && let Some((slot, at)) = find_resource(resource)
        && let Some(shares) = shares(slot)
    {
        released(own, resource, slot, at, shares, n);
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
            op.timed.swap(1, SeqCst);
            op_changed(op, id::index(*id));
        }
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
