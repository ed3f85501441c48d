//! Reading a world piece by piece, over and over, at the cost of what changed.
//!
//! The tasks of a world lie in numbered blocks. A task stays in its block for as long as it is listed, except where the
//! world gives back the room of a burst ([`World::moved`]). So whoever visits each block once, with other changes applied
//! between the visits but no such move, has seen every task that was listed all the while. Neither side keeps a list of
//! what is still to be told, however long a reader takes.

use super::{BLOCK, World};
use crate::{Revision, Task};

/// Some of the tasks of a world.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    tasks: &'a [Option<Task>],
    changed: Revision,
}

impl<'a> Block<'a> {
    /// When a task of this block last changed or came to it. Tasks that are no longer listed do not count.
    #[must_use]
    pub fn changed(&self) -> Revision {
        self.changed
    }

    /// The tasks that are listed: at most 64.
    pub fn tasks(&self) -> impl Iterator<Item = &'a Task> + use<'a> {
        self.tasks.iter().flatten()
    }
}

impl World {
    /// How many blocks there are.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.touched.len()
    }

    /// When tasks last changed their blocks. Whoever is in the middle of a visit to all blocks has to begin anew.
    #[must_use]
    pub fn moved(&self) -> Revision {
        self.moved
    }

    /// The block with this number, counted from 0; `None` beyond the last one.
    #[must_use]
    pub fn block(&self, number: usize) -> Option<Block<'_>> {
        let changed = *self.touched.get(number)?;
        let from = number * BLOCK;
        let to = self.tasks.len().min(from + BLOCK);
        Some(Block {
            tasks: self.tasks.get(from..to)?,
            changed,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Birth, Change, SiteId, Stamp, State, TaskId, Vitals, World};

    fn born(number: u64) -> Change {
        let birth = Birth {
            tokio_id: None,
            parent: None,
            name: None,
            site: SiteId(0),
            created: Stamp(0),
        };
        Change::Born(
            TaskId::new(number).expect("not 0"),
            Box::new(birth),
            Vitals::at_birth(Stamp(0)),
        )
    }

    fn world(tasks: u64) -> World {
        let mut world = World::new();
        (1..=tasks).for_each(|number| world.apply(born(number)));
        world
    }

    #[test]
    fn the_blocks_hold_each_task_once() {
        let world = world(1000);
        let mut seen: Vec<_> = (0..)
            .map_while(|n| world.block(n))
            .flat_map(|b| b.tasks().map(|t| t.id.number()))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (1..=1000).collect::<Vec<_>>());
    }

    #[test]
    fn only_the_block_of_a_changed_task_is_touched() {
        let mut world = world(1000);
        let before = world.revision();
        let vitals = Vitals {
            state: State::Idle,
            ..Vitals::at_birth(Stamp(5))
        };
        world.apply(Change::Lived(TaskId::new(500).expect("not 0"), vitals));
        let touched: Vec<_> = (0..)
            .map_while(|n| world.block(n))
            .filter(|b| b.changed() > before)
            .collect();
        assert_eq!(touched.len(), 1);
        assert!(touched[0].tasks().any(|t| t.id.number() == 500));
    }

    #[test]
    fn a_task_keeps_its_block_while_others_come_and_go() {
        let mut world = world(200);
        let block_of = |world: &World, number| {
            (0..)
                .map_while(|n| world.block(n))
                .position(|b| b.tasks().any(|t| t.id.number() == number))
        };
        let before = block_of(&world, 150);
        (1..150).for_each(|number| world.apply(Change::Gone(TaskId::new(number).expect("not 0"))));
        (1000..1050).for_each(|number| world.apply(born(number)));
        assert_eq!(block_of(&world, 150), before);
    }

    #[test]
    fn a_move_is_told_and_keeps_what_is_known_of_the_blocks() {
        let mut world = world(10_000);
        assert_eq!(world.moved(), crate::Revision(0));
        for number in (1..=10_000).filter(|number| number % 10 != 0) {
            world.apply(Change::Gone(TaskId::new(number).expect("not 0")));
        }
        assert!(world.moved() > crate::Revision(10_000));
        let blocks: Vec<_> = (0..).map_while(|n| world.block(n)).collect();
        assert_eq!(blocks.len(), world.blocks());
        assert!(blocks.len() < 10_000 / 64);
        for block in &blocks {
            let newest = block.tasks().map(|task| task.changed()).max();
            assert!(newest.is_none_or(|newest| newest <= block.changed()));
        }
        let listed = blocks.iter().flat_map(super::Block::tasks).count();
        assert_eq!((listed, world.len()), (1000, 1000));
    }
}
