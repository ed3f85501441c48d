//! Stacks, and at which of them a task waits.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::World;
use crate::{Await, LongPoll, Revision, Stack, StackId, State, Task};

/// Stacks beyond this many are not kept.
const MAX_STACKS: usize = 1 << 15;

/// The stacks that were told.
#[derive(Clone, Debug, Default)]
pub(super) struct Stacks {
    known: HashMap<StackId, (Revision, Arc<Stack>), FixedState>,
    changed: Revision,
}

impl Stacks {
    pub(super) fn put(&mut self, id: StackId, stack: Arc<Stack>, at: Revision) {
        if self.known.len() < MAX_STACKS || self.known.contains_key(&id) {
            self.known.insert(id, (at, stack));
            self.changed = at;
        }
    }
}

impl World {
    /// A stack; `None` where its frames were not told (yet).
    #[must_use]
    pub fn stack(&self, id: StackId) -> Option<&Arc<Stack>> {
        self.stacks.known.get(&id).map(|(_, stack)| stack)
    }

    /// All stacks that were told, in no particular order.
    pub fn stacks(&self) -> impl Iterator<Item = (StackId, &Arc<Stack>)> {
        self.stacks
            .known
            .iter()
            .map(|(id, (_, stack))| (*id, stack))
    }

    /// The stacks that were told after `cursor`, in no particular order.
    pub fn stacks_after(&self, cursor: Revision) -> impl Iterator<Item = (StackId, &Arc<Stack>)> {
        // Most of the time none is new, and none is looked at.
        let any = (self.stacks.changed > cursor).then_some(&self.stacks.known);
        any.into_iter()
            .flatten()
            .filter(move |(_, (at, _))| *at > cursor)
            .map(|(id, (_, stack))| (*id, stack))
    }

    /// The places at which a task waits, those that are sure first. None where it has ended or was never polled, and where
    /// nothing is caught.
    ///
    /// Waits for resources are told one by one. Of the others it is known where the task left its waker and how many of its
    /// wakers exist. Where there are as many as places, those of the last poll in which it left one are sure. Where there are
    /// fewer, some of the places are over, and nobody tells which: none is sure.
    #[must_use]
    pub fn awaits(&self, task: &Task) -> Vec<Await> {
        if task.vitals.state.has_ended() {
            return Vec::new();
        }
        let waits = self.waits_of(task.id).map(|wait| Await {
            stack: wait.stack,
            wait: Some(wait.id),
            // Who was given it and does not come for it may be anywhere else.
            sure: wait.granted.is_none(),
        });
        let mut found: Vec<Await> = waits.collect();
        let resources = found.len();
        let mut left = Vec::new();
        for (stack, age) in task.vitals.leaves.iter() {
            if found.iter().any(|known| self.is_same(known.stack, stack)) {
                continue;
            }
            left.push(age);
            found.push(Await {
                stack: Some(stack),
                wait: None,
                sure: false,
            });
        }
        // Each of those has a waker too.
        let wakers = usize::try_from(task.vitals.wakers).unwrap_or(usize::MAX);
        let room = wakers.saturating_sub(resources);
        let newest = left.first().copied().unwrap_or(0);
        let is_clear = left.len() <= room;
        if room == 0 {
            found.truncate(resources);
        }
        for (place, age) in found[resources..].iter_mut().zip(left) {
            // What it waits for now it has polled last, resources too.
            place.sure = age == newest && age < u8::MAX && is_clear && (resources == 0 || age == 0);
        }
        found.sort_by_key(|place| !place.sure);
        found
    }

    /// How many wakers of a task wait at places that are not kept, as far as can be known: 0 where all places are.
    #[must_use]
    pub fn unkept(&self, task: &Task) -> u64 {
        let wakers = u64::from(task.vitals.wakers);
        if task.vitals.leaves.is_full() {
            wakers.saturating_sub(self.awaits(task).len() as u64)
        } else {
            0
        }
    }

    /// Where a task is: in a poll that does not return, at the place where that was last seen; else at the places at which
    /// it [waits](Self::awaits).
    #[must_use]
    pub fn whereabouts(&self, task: &Task) -> Vec<Await> {
        if task.vitals.state == State::Running {
            // What it waited for is over.
            let seen = self.present_poll(task).and_then(LongPoll::place);
            return seen.into_iter().collect();
        }
        self.awaits(task)
    }

