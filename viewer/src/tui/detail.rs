//! One task that is looked at: where one can go from it, and what happened to it since it was opened.

use std::collections::VecDeque;

use taskscope_model::{LastWaker, Stamp, Task, TaskId, Vitals, World};

use crate::text::{count, duration, waker};

/// Entries of the log that are kept.
const LOG: usize = 100;
/// Children that are listed.
pub(super) const CHILDREN: usize = 1_000;

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
    /// Which door is selected.
    pub(super) door: Option<usize>,
    /// How many lines are scrolled away.
    pub(super) scroll: usize,
    log: VecDeque<Entry>,
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
    Child(TaskId),
}

impl Door {
    /// Where it leads.
    pub(super) fn leads_to(self) -> TaskId {
        match self {
            Self::Parent(id) | Self::Waker(id) | Self::Child(id) => id,
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
            door: None,
            scroll: 0,
            log: VecDeque::new(),
        };
        detail.refresh(world);
        detail
    }

    /// The task as it is in this world, or as it was last.
    pub(super) fn task<'a>(&'a self, world: &'a World) -> Option<&'a Task> {
        world.task(self.id).or(self.last.as_ref())
    }

    /// The doors, in the order in which they are drawn.
    pub(super) fn doors(&self, world: &World) -> Vec<Door> {
        let mut doors = self.task(world).map_or_else(Vec::new, doors);
        doors.extend(self.children.iter().copied().map(Door::Child));
        doors
    }

    /// Goes by so many lines through the text of the screen, whose lines have these doors: from door to door where it
    /// goes by single lines and there is one, else by scrolling.
    pub(super) fn walk(
        &mut self,
        by: isize,
        to_doors: bool,
        lines: &[Option<usize>],
        height: usize,
    ) {
        let next = match self.door {
            None => (by > 0).then_some(0),
            Some(door) => door.checked_add_signed(by),
        };
        let line = next.and_then(|next| lines.iter().position(|door| *door == Some(next)));
        match line {
            Some(line) if to_doors => {
                self.door = next;
                let lowest = (line + 1).saturating_sub(height);
                self.scroll = self.scroll.clamp(lowest.min(line), line);
            }
            _ => self.scroll = scrolled(self.scroll, by, lines.len(), height),
        }
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

/// Where scrolling by so many lines ends, in a text of `lines` lines of which `height` are shown.
pub(super) fn scrolled(scroll: usize, by: isize, lines: usize, height: usize) -> usize {
    scroll
        .saturating_add_signed(by)
        .min(lines.saturating_sub(height))
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
