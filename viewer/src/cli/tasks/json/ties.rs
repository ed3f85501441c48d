//! What a task waits for and what it holds.

use serde::Serialize;
use taskscope_model::{Hold, Holder, Resource, TaskId, Wait, World};

use super::Epoch;
use crate::cli::refs::{TaskRef, location};

/// Waits and holds of one task that are listed.
const LISTED: usize = 100;

/// A resource that is spoken of.
#[derive(Debug, Serialize)]
struct ResourceRef {
    id: String,
    kind: &'static str,
    location: Option<String>,
}

/// Something that a task waits for.
#[derive(Debug, Serialize)]
pub(super) struct Waiting<'a> {
    resource: Option<ResourceRef>,
    held_by: Vec<TaskRef<'a>>,
    mode: &'static str,
    permits: u64,
    since_unix_ns: u64,
    waiting_for_ns: u64,
    granted_unix_ns: Option<u64>,
    timed: bool,
}

/// Something that a task holds.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    resource: ResourceRef,
    mode: &'static str,
    permits: u64,
    since_unix_ns: u64,
    held_for_ns: u64,
}

impl ResourceRef {
    fn of(resource: &Resource, world: &World) -> Self {
        Self {
            id: resource.id.number().to_string(),
            kind: resource.origin.kind.as_str(),
            location: location(resource.origin.place, world),
        }
    }
}

impl<'a> Waiting<'a> {
    /// What this task waits for.
    pub(super) fn all(task: TaskId, world: &'a World, epoch: Epoch) -> Vec<Self> {
        let waits = world.waits_of(task).take(LISTED);
        waits.map(|wait| Self::of(wait, world, epoch)).collect()
    }

    fn of(wait: &Wait, world: &'a World, epoch: Epoch) -> Self {
        let resource = world.resource(wait.resource);
        let holds = resource.map_or(&[][..], |resource| &resource.usage.holds);
        Self {
            resource: resource.map(|resource| ResourceRef::of(resource, world)),
            held_by: holds
                .iter()
                .filter_map(|hold| match hold.holder {
                    Holder::Task(id) => Some(TaskRef::of(id, world)),
                    Holder::NoTask => None,
                })
                .collect(),
            mode: wait.mode.as_str(),
            permits: wait.permits,
            since_unix_ns: epoch.unix(wait.since),
            waiting_for_ns: wait.since.until(world.now()).0,
            granted_unix_ns: wait.granted.map(|at| epoch.unix(at)),
            timed: wait.timed,
        }
    }
}

impl Held {
    /// What this task holds.
    pub(super) fn all(task: TaskId, world: &World, epoch: Epoch) -> Vec<Self> {
        let held = world.held_by(task);
        held.flat_map(|resource| Self::of(resource, task, world, epoch))
            .take(LISTED)
            .collect()
    }

    /// What this task holds of a resource.
    fn of(
        resource: &Resource,
        by: TaskId,
        world: &World,
        epoch: Epoch,
    ) -> impl Iterator<Item = Self> {
        let of_it = move |hold: &&Hold| hold.holder == Holder::Task(by);
        resource
            .usage
            .holds
            .iter()
            .filter(of_it)
            .map(move |hold| Self {
                resource: ResourceRef::of(resource, world),
                mode: hold.mode.as_str(),
                permits: hold.permits,
                since_unix_ns: epoch.unix(hold.since),
                held_for_ns: hold.since.until(world.now()).0,
            })
    }
}
