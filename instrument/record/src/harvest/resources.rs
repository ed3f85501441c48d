//! Visits to resources and to those who wait for them.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use crate::holder::Tag;
use crate::id;
use crate::record::{RECORD, shares};
use crate::resource::{
    Access, DOUBT_MOVED, DOUBT_PARTIAL, Op, Resource, ResourceType, WRITTEN_LAST,
};
use crate::shares::LISTED;

/// What does not change about a resource.
#[derive(Clone, Copy, Debug)]
pub struct OriginReport {
    /// What it is.
    pub kind: ResourceType,
    /// Number of the place where it was made; see [`site`](crate::site).
    pub site: u32,
    /// When, in ticks.
    pub created: u64,
    /// The task that made it; 0 for none.
    pub creator: u64,
}

/// One holder.
#[derive(Clone, Copy, Debug)]
pub struct HoldReport {
    /// The task; 0 for none.
    pub task: u64,
    /// How it holds the resource.
    pub access: Access,
    /// How many parts.
    pub count: u64,
    /// Since when, in ticks: the start of the poll in which it took the first, to within 50 ms where that was a long one.
    pub since: u64,
    /// Polls of the task that have ended since, the one in which it took it included.
    pub awaits: u64,
    /// The number of the stack at which it took it; 0 if not known, and for shared ones.
    pub stack: u32,
}

/// A resource as the harvester found it. Times are in ticks.
#[derive(Clone, Debug)]
pub struct ResourceReport {
    /// Its id.
    pub id: u64,
    /// What does not change about it.
    pub origin: OriginReport,
    /// Who holds it, at most nine.
    pub holds: Vec<HoldReport>,
    /// Parts that are held by others.
    pub unlisted: u64,
    /// Permits with which it was made; `None` if not known.
    pub capacity: Option<u64>,
    /// The task that last received from a channel; 0 for none.
    pub served_by: u64,
    /// Guards move between tasks here.
    pub moved: bool,
    /// Permits were given back that nobody was seen to take.
    pub partial: bool,
    /// Times that it was taken.
    pub acquired: u64,
    /// Times that somebody had to wait, modulo 2^32.
    pub waits: u32,
    /// Waits that were given up, modulo 2^32.
    pub abandoned: u32,
    /// Time in waits that are over.
    pub waited: u64,
    /// The longest of them.
    pub longest_wait: u64,
    /// The longest time that it was held, by holders that kept it across an await.
    pub longest_hold: u64,
    /// Times that an exclusive guard was kept across an await, modulo 2^32.
    pub across_awaits: u32,
    /// Times that a task was dropped while it held this, modulo 2^32.
    pub cancelled: u32,
    /// The last such task; 0 for none.
    pub last_cancelled: u64,
}

/// Somebody who waits, as the harvester found it. Times are in ticks.
#[derive(Clone, Copy, Debug)]
pub struct WaitReport {
    /// Its id.
    pub id: u64,
    /// What it waits for.
    pub resource: u64,
    /// The task; 0 for none.
    pub task: u64,
    /// How it asks.
    pub access: Access,
    /// For how many parts; 0 if not known.
    pub count: u32,
    /// Since when.
    pub since: u64,
    /// When it was last polled in vain.
    pub polled: u64,
    /// Its place in the queue.
    pub order: u64,
    /// When it was given all that it asks for; 0 while it was not.
    pub granted: u64,
    /// Its task waits for a timer too.
    pub timed: bool,
    /// The number of the stack at which it was first polled in vain; 0 if not known.
    pub stack: u32,
}

/// What is new about resources.
#[derive(Clone, Debug)]
pub enum Shared {
    /// It is new, or it changed.
    Resource(Box<ResourceReport>),
    /// It is no more.
    ResourceGone(u64),
    /// It is new, or it changed.
    Wait(WaitReport),
    /// It is over.
    WaitOver(u64),
}

/// What the harvester remembers of resources.
#[derive(Debug, Default)]
pub(super) struct SharedVisits {
    touched: Vec<u32>,
    revisit: Vec<u32>,
    // Ids that were told, by slot.
    resources: Vec<u64>,
    waits: Vec<u64>,
}

impl SharedVisits {
    /// Reports each resource and each wait that changed since the last call.
    pub(super) fn visit(&mut self, report: &mut impl FnMut(Shared)) {
        RECORD
            .dirty_resources
            .drain(|index| self.touched.push(index));
        // Holds that had not outlasted their poll, to tell when they have.
        self.touched.append(&mut self.revisit);
        self.touched.sort_unstable();
        self.touched.dedup();
        for index in std::mem::take(&mut self.touched) {
            self.resource(index, report);
        }
        RECORD.dirty_ops.drain(|index| self.touched.push(index));
        for index in std::mem::take(&mut self.touched) {
            self.wait(index, report);
        }
    }

    fn resource(&mut self, index: u32, report: &mut impl FnMut(Shared)) {
        let Some(slot) = RECORD.resources.get(index) else {
            return;
        };
        slot.mark.take();
        let found = read_resource(slot);
        let now = found.as_ref().map_or(0, |found| found.id);
        if let Some(before) = tell(&mut self.resources, index, now) {
            report(Shared::ResourceGone(before));
        }
        if let Some(found) = found {
            if found
                .holds
                .iter()
                .any(|hold| hold.task != 0 && hold.awaits == 0)
            {
                self.revisit.push(index);
            }
            report(Shared::Resource(Box::new(found)));
        }
    }

