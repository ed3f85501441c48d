//! The table of spawn places.

use taskscope_model::World;
use taskscope_model::query::{Filter, Group, GroupColumn, by_place, sort_groups};

use super::cursor::{Cursor, Settled};
use super::table::Place;

/// The table of spawn places.
#[derive(Clone, Debug)]
pub(super) struct GroupTable {
    /// What it is sorted by.
    pub(super) column: GroupColumn,
    /// Largest first.
    pub(super) descending: bool,
    /// How many columns are left out after the first.
    pub(super) shift: usize,
    /// Which row is selected.
    pub(super) cursor: Cursor<Place>,
    groups: Vec<Group>,
    keys: Vec<Place>,
}

impl Default for GroupTable {
    fn default() -> Self {
        Self {
            column: GroupColumn::Live,
            descending: true,
            shift: 0,
            cursor: Cursor::default(),
            groups: Vec::new(),
            keys: Vec::new(),
        }
    }
}

impl GroupTable {
    /// The places, in order.
    pub(super) fn rows(&self) -> &[Group] {
        &self.groups
    }

    /// The selected place.
    pub(super) fn selected(&self) -> Option<&Place> {
        self.keys.get(self.cursor.at())
    }

    /// Forgets the rows, for another process.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
        self.keys.clear();
        self.cursor.release();
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
        self.groups = by_place(world, filter);
        sort_groups(&mut self.groups, self.column, self.descending);
        let key = |group: &Group| Place {
            file: group.file.clone(),
            line: group.line,
        };
        self.keys = self.groups.iter().map(key).collect();
        self.cursor.settle(&self.keys, height)
    }
}

/// Whether a column's largest values come first when it is chosen.
pub(super) fn descends(column: GroupColumn) -> bool {
    !matches!(column, GroupColumn::Place | GroupColumn::Kind)
}
