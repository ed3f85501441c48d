//! The table of the places at which tasks wait.

use taskscope_model::World;
use taskscope_model::query::{Filter, StackGroup, StackKey, by_stack};

use super::cursor::{Cursor, Settled};

/// The table of the places at which tasks wait, most tasks first.
#[derive(Clone, Debug, Default)]
pub(super) struct StackTable {
    /// Which row is selected.
    pub(super) cursor: Cursor<StackKey>,
    groups: Vec<StackGroup>,
    keys: Vec<StackKey>,
    tasks: usize,
}

impl StackTable {
    /// The groups, in order.
    pub(super) fn rows(&self) -> &[StackGroup] {
        &self.groups
    }

    /// How many tasks they have together.
    pub(super) fn tasks(&self) -> usize {
        self.tasks
    }

    /// The selected group.
    pub(super) fn selected(&self) -> Option<&StackGroup> {
        self.groups.get(self.cursor.at())
    }

    /// Forgets the rows, for another process.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Moves the selection by so many rows.
    pub(super) fn step(&mut self, by: isize, height: usize) {
        self.cursor.step(by, &self.keys, height);
    }

    /// Moves what is shown by so many rows.
    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        self.cursor.scroll(by, &self.keys, height);
    }

    /// Selects a row.
    pub(super) fn select(&mut self, row: usize, height: usize) {
        self.cursor.select(row, &self.keys, height);
    }

    /// Computes the rows anew.
    pub(super) fn refresh(&mut self, world: &World, filter: &Filter, height: usize) -> Settled {
        let matching = world.tasks().filter(|task| filter.matches(task, world));
        self.groups = by_stack(world, matching);
        self.tasks = self.groups.iter().map(|group| group.tasks.len()).sum();
        self.keys = self.groups.iter().map(|group| group.key.clone()).collect();
        self.cursor.settle(&self.keys, height)
    }
}
