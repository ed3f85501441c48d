//! Tasks added up by the places at which they wait, or do not return from a poll.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::{
    Await, Doing, PlaceId, ResourceId, ResourceKind, Stack, StackId, State, Task, TaskId, World,
};

/// The tasks that wait at the same places, or are stuck at the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackGroup {
    /// Which, the oldest first; at least one.
    pub tasks: Vec<TaskId>,
    /// Where.
    pub at: At,
    /// What tells it from other groups of the same session, whichever tasks it has at the time.
    pub key: StackKey,
}

/// What tells groups apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StackKey(GroupKey);

/// Where the tasks of a group are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// They wait at all of these places at once, as `join!` and `select!` make it; at least one. Or they are in a poll that
    /// does not return, and [doing](Spot::doing) something at the only one.
    Spots(Vec<Spot>),
    /// At none that is known.
    Nowhere(Nowhere),
}

/// Why no place is known at which a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nowhere {
    /// It was not polled yet.
    NeverPolled,
    /// It is in a poll, or its closure runs: it does not wait, and was not looked at, or not for long enough.
    InPoll,
    /// No stack of it was caught.
    NotKnown,
}

impl Nowhere {
    /// The words that screens and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverPolled => "never polled",
            Self::InPoll => "in a poll",
            Self::NotKnown => "not known",
        }
    }
}

/// One place at which all tasks of a group are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// One of the stacks that lead there; `None` where none was caught.
    pub stack: Option<StackId>,
    /// Its frames; `None` where it was not caught, or is not named (yet).
    pub frames: Option<Arc<Stack>>,
    /// What kind of resource they wait for there and where those were made, where that is the same for all.
    pub what: Option<(ResourceKind, PlaceId)>,
    /// The resource, where all wait for the same one.
    pub resource: Option<ResourceId>,
    /// Whether all of them are still there, as far as is known.
    pub sure: bool,
    /// What they do there, in a poll that does not return; `None` where they wait.
    pub doing: Option<Doing>,
}

impl Spot {
    /// The same as a place of one task.
    #[must_use]
    pub const fn place(&self) -> Await {
        Await {
            stack: self.stack,
            wait: None,
            sure: self.sure,
        }
    }
}

/// What makes two places one: equal frames, else the stack's own number, else what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    /// Frames, by the smallest number of the stacks that have them.
    Frames(u32),
    /// A stack without a name.
    Stack(u32),
    /// No stack.
    Unseen(Option<(ResourceKind, PlaceId)>),
}

/// What makes two tasks one group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum GroupKey {
    /// In a poll, what is done there makes a difference, too.
    Spots(Vec<Key>, Option<Doing>),
    Nowhere(Nowhere),
}

/// Adds tasks up by the places at which they wait, or are stuck in a poll: the largest group first, then the one with the
/// oldest task. Ended tasks are left out. The order in which the tasks come does not matter.
#[must_use]
pub fn by_stack<'a>(world: &World, tasks: impl IntoIterator<Item = &'a Task>) -> Vec<StackGroup> {
    let mut names = Names::default();
    let mut groups: HashMap<GroupKey, Building<'a>, FixedState> = HashMap::default();
    for task in tasks {
        if task.vitals.state.has_ended() {
            continue;
        }
        let (key, spots) = names.of(task, world);
        match groups.entry(key) {
            Entry::Occupied(known) => known.into_mut().add(task, spots),
            Entry::Vacant(new) => {
                new.insert(Building {
                    tasks: vec![task],
                    spots,
                });
            }
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    for (_, group) in &mut groups {
        group
            .tasks
            .sort_by_key(|task| (task.birth.created, task.id));
    }
    groups.sort_by_key(|(_, group)| {
        let oldest = group
            .tasks
            .first()
            .map(|task| (task.birth.created, task.id));
        (std::cmp::Reverse(group.tasks.len()), oldest)
    });
    let built = groups.into_iter().map(|(key, group)| StackGroup {
        tasks: group.tasks.iter().map(|task| task.id).collect(),
        at: match &key {
            GroupKey::Spots(..) => At::Spots(group.spots),
            GroupKey::Nowhere(why) => At::Nowhere(*why),
        },
        key: StackKey(key),
    });
    built.collect()
}

/// Why no place is known at which a task waits that has none.
#[must_use]
pub fn nowhere(task: &Task) -> Nowhere {
    match (task.vitals.state, task.vitals.polls) {
        (State::Running, _) => Nowhere::InPoll,
        (State::Scheduled, 0) => Nowhere::NeverPolled,
        _ => Nowhere::NotKnown,
    }
}

/// A group that is not complete yet.
struct Building<'a> {
    tasks: Vec<&'a Task>,
    spots: Vec<Spot>,
}

impl<'a> Building<'a> {
    fn add(&mut self, task: &'a Task, spots: Vec<Spot>) {
        self.tasks.push(task);
        for (known, new) in self.spots.iter_mut().zip(spots) {
            // Whichever came first, the outcome is the same.
            known.stack = known.stack.min(new.stack);
            known.sure &= new.sure;
            known.what = known.what.filter(|what| new.what == Some(*what));
            known.resource = known.resource.filter(|id| new.resource == Some(*id));
        }
    }
}

/// Which stacks are one.
#[derive(Default)]
struct Names {
    keys: HashMap<StackId, Key, FixedState>,
    frames: Option<HashMap<Arc<Stack>, u32, FixedState>>,
}

impl Names {
    /// Where a task is, and what makes that the same as elsewhere.
    fn of(&mut self, task: &Task, world: &World) -> (GroupKey, Vec<Spot>) {
        let doing = world.present_poll(task).map(|poll| &poll.doing);
        let awaits = world.whereabouts(task);
        if awaits.is_empty() {
            return (GroupKey::Nowhere(nowhere(task)), Vec::new());
        }
        let mut spots: Vec<_> = awaits
            .into_iter()
            .map(|place| {
                let wait = place.wait.and_then(|id| world.waits().get(id));
                let resource = wait.and_then(|wait| world.resource(wait.resource));
                let what = resource.map(|of| (of.origin.kind, of.origin.place));
                let spot = Spot {
                    stack: place.stack,
                    frames: place.stack.and_then(|id| world.stack(id)).cloned(),
                    what,
                    resource: resource.map(|of| of.id),
                    sure: place.sure,
                    doing: doing.cloned(),
                };
                let key = match place.stack {
                    Some(id) => self.key(id, world),
                    None => Key::Unseen(what),
                };
                (key, spot)
            })
            .collect();
        spots.sort_by_key(|(key, spot)| (*key, spot.what, spot.resource, !spot.sure));
        let (keys, spots): (Vec<_>, _) = spots.into_iter().unzip();
        (GroupKey::Spots(keys, doing.cloned()), spots)
    }

    fn key(&mut self, id: StackId, world: &World) -> Key {
        // The smallest number of equal stacks stands for them, whichever is met first.
        let frames = self.frames.get_or_insert_with(|| {
            let mut frames: HashMap<Arc<Stack>, u32, FixedState> = HashMap::default();
            for (id, stack) in world.stacks() {
                let least = frames.entry(Arc::clone(stack)).or_insert(id.number());
                *least = id.number().min(*least);
            }
            frames
        });
        *self.keys.entry(id).or_insert_with(|| {
            let known = world.stack(id).filter(|stack| !stack.frames.is_empty());
            match known.and_then(|stack| frames.get(stack)) {
                Some(least) => Key::Frames(*least),
                None => Key::Stack(id.number()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
