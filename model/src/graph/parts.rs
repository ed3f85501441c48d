//! The waits of a world with their tasks, resources and holders, numbered without gaps.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Parked;
use crate::{
    Hold, Holder, Kind, LastWaker, Mode, Resource, ResourceId, ResourceKind, Stamp, State,
    Sureness, Task, TaskId, Usage, Wait, World,
};

/// Whether a task can be stuck, as far as the task itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Something other than what it waits for can let it go on.
    Free,
    /// It can't be seen what else could.
    Unsure,
    /// Only what it waits for.
    Sure,
}

/// A task that waits, or has what others wait for.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) id: TaskId,
    pub(super) standing: Standing,
    /// Indices of the waits in queues.
    pub(super) waits: Vec<u32>,
    /// Indices of holds.
    pub(super) holds: Vec<u32>,
}

/// How those who wait for a resource depend on those who have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Who has it, or will give it, is not known.
    Open,
    /// On all holders whose mode conflicts.
    All,
    /// On any of the holders.
    Any,
}

/// A resource that is waited for.
#[derive(Debug)]
pub(super) struct Pile {
    pub(super) id: ResourceId,
    pub(super) rule: Rule,
    /// Whether those listed as holders are sure to have it.
    pub(super) sure: bool,
    /// Whether it is a channel.
    pub(super) mailbox: bool,
    /// Waits that are not granted, in the order of service.
    pub(super) queue: std::ops::Range<u32>,
    /// Who has it.
    pub(super) holds: std::ops::Range<u32>,
    /// Whether somebody has it who is no task, or is not listed.
    pub(super) others: bool,
    /// Whether a thread outside of any task has it.
    pub(super) no_task: bool,
    /// How many have it.
    pub(super) holding: usize,
}

/// That a task has a resource, or a part of it.
#[derive(Debug)]
pub(super) struct Has {
    pub(super) task: u32,
    pub(super) pile: u32,
    pub(super) mode: Mode,
    pub(super) permits: u64,
    pub(super) since: Stamp,
    pub(super) parked: bool,
    /// Whether it may have been handed on to another task.
    pub(super) given: bool,
}

/// A wait in a queue.
#[derive(Debug)]
pub(super) struct Queued<'a> {
    pub(super) task: Option<u32>,
    pub(super) pile: u32,
    pub(super) wait: &'a Wait,
}

#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub(super) tasks: Vec<Party>,
    pub(super) piles: Vec<Pile>,
    pub(super) holds: Vec<Has>,
    pub(super) waits: Vec<Queued<'a>>,
    parked: Vec<(u32, Parked)>,
    index: HashMap<TaskId, u32, FixedState>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        let mut waits: Vec<_> = world.waits().iter().collect();
        waits.sort_unstable_by_key(|wait| (wait.resource, wait.order, wait.id));
        let mut parts = Self::default();
        for queue in waits.chunk_by(|a, b| a.resource == b.resource) {
            if let Some(resource) = queue.first().and_then(|wait| world.resource(wait.resource)) {
                parts.pile(world, resource, queue);
            }
        }
        for task in &mut parts.tasks {
            if task.standing == Standing::Free {
                continue;
            }
            let waits = task.waits.iter().map(|i| parts.waits[*i as usize].wait);
            task.standing = standing(world, task.id, waits);
        }
        parts
    }

    /// The grants that nobody polls; `knot` tells the knot of a task.
    pub(super) fn parked(self, knot: impl Fn(TaskId) -> Option<usize>) -> Vec<Parked> {
        let waiting = |pile: u32| self.piles[pile as usize].queue.len();
        self.parked
            .iter()
            .map(|(pile, parked)| Parked {
                waiting: waiting(*pile),
                knot: knot(parked.task),
                ..*parked
            })
            .collect()
    }

    fn pile(&mut self, world: &World, resource: &Resource, waits: &[&'a Wait]) {
        let number = self.piles.len() as u32;
        let (first_hold, first_wait) = (self.holds.len() as u32, self.waits.len() as u32);
        let kind = resource.origin.kind;
        // The places of a channel are not held by those who sent: its messages have them.
        if kind != ResourceKind::Mpsc {
            for hold in &resource.usage.holds {
                self.hold(number, hold);
            }
        }
        for wait in waits {
            match (wait.granted, wait.task) {
                (Some(at), Some(id)) => self.granted(world, number, wait, at, id),
                (Some(_), None) => {}
                (None, id) => {
                    let task = id.map(|id| self.task(id));
                    let i = self.waits.len() as u32;
                    self.waits.push(Queued {
                        task,
                        pile: number,
                        wait,
                    });
                    if let Some(task) = task {
                        self.tasks[task as usize].waits.push(i);
                    }
                }
            }
        }
        if kind == ResourceKind::Mpsc {
            let first = self.waits.get(first_wait as usize).map(|first| first.wait);
            if let Some(id) = receiver(world, &resource.usage, first) {
                self.has(
                    number,
                    id,
                    Mode::Exclusive,
                    1,
                    resource.origin.created,
                    false,
                );
            }
        }
        let holds = first_hold..self.holds.len() as u32;
        let usage = &resource.usage;
        let outside = usage.holds.iter().any(|hold| hold.holder == Holder::NoTask);
        self.piles.push(Pile {
            id: resource.id,
            rule: rule(kind, usage),
            sure: usage.sureness != Sureness::Moved && kind != ResourceKind::Mpsc,
            mailbox: kind == ResourceKind::Mpsc,
            queue: first_wait..self.waits.len() as u32,
            others: usage.unlisted > 0 || outside,
            no_task: outside,
            holding: if kind == ResourceKind::Mpsc {
                0
            } else {
                holds.len() + usize::from(outside)
            },
            holds,
        });
    }

    fn hold(&mut self, pile: u32, hold: &Hold) {
        if let Holder::Task(id) = hold.holder {
            self.has(pile, id, hold.mode, hold.permits, hold.since, false);
        }
    }

    /// What was granted is had by the task, which gives it back only if it polls. If it was not polled since, it will be.
    fn granted(&mut self, world: &World, pile: u32, wait: &Wait, at: Stamp, id: TaskId) {
        let idle_since = world
            .task(id)
            .filter(|task| task.vitals.state == State::Idle)
            .map(|task| task.vitals.since);
        if idle_since.is_none_or(|since| since <= at) {
            // It counts as a holder that goes on.
            let task = self.task(id);
            self.tasks[task as usize].standing = Standing::Free;
        }
        self.has(pile, id, wait.mode, wait.permits, at, true);
        if idle_since.is_some_and(|since| since > at) {
            let parked = Parked {
                wait: wait.id,
                task: id,
                resource: wait.resource,
                since: at,
                waiting: 0,
                knot: None,
            };
            self.parked.push((pile, parked));
        }
    }

    fn has(&mut self, pile: u32, id: TaskId, mode: Mode, permits: u64, since: Stamp, parked: bool) {
        let task = self.task(id);
        self.tasks[task as usize]
            .holds
            .push(self.holds.len() as u32);
        self.holds.push(Has {
            task,
            pile,
            mode,
            permits,
            since,
            parked,
            given: false,
        });
    }

    fn task(&mut self, id: TaskId) -> u32 {
        *self.index.entry(id).or_insert_with(|| {
            self.tasks.push(Party {
                id,
                standing: Standing::Sure,
                waits: Vec::new(),
                holds: Vec::new(),
            });
            (self.tasks.len() - 1) as u32
        })
    }
}