    fn is_same(&self, a: Option<StackId>, b: StackId) -> bool {
        let Some(a) = a else { return false };
        a == b
            // The first poll of an await and a later one run different machine code.
            || self.stack(a).is_some_and(|a| !a.frames.is_empty() && Some(a) == self.stack(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Script, stack_id, task};
    use crate::{Birth, Change, Frame, Leaves, Place, SiteId, Stamp, State, TaskId, Vitals};

    fn id(number: u32) -> StackId {
        StackId::new(number).expect("not 0")
    }

    fn awaits(wakers: u32, leaves: &[(u32, u8)], stacks: &[(u32, u32)]) -> Vec<(u32, bool)> {
        let mut world = World::new();
        for (number, line) in stacks {
            let frame = Frame {
                place: Place {
                    line: *line,
                    ..Place::default()
                },
                ..Frame::default()
            };
            let stack = Stack {
                frames: vec![frame],
                whole: true,
            };
            world.apply(Change::Stack(id(*number), Arc::new(stack)));
        }
        let birth = Birth {
            tokio_id: None,
            parent: None,
            name: None,
            site: SiteId(0),
            created: Stamp(0),
        };
        let vitals = Vitals {
            state: State::Idle,
            wakers,
            leaves: Leaves::new(leaves.iter().map(|(stack, age)| (id(*stack), *age))),
            ..Vitals::at_birth(Stamp(0))
        };
        world.apply(Change::Born(TaskId::FIRST, Box::new(birth), vitals));
        let task = world.task(TaskId::FIRST).expect("told");
        let places = world.awaits(task).into_iter();
        places
            .filter_map(|place| Some((place.stack?.number(), place.sure)))
            .collect()
    }

    #[test]
    fn as_many_places_as_wakers_are_sure() {
        assert_eq!(awaits(0, &[(1, 0), (2, 0)], &[]), []);
        assert_eq!(awaits(1, &[(1, 0)], &[]), [(1, true)]);
        assert_eq!(awaits(2, &[(1, 1), (2, 1)], &[]), [(1, true), (2, true)]);
        assert_eq!(awaits(5, &[(1, 0), (2, 0)], &[]), [(1, true), (2, true)]);
    }

    #[test]
    fn what_is_older_is_not_sure() {
        assert_eq!(awaits(2, &[(1, 3), (2, 7)], &[]), [(1, true), (2, false)]);
        assert_eq!(
            awaits(2, &[(1, 255), (2, 255)], &[]),
            [(1, false), (2, false)]
        );
    }

    #[test]
    fn which_of_more_places_is_left_is_not_sure() {
        // A timer leaves its waker anew in the poll that finds it over, and the future beside it keeps its own.
        for ages in [[0, 1], [1, 1], [0, 0]] {
            let leaves = [(1, ages[0]), (2, ages[1])];
            assert_eq!(awaits(1, &leaves, &[]), [(1, false), (2, false)]);
        }
    }

    #[test]
    fn only_so_many_places_are_kept() {
        let unkept = |wakers, leaves: &[(u32, u8)]| {
            let mut script = Script::new();
            script.task(1).vitals(1, |vitals| {
                vitals.wakers = wakers;
                vitals.leaves = Leaves::new(leaves.iter().map(|(id, age)| (stack_id(*id), *age)));
            });
            let task = script.world.task(task(1)).expect("born");
            script.world.unkept(task)
        };
        let four = [(1, 0), (2, 0), (3, 0), (4, 0)];
        assert_eq!(unkept(9, &four), 5);
        assert_eq!(unkept(4, &four), 0);
        assert_eq!(unkept(2, &four), 0);
        assert_eq!(unkept(9, &four[..3]), 0);
    }

    #[test]
    fn one_line_is_one_place() {
        assert_eq!(
            awaits(3, &[(1, 0), (2, 0), (3, 0)], &[(1, 7), (2, 7), (3, 9)]),
            [(1, true), (3, true)]
        );
    }
}
