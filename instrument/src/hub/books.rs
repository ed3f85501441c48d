//! The world with what it takes to keep it bounded and to tell readers what is new. Pure: no lock, no clock.

use taskscope_model::{Change, Revision, Stamp, State, Tally, Task, TaskId, World};

use super::gone::{Departed, Gone};
use super::retention::{Retention, cost};
use super::sites::SiteBook;

/// The world of this process and the books about it.
#[derive(Debug)]
pub(super) struct Books {
    world: World,
    sites: SiteBook,
    // When a place was last told: lets readers pass over all of them.
    places_changed: Revision,
    departed: Departed,
    keep_gone: bool,
    retention: Retention,
    ended_bytes: u64,
}

impl Books {
    pub(super) fn new(retention: Retention) -> Self {
        Self::with_departed(retention, Departed::new())
    }

    pub(super) fn with_departed(retention: Retention, departed: Departed) -> Self {
        Self {
            world: World::new(),
            sites: SiteBook::default(),
            places_changed: Revision::default(),
            departed,
            keep_gone: true,
            retention,
            ended_bytes: 0,
        }
    }

    /// Takes one piece of news, and lets the oldest ends expire where they would take too much memory.
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Site(id, mut site) => {
                let unlisted = site.past;
                site.past = self.sites.past_with_unlisted(id, &unlisted);
                self.world.apply(Change::Site(id, site));
                if self.world.site(id).is_some() {
                    self.sites.told(id, unlisted, self.world.revision());
                }
            }
            Change::Past(id, unlisted) => {
                let past = self.sites.past_with_unlisted(id, &unlisted);
                self.world.apply(Change::Past(id, past));
                if self.world.site(id).is_some() {
                    self.sites.told(id, unlisted, self.world.revision());
                }
            }
            Change::Gone(id) => self.forget(id),
            Change::Born(id, _, vitals) | Change::Lived(id, vitals) if vitals.state.has_ended() => {
                self.apply_costly(id, change);
            }
            Change::Sketched(id, _) => self.apply_costly(id, change),
            Change::Place(..) => {
                self.world.apply(change);
                self.places_changed = self.world.revision();
            }
            other => self.world.apply(other),
        }
    }

    /// Moves up to `most` ended tasks that are over at `now` into the tallies of their sites. Returns whether it did
    /// move so many, so that there can be more.
    pub(super) fn expire(&mut self, now: Stamp, most: usize) -> bool {
        (0..most).all(|_| self.expire_one(now))
    }

    /// Whether the tasks that go are to be remembered, for readers that have heard of them.
    pub(super) fn keep_gone(&mut self, keep: bool) {
        if self.keep_gone && !keep {
            self.departed.clear();
        }
        self.keep_gone = keep;
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn sites(&self) -> &SiteBook {
        &self.sites
    }

    /// When a place was last told.
    pub(super) fn places_changed(&self) -> Revision {
        self.places_changed
    }

    pub(super) fn departed(&self) -> &Departed {
        &self.departed
    }

    /// About how much memory the listed ended tasks take.
    pub(super) fn ended_bytes(&self) -> u64 {
        self.ended_bytes
    }

    /// A change of a task that can end it, or make it larger.
    fn apply_costly(&mut self, id: TaskId, change: Change) {
        let before = self.cost(id);
        self.world.apply(change);
        self.ended_bytes = self.ended_bytes.saturating_sub(before) + self.cost(id);
        while self.ended_bytes > self.retention.ended_bytes && self.expire_one(self.world.now()) {}
    }

    fn expire_one(&mut self, now: Stamp) -> bool {
        let Some(task) = self.world.ended().next().and_then(|id| self.world.task(id)) else {
            return false;
        };
        let over = task
            .end()
            .is_some_and(|end| self.retention.is_over(end, now, self.ended_bytes));
        if !over {
            return false;
        }
        let (id, site, tally) = (task.id, task.birth.site, tally(task));
        let past = self.sites.past_with_expired(site, &tally);
        self.world.apply(Change::Past(site, past));
        if self.world.site(site).is_some() {
            self.sites.expired(site, &tally, self.world.revision());
        }
        self.forget(id);
        true
    }

    fn forget(&mut self, id: TaskId) {
        let Some(task) = self.world.task(id) else {
            return;
        };
        let born = task.born();
        self.ended_bytes = self.ended_bytes.saturating_sub(cost(task));
        self.world.apply(Change::Gone(id));
        if self.keep_gone {
            self.departed.push(Gone {
                at: self.world.revision(),
                born,
                task: id,
            });
        }
    }

    fn cost(&self, id: TaskId) -> u64 {
        self.world.task(id).map_or(0, cost)
    }
}

/// What an ended task adds to the past of its site.
fn tally(task: &Task) -> Tally {
    let one = |state| u64::from(task.vitals.state == state);
    Tally {
        done: one(State::Done),
        cancelled: one(State::Cancelled),
        panicked: one(State::Panicked),
        polls: task.vitals.polls,
        busy: task.vitals.busy,
        scheduled: task.vitals.scheduled,
        wakes: task.vitals.wakes,
        self_wakes: task.vitals.self_wakes,
    }
}
