//! What all changes so far add up to.

mod backlogs;
mod blocks;
mod shared;
mod stacks;
mod stuck;

pub use blocks::Block;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use self::backlogs::Backlogs;
use self::shared::Shared;
use self::stacks::Stacks;
use self::stuck::LongPolls;
use crate::{Birth, Change, Revision, Site, SiteId, Stamp, Task, TaskId, Totals, Vitals};

/// Sites beyond this many are not kept; their tasks have no place.
const MAX_SITES: usize = 1 << 20;
/// How many places of the slab make a block. Small enough that one busy task among idle ones costs a reader little,
/// large enough that passing over a million idle ones costs microseconds.
const BLOCK: usize = 64;
/// With fewer places than this for tasks, vacant ones do not matter.
const FEW_PLACES: usize = 1 << 12;

/// Everything known of one session of one target.
#[derive(Clone, Debug, Default)]
pub struct World {
    now: Stamp,
    revision: Revision,
    // A slab beside a small index: a map of whole tasks would double its several hundred megabytes each time it grows.
    tasks: Vec<Option<Task>>,
    // When a task of each block of the slab last changed: lets a reader pass over what it knows already.
    touched: Vec<Revision>,
    // When tasks last changed their blocks.
    moved: Revision,
    vacant: Vec<u32>,
    index: HashMap<TaskId, u32, FixedState>,
    // By the moment of the end, so that a task is found here whichever of them is forgotten first.
    ended: BTreeMap<Revision, TaskId>,
    sites: Vec<Site>,
    shared: Shared,
    stacks: Stacks,
    long_polls: LongPolls,
    backlogs: Backlogs,
    totals: Totals,
}

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one piece of news.
    pub fn apply(&mut self, change: Change) {
        self.revision.0 += 1;
        match change {
            Change::Now(stamp) => self.now = self.now.max(stamp),
            Change::Site(id, site) => {
                if let Some(place) = self.site_mut(id) {
                    *place = *site;
                }
            }
            Change::Past(id, tally) => {
                if let Some(site) = self.site_mut(id) {
                    site.past = tally;
                }
            }
            Change::Born(id, birth, vitals) => self.born(id, *birth, vitals),
            Change::Lived(id, vitals) => self.lived(id, vitals),
            Change::Sketched(id, sketches) => {
                self.change(id, |task| {
                    task.sketches = Some(sketches);
                    true
                });
            }
            Change::Gone(id) => self.forget(id),
            Change::Stack(id, stack) => self.stacks.put(id, stack, self.revision),
            Change::LongPoll(poll) => self.long_polls.put(*poll, self.revision),
            Change::Backlog(backlog) => self.backlogs.put(backlog),
            Change::Place(id, place) => self.shared.place(id, place, self.revision),
            Change::Resource(resource) => self.shared.resource(*resource, self.revision),
            Change::ResourceGone(id) => self.shared.resource_gone(id, self.revision),
            Change::Wait(wait) => self.shared.wait(wait, self.revision),
            Change::WaitOver(id) => self.shared.wait_over(id, self.revision),
            Change::Finding(finding) => self.shared.finding(*finding, self.revision),
            Change::FindingGone(id) => self.shared.finding_gone(id, self.revision),
            Change::Totals(totals) => self.totals = *totals,
        }
    }

    /// The moment up to which this world is known.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.now
    }

    /// How many changes it has taken.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The task with this id, live or ended; `None` where it was never told or is no longer kept.
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(*self.index.get(&id)? as usize)?.as_ref()
    }

    /// All tasks that are listed, live and ended, in no particular order.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().flatten()
    }

    /// How many tasks are listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether no task is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The ended tasks that are listed, in the order in which their ends were told.
    pub fn ended(&self) -> impl ExactSizeIterator<Item = TaskId> {
        self.ended.values().copied()
    }

    /// A spawn site; one that was never told has no place (`?`).
    #[must_use]
    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.sites.get(id.0 as usize)
    }

    /// All spawn sites.
    pub fn sites(&self) -> impl Iterator<Item = (SiteId, &Site)> {
        (0..).map(SiteId).zip(&self.sites)
    }

    /// The counters over all tasks of the target.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Lets a task change, unless `change` says that nothing did.
    fn change(&mut self, id: TaskId, change: impl FnOnce(&mut Task) -> bool) {
        let Some(place) = self.index.get(&id).map(|place| *place as usize) else {
            return;
        };
        let Some(task) = self.tasks.get_mut(place).and_then(Option::as_mut) else {
            return;
        };
        if change(task) {
            task.changed = self.revision;
            self.touched[place / BLOCK] = self.revision;
        }
    }

    fn site_mut(&mut self, id: SiteId) -> Option<&mut Site> {
        let i = id.0 as usize;
        // Sites are numbered without gaps, so a number far ahead is nonsense that must not become an allocation.
        if i >= self.sites.len() && i < MAX_SITES {
            self.sites.resize_with(i + 1, Site::default);
        }
        self.sites.get_mut(i)
    }

    fn born(&mut self, id: TaskId, birth: Birth, vitals: Vitals) {
        if self.index.contains_key(&id) {
            return self.lived(id, vitals);
        }
        let revision = self.revision;
        let task = Task {
            id,
            birth,
            vitals,
            sketches: None,
            born: revision,
            changed: revision,
            ended: revision,
        };
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            (self.tasks.len() - 1) as u32
        });
        self.tasks[place as usize] = Some(task);
        self.touched
            .resize(self.tasks.len().div_ceil(BLOCK), revision);
        self.touched[place as usize / BLOCK] = revision;
        self.index.insert(id, place);
        if vitals.state.has_ended() {
            self.ended.insert(revision, id);
        }
    }

    fn lived(&mut self, id: TaskId, vitals: Vitals) {
        let revision = self.revision;
        let mut ends = false;
        self.change(id, |task| {
            // An end is final: older news that arrives late must not raise the dead.
            if task.vitals.state.has_ended() {
                return false;
            }
            task.vitals = vitals;
            ends = vitals.state.has_ended();
            if ends {
                task.ended = revision;
            }
            true
        });
        if ends {
            self.ended.insert(revision, id);
        }
    }

    fn forget(&mut self, id: TaskId) {
        let Some(place) = self.index.remove(&id) else {
            return;
        };
        let Some(task) = self.tasks[place as usize].take() else {
            return;
        };
        self.vacant.push(place);
        if task.vitals.state.has_ended() {
            self.ended.remove(&task.ended);
        }
        if self.tasks.len() > FEW_PLACES && self.vacant.len() > self.tasks.len() / 4 * 3 {
            self.close_up();
        }
    }

    /// Gives back the room that a burst of tasks has left. Without it every look at all tasks would go on passing over
    /// the vacant places. So many tasks were forgotten since the last time that this costs each of them very little.
    fn close_up(&mut self) {
        self.tasks.retain(Option::is_some);
        self.tasks.shrink_to_fit();
        let newest = |block: &[Option<Task>]| block.iter().flatten().map(|task| task.changed).max();
        self.touched = self.tasks.chunks(BLOCK).filter_map(newest).collect();
        self.moved = self.revision;
        self.vacant = Vec::new();
        self.index.clear();
        self.index.shrink_to(self.tasks.len());
        self.index.extend(
            (0..)
                .zip(self.tasks.iter().flatten())
                .map(|(i, task)| (task.id, i)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW_PLACES, World};
    use crate::{Birth, Change, SiteId, Stamp, State, TaskId, Vitals};

    fn id(number: u64) -> TaskId {
        TaskId::new(number).unwrap()
    }

    fn born(number: u64, state: State) -> Change {
        let birth = Birth {
            tokio_id: None,
            parent: None,
            name: None,
            site: SiteId(0),
            created: Stamp(number),
        };
        let vitals = Vitals {
            state,
            ..Vitals::at_birth(Stamp(number))
        };
        Change::Born(id(number), Box::new(birth), vitals)
    }

    #[test]
    fn room_is_given_back_after_a_burst() {
        let mut world = World::new();
        let burst = 10 * FEW_PLACES as u64;
        for number in 1..=burst {
            world.apply(born(number, State::Idle));
        }
        for number in (1..=burst).filter(|n| n % 100 != 0) {
            world.apply(Change::Gone(id(number)));
        }
        assert!(
            world.tasks.capacity() < burst as usize / 2,
            "{}",
            world.tasks.capacity()
        );
        assert!(
            world.index.capacity() < burst as usize / 2,
            "{}",
            world.index.capacity()
        );
        let left: Vec<_> = world.tasks().map(|task| task.id).collect();
        assert_eq!(
            left,
            (1..=burst / 100).map(|n| id(100 * n)).collect::<Vec<_>>()
        );
        assert!(left.iter().all(|id| world.task(*id).unwrap().id == *id));
        assert_eq!(world.len(), left.len());
    }

    /// With a search through all ends for each, this took minutes.
    #[test]
    fn ends_are_forgotten_in_any_order() {
        let mut world = World::new();
        let count = 200_000;
        for number in 1..=count {
            world.apply(born(number, State::Done));
        }
        // From both sides of the middle outwards.
        for number in (1..=count / 2).rev().filter(|n| n % 1000 != 0) {
            world.apply(Change::Gone(id(number)));
            world.apply(Change::Gone(id(count + 1 - number)));
        }
        assert_eq!(world.ended().len(), world.len());
        assert!(world.ended().is_sorted());
    }
}
