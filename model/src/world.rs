//! What all changes so far add up to.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::{Birth, Change, Revision, Site, SiteId, Stamp, Task, TaskId, Totals, Vitals};

/// Sites beyond this many are not kept; their tasks have no place.
const MAX_SITES: usize = 1 << 20;

/// Everything known of one session of one target.
#[derive(Clone, Debug, Default)]
pub struct World {
    now: Stamp,
    revision: Revision,
    // A slab beside a small index: a map of whole tasks would double its several hundred megabytes each time it grows.
    tasks: Vec<Option<Task>>,
    vacant: Vec<u32>,
    index: HashMap<TaskId, u32, FixedState>,
    ended: VecDeque<TaskId>,
    sites: Vec<Site>,
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
                let revision = self.revision;
                if let Some(task) = self.task_mut(id) {
                    task.sketches = Some(sketches);
                    task.changed = revision;
                }
            }
            Change::Gone(id) => self.forget(id),
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
        self.ended.iter().copied()
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

    fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(*self.index.get(&id)? as usize)?.as_mut()
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
        };
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            (self.tasks.len() - 1) as u32
        });
        self.tasks[place as usize] = Some(task);
        self.index.insert(id, place);
        if vitals.state.has_ended() {
            self.ended.push_back(id);
        }
    }

    fn lived(&mut self, id: TaskId, vitals: Vitals) {
        let revision = self.revision;
        let Some(task) = self.task_mut(id) else {
            return;
        };
        // An end is final: older news that arrives late must not raise the dead.
        if task.vitals.state.has_ended() {
            return;
        }
        task.vitals = vitals;
        task.changed = revision;
        if vitals.state.has_ended() {
            self.ended.push_back(id);
        }
    }

    fn forget(&mut self, id: TaskId) {
        let Some(place) = self.index.remove(&id) else {
            return;
        };
        let gone = self.tasks[place as usize].take();
        self.vacant.push(place);
        if gone.is_some_and(|task| task.vitals.state.has_ended()) {
            // The oldest end is nearly always the one that is forgotten.
            if let Some(i) = self.ended.iter().position(|ended| *ended == id) {
                self.ended.remove(i);
            }
        }
    }
}