    fn wait(&mut self, index: u32, report: &mut impl FnMut(Shared)) {
        let Some(op) = RECORD.ops.get(index) else {
            return;
        };
        op.mark.take();
        let found = read_wait(op);
        let now = found.map_or(0, |found| found.id);
        if let Some(before) = tell(&mut self.waits, index, now) {
            report(Shared::WaitOver(before));
        }
        if let Some(found) = found {
            // Some resources are told only when somebody waits for them.
            let at = id::index(found.resource);
            if self.resources.get(at as usize) != Some(&found.resource) {
                self.resource(at, report);
            }
            report(Shared::Wait(found));
        }
    }
}

/// A resource as it is now; `None` where there is none with this id.
#[must_use]
pub fn resource_now(id: u64) -> Option<ResourceReport> {
    if id::kind(id) != id::Kind::Resource {
        return None;
    }
    RECORD
        .resources
        .get(id::index(id))
        .and_then(read_resource)
        .filter(|report| report.id == id)
}

/// All resources as they are now, in no particular order. This looks at every slot, so it is for tests and reports.
#[must_use]
pub fn resources_now() -> Vec<ResourceReport> {
    (0..)
        .map_while(|index| RECORD.resources.get(index))
        .filter_map(read_resource)
        .collect()
}

/// Remembers what is told of a slot now; gives what was told of it before, if that was something else.
fn tell(told: &mut Vec<u64>, index: u32, now: u64) -> Option<u64> {
    let at = index as usize;
    if told.len() <= at {
        if now == 0 {
            return None;
        }
        told.resize(at + 1, 0);
    }
    let before = std::mem::replace(told.get_mut(at)?, now);
    (before != 0 && before != now).then_some(before)
}

/// `None` where there is none, or where it came or went in the midst of this, which brings another visit.
fn read_resource(slot: &Resource) -> Option<ResourceReport> {
    let id = slot.id();
    if id == 0 {
        return None;
    }
    let shares = shares(slot);
    let flags = slot.flags.load(SeqCst);
    let mut holds = Vec::new();
    let writer = slot.holder.load();
    if let Some(tag) = writer {
        let acquired = slot.acquired.load(Relaxed);
        let taken = RECORD.taken.get(id::index(id));
        let stack = taken.map_or(0, |taken| taken.get(acquired));
        let hold = hold(
            tag,
            Access::Exclusive,
            1,
            slot.since.load(Relaxed),
            slot.taken_in.load(Relaxed),
        );
        holds.push(HoldReport { stack, ..hold });
    }
    let kind = slot.kind();
    let access = if kind == ResourceType::RwLock {
        Access::Shared
    } else {
        Access::Permits
    };
    if let Some(shares) = shares {
        let listed = shares.listed().take(LISTED);
        holds.extend(
            listed.map(|share| hold(share.tag, access, share.count, share.since, share.edges)),
        );
    }
    let mut unlisted = shares.map_or(0, |shares| shares.unlisted());
    // Some of them have given it back by now, and are about to tell.
    if writer.is_some() && holds.len() > 1 {
        let written = flags & WRITTEN_LAST != 0;
        holds.retain(|hold| (hold.access == Access::Exclusive) == written);
        unlisted = if written { 0 } else { unlisted };
    }
    let report = ResourceReport {
        id,
        origin: OriginReport {
            kind,
            site: slot.site.load(Relaxed),
            created: slot.created.load(Relaxed),
            creator: slot.creator.load(Relaxed),
        },
        holds,
        unlisted,
        capacity: shares.and_then(|shares| shares.capacity.load(Relaxed).checked_sub(1)),
        served_by: shares.map_or(0, |shares| shares.served_by.load(Relaxed)),
        moved: flags & DOUBT_MOVED != 0,
        partial: flags & DOUBT_PARTIAL != 0,
        acquired: slot.acquired.load(Relaxed),
        waits: slot.waits.load(Relaxed),
        abandoned: slot.abandoned.load(Relaxed),
        waited: slot.waited.load(Relaxed),
        longest_wait: slot.longest_wait.load(Relaxed),
        longest_hold: slot.longest_hold.load(Relaxed),
        across_awaits: slot.across_awaits.load(Relaxed),
        cancelled: slot.cancelled.load(Relaxed),
        last_cancelled: slot.last_cancelled.load(Relaxed),
    };
    (slot.id() == id).then_some(report)
}

fn hold(tag: Tag, access: Access, count: u64, since: u64, taken_in: u32) -> HoldReport {
    let slot = tag.index().and_then(|index| RECORD.slots.get(index));
    let task = slot.map_or(0, |slot| tag.task(slot.word.load().generation()));
    // Odd while the poll lasts in which it was taken.
    let edges = slot.map_or(taken_in, |slot| slot.edges.count() as u32);
    HoldReport {
        task,
        access,
        count,
        since,
        awaits: u64::from(edges.wrapping_sub(taken_in).div_ceil(2)),
        stack: 0,
    }
}

fn read_wait(op: &Op) -> Option<WaitReport> {
    let id = op.id();
    let since = op.since.load(SeqCst);
    if id == 0 || since == 0 {
        return None;
    }
    let report = WaitReport {
        id,
        resource: op.resource.load(Relaxed),
        task: op.task.load(Relaxed),
        access: op.access(),
        count: op.grant.wanted(),
        since,
        polled: op.polled.load(Relaxed),
        order: op.order.load(Relaxed),
        granted: op.grant.granted(),
        timed: op.grant.is_timed(),
        stack: op.stack.load(Relaxed),
    };
    (op.id() == id).then_some(report)
}
