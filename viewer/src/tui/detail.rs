//! One task that is looked at: where one can go from it, and what happened to it since it was opened.

use std::collections::VecDeque;

use taskscope_model::{LastWaker, Resource, ResourceId, Stamp, Task, TaskId, Vitals, Wait, World};

use super::walk::Walk;
use crate::text::{count, duration, waker};

/// Entries of the log that are kept.
const LOG: usize = 100;
/// Children that are listed.
pub(super) const CHILDREN: usize = 1_000;

/// Waits and holds that are listed.
const TIES: usize = 20;
/// Those ahead in a queue, and those who wait for what the task holds, are counted up to this many.
pub(super) const AHEAD: usize = 1_000;

/// A task that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    /// Which.
    pub(super) id: TaskId,
    /// How it was when it was last heard of; what is left once the target no longer keeps it.
    pub(super) last: Option<Task>,
    /// The tasks that it spawned and that are still listed, oldest first, at most [`CHILDREN`].
    pub(super) children: Vec<TaskId>,
    /// How many such there are.
    pub(super) children_total: usize,
    /// What it waits for, the longest wait first, at most [`TIES`].
    pub(super) waits: Vec<Tie>,
    /// How many such waits there are.
    pub(super) waits_total: usize,
    /// What it holds, at most [`TIES`], each with how many wait for it.
    pub(super) holds: Vec<(ResourceId, usize)>,
    /// How many such holds there are.
    pub(super) holds_total: usize,
    /// Where one is on the screen.
    pub(super) walk: Walk,
    log: VecDeque<Entry>,
}

/// A wait of the task, and who is ahead of it.
#[derive(Clone, Debug)]
pub(super) struct Tie {
    pub(super) wait: Wait,
    /// How many are ahead of it, counted up to [`AHEAD`].
    pub(super) ahead: usize,
    /// Who is right ahead of it, where no more than that are.
    pub(super) next: Option<TaskId>,
}

impl Tie {
    fn of(wait: &Wait, world: &World) -> Self {
        // No further: a hundred thousand may wait for one lock.
        let before = world
            .queue(wait.resource)
            .take_while(|other| other.id != wait.id);
        let (mut ahead, mut next) = (0, None);
        for other in before.take(AHEAD) {
            (ahead, next) = (ahead + 1, other.task);
        }
        Self {
            wait: *wait,
            ahead,
            next: next.filter(|_| ahead < AHEAD),
        }
    }
}

/// A change that was seen.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Up to when.
    pub(super) at: Stamp,
    /// What changed, in words. Safe for a terminal.
    pub(super) what: String,
}

/// A way from one task to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Parent(TaskId),
    Waker(TaskId),
}

impl Door {
    /// Where it leads.
    pub(super) fn leads_to(self) -> TaskId {
        match self {
            Self::Parent(id) | Self::Waker(id) => id,
        }
    }
}

impl Detail {
    pub(super) fn new(id: TaskId, world: &World) -> Self {
        let mut detail = Self {
            id,
            last: None,
            children: Vec::new(),
            children_total: 0,
            waits: Vec::new(),
            waits_total: 0,
            holds: Vec::new(),
            holds_total: 0,
            walk: Walk::default(),
            log: VecDeque::new(),
        };
        detail.refresh(world);
        detail
    }

    /// The task as it is in this world, or as it was last.
    pub(super) fn task<'a>(&'a self, world: &'a World) -> Option<&'a Task> {
        world.task(self.id).or(self.last.as_ref())
    }

    /// What changed up to a moment, newest first.
    pub(super) fn log(&self, until: Stamp) -> impl Iterator<Item = &Entry> {
        self.log.iter().rev().filter(move |entry| entry.at <= until)
    }

    /// Looks for the task's children anew. Goes through all tasks.
    pub(super) fn refresh(&mut self, world: &World) {
        if let Some(task) = world.task(self.id) {
            self.last = Some(task.clone());
        }
        self.tie(world);
        let of_it = world
            .tasks()
            .filter(|task| task.birth.parent == Some(self.id));
        let mut children: Vec<_> = of_it.map(|task| (task.birth.created, task.id)).collect();
        children.sort_unstable();
        self.children_total = children.len();
        self.children.clear();
        self.children
            .extend(children.into_iter().take(CHILDREN).map(|(_, id)| id));
    }

    /// Looks anew for what the task waits for and holds.
    fn tie(&mut self, world: &World) {
        let mut waits: Vec<_> = world.waits_of(self.id).collect();
        waits.sort_unstable_by_key(|wait| (wait.since, wait.id));
        self.waits_total = waits.len();
        waits.truncate(TIES);
        self.waits = waits.into_iter().map(|wait| Tie::of(wait, world)).collect();
        let waiting = |resource: &Resource| world.queue(resource.id).take(AHEAD).count();
        let held = world.held_by(self.id);
        self.holds = held
            .take(TIES)
            .map(|held| (held.id, waiting(held)))
            .collect();
        self.holds_total = match self.holds.len() {
            TIES => world.held_by(self.id).count(),
            few => few,
        };
    }

    /// Writes down what news made of the task.
    pub(super) fn observe(&mut self, world: &World) {
        let Some(task) = world.task(self.id) else {
            return;
        };
        let before = self.last.as_ref().map(|task| task.vitals);
        if before == Some(task.vitals) {
            return;
        }
        let what = before.map(|before| changed(&before, task, world));
        self.last = Some(task.clone());
        let Some(what) = what else { return };
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(Entry {
            at: world.now(),
            what,
        });
    }
}

/// The doors that a task has of itself: its parent and its last waker.
pub(super) fn doors(task: &Task) -> Vec<Door> {
    let waker = match task.vitals.last_waker {
        LastWaker::Task(id) if id != task.id => Some(Door::Waker(id)),
        _ => None,
    };
    task.birth
        .parent
        .map(Door::Parent)
        .into_iter()
        .chain(waker)
        .collect()
}

/// What the last news changed, in words.
fn changed(before: &Vitals, task: &Task, world: &World) -> String {
    let now = &task.vitals;
    let mut parts = Vec::new();
    if before.state == now.state {
        parts.push(format!("{} again", now.state));
    } else {
        parts.push(format!("{} → {}", before.state, now.state));
    }
    let times = |n: u64| {
        if n == 1 {
            "once".to_owned()
        } else {
            format!("{} times", count(n))
        }
    };
    let polls = now.polls.saturating_sub(before.polls);
    if polls > 0 {
        parts.push(format!(
            "polled {} for {}",
            times(polls),
            duration(now.busy - before.busy)
        ));
    }
    let wakes = now.wakes.saturating_sub(before.wakes);
    if wakes > 0 {
        let by = waker(task, world).map_or_else(String::new, |who| format!(", last by {who}"));
        parts.push(format!("woken {}{by}", times(wakes)));
    }
    if before.wakers != now.wakers {
        parts.push(format!("wakers {} → {}", before.wakers, now.wakers));
    }
    parts.join(" · ")
}
