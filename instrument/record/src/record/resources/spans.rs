//! The spans of resources and of operations: made, entered, left, let go of.

use std::sync::atomic::Ordering::Relaxed;

use super::super::{RECORD, tried};
use super::holds::settle;
use super::waits::give_up;
use super::{LOCKS, PERMITS, changed, find_op};
use crate::clock::ticks;
use crate::id::{self, IGNORED};
use crate::resource::{Access, Resource, ResourceType};
use crate::site::SpawnSite;
use crate::thread::{self, Own, Role};

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
    if RECORD.capture.get().is_some()
        && matches!(kind, ResourceType::Mutex | ResourceType::RwLock)
        && let Some(taken) = RECORD.taken.get_or_make(index)
    {
        taken.put(0, 0);
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
