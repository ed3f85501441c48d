//! What tasks share: resources, who holds them, who waits for them in which order.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::World;
use crate::{
    Finding, FindingId, Holder, Place, PlaceId, Resource, ResourceId, Revision, Table, TaskId,
    Wait, WaitId,
};

/// Places beyond this many are not kept; what was made there has no place.
const MAX_PLACES: usize = 1 << 20;

/// The part of a world that is not its tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    places: Vec<(Revision, Place)>,
    resources: Table<ResourceId, Resource>,
    waits: Table<WaitId, Wait>,
    findings: Table<FindingId, Finding>,
    // The same, from the other ends.
    holds: BTreeSet<(TaskId, ResourceId)>,
    waits_of: BTreeSet<(TaskId, WaitId)>,
    queues: BTreeSet<(ResourceId, u64, WaitId)>,
}

const ALL_WAITS: RangeInclusive<u64> = 1..=u64::MAX;

fn wait(number: u64) -> WaitId {
    WaitId::new(number).unwrap_or(WaitId::FIRST)
}

impl Shared {
    pub(super) fn place(&mut self, id: PlaceId, place: Place, at: Revision) {
        let i = id.0 as usize;
        // Places are numbered without gaps, so a number far ahead is nonsense that must not become an allocation.
        if i >= self.places.len() && i < MAX_PLACES {
            self.places.resize_with(i + 1, Default::default);
        }
        if let Some(known) = self.places.get_mut(i) {
            *known = (at, place);
        }
    }

    pub(super) fn resource(&mut self, resource: Resource, at: Revision) {
        let id = resource.id;
        let holders = |resource: &Resource| {
            resource
                .usage
                .holds
                .iter()
                .filter_map(|hold| match hold.holder {
                    Holder::Task(task) => Some((task, id)),
                    Holder::NoTask => None,
                })
                .collect::<Vec<_>>()
        };
        let now = holders(&resource);
        if let Some(before) = self.resources.put(id, resource, at) {
            for hold in holders(&before) {
                self.holds.remove(&hold);
            }
        }
        self.holds.extend(now);
    }

    pub(super) fn resource_gone(&mut self, id: ResourceId, at: Revision) {
        let Some(resource) = self.resources.remove(id, at) else {
            return;
        };
        for hold in resource.usage.holds {
            if let Holder::Task(task) = hold.holder {
                self.holds.remove(&(task, id));
            }
        }
    }

    pub(super) fn wait(&mut self, wait: Wait, at: Revision) {
        if let Some(before) = self.waits.put(wait.id, wait, at) {
            self.unlist(&before);
        }
        if let Some(task) = wait.task {
            self.waits_of.insert((task, wait.id));
        }
        self.queues.insert((wait.resource, wait.order, wait.id));
    }

    pub(super) fn wait_over(&mut self, id: WaitId, at: Revision) {
        if let Some(wait) = self.waits.remove(id, at) {
            self.unlist(&wait);
        }
    }

    pub(super) fn finding(&mut self, finding: Finding, at: Revision) {
        self.findings.put(finding.id, finding, at);
    }

    pub(super) fn finding_gone(&mut self, id: FindingId, at: Revision) {
        self.findings.remove(id, at);
    }

    fn unlist(&mut self, wait: &Wait) {
        if let Some(task) = wait.task {
            self.waits_of.remove(&(task, wait.id));
        }
        self.queues.remove(&(wait.resource, wait.order, wait.id));
    }
}