/// How those who wait for a resource of this kind depend on those who have it.
fn rule(kind: ResourceKind, usage: &Usage) -> Rule {
    match kind {
        ResourceKind::Mutex | ResourceKind::RwLock | ResourceKind::OnceCell => Rule::All,
        ResourceKind::Mpsc => Rule::All,
        // A permit that was given back by a task which never took it may come from any task.
        ResourceKind::Semaphore if usage.sureness == Sureness::Exact && usage.unlisted == 0 => {
            Rule::Any
        }
        _ => Rule::Open,
    }
}

/// The task that receives from a channel: the one that received last. Where none did, the one that woke the first of
/// those who wait for a place: that is what a receiver does.
fn receiver(world: &World, usage: &Usage, first: Option<&Wait>) -> Option<TaskId> {
    let of_waker = || {
        let sender = world.task(first?.task?)?;
        match sender.vitals.last_waker {
            LastWaker::Task(id) => Some(id).filter(|id| *id != sender.id),
            LastWaker::Nobody | LastWaker::NoTask => None,
        }
    };
    usage.receiver.or_else(of_waker)
}

fn standing<'a>(world: &World, id: TaskId, waits: impl Iterator<Item = &'a Wait>) -> Standing {
    let Some(task) = world.task(id) else {
        return Standing::Free;
    };
    let (mut count, mut timed, mut newest) = (0_u32, false, Stamp(0));
    for wait in waits {
        count = count.saturating_add(1);
        timed |= wait.timed;
        newest = newest.max(wait.since);
    }
    if count == 0 || timed {
        return Standing::Free;
    }
    by_state(world, task, count, newest)
}

fn by_state(world: &World, task: &Task, waits: u32, newest: Stamp) -> Standing {
    let kind = world.site(task.birth.site).map(|site| site.kind);
    let vitals = &task.vitals;
    match (vitals.state, kind.unwrap_or_default()) {
        // A thread in `blocking_lock`: in the middle of its only poll. Whether the wait is what it does can't be told.
        (State::Running, Kind::Blocking) => Standing::Unsure,
        // Idle since before it waited: the one is older news than the other.
        (State::Idle, _) if vitals.since < newest => Standing::Free,
        (State::Idle, Kind::BlockOn | Kind::Blocking) => Standing::Unsure,
        // Each wait in a queue has one waker; whoever has one more can wake it too.
        (State::Idle, _) if vitals.wakers <= waits => Standing::Sure,
        _ => Standing::Free,
    }
}
