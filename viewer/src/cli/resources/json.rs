//! The JSON of `taskscope resources`. `schema/resources.v1.json` says what each field means.

use serde::{Serialize, Serializer};
use taskscope_model::{Hold, Holder, Resource, Wait, World};

use super::{Answer, Question};
use crate::cli::about::Target;
use crate::cli::refs::{PlaceRef, TaskRef, location};
use crate::cli::schema;
use crate::feed::Hello;
use crate::text::{Names, doubt, unseen};

/// Waits of one resource that are listed.
pub(super) const WAITING: usize = 100;

#[derive(Debug, Serialize)]
pub(super) struct Resources<'a> {
    schema: &'static str,
    target: Target<'a>,
    at_ns: u64,
    unseen: Vec<String>,
    filter: String,
    sort: String,
    total: usize,
    matching: usize,
    resources: Rows<'a>,
}

/// Resources that become rows one at a time: a million of them would fill the memory.
#[derive(Debug)]
struct Rows<'a> {
    world: &'a World,
    answer: &'a Answer<'a>,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.answer.rows.iter();
        serializer.collect_seq(rows.map(|resource| {
            let waiting = self.answer.queues.at(resource.id).waiting;
            Row::of(resource, waiting, self.world)
        }))
    }
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: String,
    kind: &'static str,
    location: Option<String>,
    created_at: Option<PlaceRef<'a>>,
    created_ns: u64,
    creator: Option<TaskRef<'a>>,
    state: String,
    free: Option<u64>,
    holders: Vec<HoldRow<'a>>,
    unlisted: u64,
    sureness: &'static str,
    doubt: Option<&'static str>,
    waiting_total: u64,
    waiting: Vec<WaitRow<'a>>,
    acquired: u64,
    waits: u64,
    abandoned: u64,
    waited_ns: u64,
    longest_wait_ns: u64,
    longest_hold_ns: u64,
    across_awaits: u64,
    cancelled: u64,
    last_cancelled: Option<TaskRef<'a>>,
    receiver: Option<TaskRef<'a>>,
}

#[derive(Debug, Serialize)]
struct HoldRow<'a> {
    task: Option<TaskRef<'a>>,
    mode: &'static str,
    permits: u64,
    since_ns: u64,
    held_for_ns: u64,
    polls_since: u8,
    ended: bool,
}

#[derive(Debug, Serialize)]
struct WaitRow<'a> {
    task: Option<TaskRef<'a>>,
    mode: &'static str,
    permits: u64,
    since_ns: u64,
    waiting_for_ns: u64,
    granted_ns: Option<u64>,
    timed: bool,
}

impl<'a> Resources<'a> {
    pub(super) fn of(
        hello: &'a Hello,
        world: &'a World,
        question: &Question,
        answer: &'a Answer<'a>,
    ) -> Self {
        Self {
            schema: schema::RESOURCES,
            target: Target::of(hello),
            at_ns: world.now().0,
            unseen: unseen(hello, world),
            filter: question.filter.to_string(),
            sort: question.order.to_string(),
            total: world.resources().len(),
            matching: answer.matching,
            resources: Rows { world, answer },
        }
    }

    /// As a test looks at it.
    #[cfg(test)]
    pub(super) fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("it has no keys but text")
    }
}

impl<'a> Row<'a> {
    fn of(resource: &'a Resource, waiting: u64, world: &'a World) -> Self {
        let (origin, usage) = (&resource.origin, &resource.usage);
        let holds = usage.holds.iter();
        let queue = world.queue(resource.id).take(WAITING);
        Self {
            id: resource.id.number().to_string(),
            kind: origin.kind.as_str(),
            location: location(origin.place, world),
            created_at: PlaceRef::of(origin.place, world),
            created_ns: origin.created.0,
            creator: origin.creator.map(|id| TaskRef::of(id, world)),
            state: Names::of(world).state(resource),
            free: usage.free,
            holders: holds.map(|hold| HoldRow::of(hold, world)).collect(),
            unlisted: usage.unlisted,
            sureness: usage.sureness.as_str(),
            doubt: doubt(usage.sureness),
            waiting_total: waiting,
            waiting: queue.map(|wait| WaitRow::of(wait, world)).collect(),
            acquired: usage.acquired,
            waits: usage.waits,
            abandoned: usage.abandoned,
            waited_ns: usage.waited.0,
            longest_wait_ns: usage.longest_wait.0,
            longest_hold_ns: usage.longest_hold.0,
            across_awaits: usage.across_awaits,
            cancelled: usage.cancelled,
            last_cancelled: usage.last_cancelled.map(|id| TaskRef::of(id, world)),
            receiver: usage.receiver.map(|id| TaskRef::of(id, world)),
        }
    }
}

impl<'a> HoldRow<'a> {
    fn of(hold: &Hold, world: &'a World) -> Self {
        let task = match hold.holder {
            Holder::Task(id) => Some(id),
            Holder::NoTask => None,
        };
        Self {
            task: task.map(|id| TaskRef::of(id, world)),
            mode: hold.mode.as_str(),
            permits: hold.permits,
            since_ns: hold.since.0,
            held_for_ns: hold.since.until(world.now()).0,
            polls_since: hold.awaits,
            ended: task.is_some_and(|id| Names::of(world).is_gone(id)),
        }
    }
}

impl<'a> WaitRow<'a> {
    fn of(wait: &Wait, world: &'a World) -> Self {
        Self {
            task: wait.task.map(|id| TaskRef::of(id, world)),
            mode: wait.mode.as_str(),
            permits: wait.permits,
            since_ns: wait.since.0,
            waiting_for_ns: wait.since.until(world.now()).0,
            granted_ns: wait.granted.map(|at| at.0),
            timed: wait.timed,
        }
    }
}