impl World {
    /// A place in the source; one that was never told is not known.
    #[must_use]
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.shared
            .places
            .get(id.0 as usize)
            .map(|(_, place)| place)
    }

    /// All places, each with the revision at which it was told.
    pub fn places(&self) -> impl Iterator<Item = (PlaceId, Revision, &Place)> {
        (0..)
            .map(PlaceId)
            .zip(&self.shared.places)
            .map(|(id, (at, place))| (id, *at, place))
    }

    /// All resources.
    #[must_use]
    pub fn resources(&self) -> &Table<ResourceId, Resource> {
        &self.shared.resources
    }

    /// All waits.
    #[must_use]
    pub fn waits(&self) -> &Table<WaitId, Wait> {
        &self.shared.waits
    }

    /// All findings, those that were cleared included.
    #[must_use]
    pub fn findings(&self) -> &Table<FindingId, Finding> {
        &self.shared.findings
    }

    /// The resource with this id.
    #[must_use]
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.shared.resources.get(id)
    }

    /// The resources that this task holds.
    pub fn held_by(&self, task: TaskId) -> impl Iterator<Item = &Resource> {
        let first = ResourceId::FIRST;
        let last = ResourceId::new(u64::MAX).unwrap_or(first);
        self.shared
            .holds
            .range((task, first)..=(task, last))
            .filter_map(|(_, resource)| self.resource(*resource))
    }

    /// What this task waits for. Several where its futures are joined, or raced against each other.
    pub fn waits_of(&self, task: TaskId) -> impl Iterator<Item = &Wait> {
        let range = (task, wait(*ALL_WAITS.start()))..=(task, wait(*ALL_WAITS.end()));
        self.shared
            .waits_of
            .range(range)
            .filter_map(|(_, id)| self.shared.waits.get(*id))
    }

    /// Who waits for this resource, in the order in which they will be served.
    pub fn queue(&self, resource: ResourceId) -> impl DoubleEndedIterator<Item = &Wait> {
        let range =
            (resource, 0, wait(*ALL_WAITS.start()))..=(resource, u64::MAX, wait(*ALL_WAITS.end()));
        self.shared
            .queues
            .range(range)
            .filter_map(|(.., id)| self.shared.waits.get(*id))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Change, Hold, Holder, Mode, Nanos, Origin, PlaceId, Resource, ResourceId, ResourceKind,
        Stamp, TaskId, Usage, Wait, WaitId, World,
    };

    fn task(number: u64) -> TaskId {
        TaskId::new(number).unwrap()
    }

    fn resource(number: u64, holders: &[u64]) -> Change {
        let hold = |holder: &u64| Hold {
            holder: Holder::Task(task(*holder)),
            mode: Mode::Shared,
            permits: 1,
            since: Stamp(0),
            awaits: 0,
            stack: None,
        };
        Change::Resource(Box::new(Resource {
            id: ResourceId::new(number).unwrap(),
            origin: Origin {
                kind: ResourceKind::RwLock,
                place: PlaceId(0),
                created: Stamp(0),
                creator: None,
            },
            usage: Usage {
                holds: holders.iter().map(hold).collect(),
                longest_hold: Nanos(1),
                ..Usage::default()
            },
        }))
    }

    fn wait(number: u64, resource: u64, of: u64, order: u64) -> Wait {
        Wait {
            id: WaitId::new(number).unwrap(),
            resource: ResourceId::new(resource).unwrap(),
            task: Some(task(of)),
            mode: Mode::Exclusive,
            permits: 1,
            since: Stamp(0),
            polled: Stamp(0),
            order,
            granted: None,
            timed: false,
            stack: None,
        }
    }

    fn held(world: &World, by: u64) -> Vec<u64> {
        world.held_by(task(by)).map(|r| r.id.number()).collect()
    }

    fn queue(world: &World, of: u64) -> Vec<u64> {
        let of = ResourceId::new(of).unwrap();
        world.queue(of).map(|wait| wait.id.number()).collect()
    }

    #[test]
    fn holders_are_found_from_both_ends_and_forgotten_with_the_hold() {
        let mut world = World::new();
        world.apply(resource(1, &[10, 11]));
        world.apply(resource(2, &[10]));
        assert_eq!((held(&world, 10), held(&world, 11)), (vec![1, 2], vec![1]));
        world.apply(resource(1, &[12]));
        assert_eq!((held(&world, 10), held(&world, 11)), (vec![2], vec![]));
        world.apply(Change::ResourceGone(ResourceId::new(2).unwrap()));
        assert_eq!((held(&world, 10), held(&world, 12)), (vec![], vec![1]));
    }

    #[test]
    fn a_queue_is_in_the_order_of_service() {
        let mut world = World::new();
        world.apply(resource(1, &[10]));
        for (id, order) in [(1, 30), (2, 10), (3, 20)] {
            world.apply(Change::Wait(wait(id, 1, id + 100, order)));
        }
        assert_eq!(queue(&world, 1), [2, 3, 1]);
        world.apply(Change::WaitOver(WaitId::new(3).unwrap()));
        // A future that moved to another task: its wait is that task's from now on.
        world.apply(Change::Wait(wait(1, 1, 200, 30)));
        assert_eq!(queue(&world, 1), [2, 1]);
        assert_eq!(world.waits_of(task(101)).count(), 0);
        assert_eq!(world.waits_of(task(200)).count(), 1);
        assert_eq!(queue(&world, 2), []);
    }
}
