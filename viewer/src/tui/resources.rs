//! The table of resources. Its rows are computed now and then, not for each frame.

use taskscope_model::query::{Queue, Queues, ResourceColumn, ResourceFilter, ResourceOrder};
use taskscope_model::{ResourceId, World};

use super::cursor::{Cursor, Settled};

/// The table of resources.
#[derive(Clone, Debug, Default)]
pub(super) struct ResourceTable {
    /// Which resources are wanted.
    pub(super) filter: ResourceFilter,
    /// In which order.
    pub(super) order: ResourceOrder,
    /// How many columns are left out after the first.
    pub(super) shift: usize,
    /// Which row is selected.
    pub(super) cursor: Cursor<ResourceId>,
    /// Filters that were used, the last one last.
    pub(super) history: Vec<String>,
    rows: Vec<ResourceId>,
    queues: Queues,
}

impl ResourceTable {
    /// The resources to show, in order.
    pub(super) fn rows(&self) -> &[ResourceId] {
        &self.rows
    }

    /// Who waits for a resource, as of when the rows were computed.
    pub(super) fn queue(&self, id: ResourceId) -> Queue {
        self.queues.at(id)
    }

    /// The selected resource.
    pub(super) fn selected(&self) -> Option<ResourceId> {
        self.rows.get(self.cursor.at()).copied()
    }

    /// Forgets the rows, for another process.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.queues = Queues::default();
        self.cursor.release();
    }

    /// Moves the selection by so many rows.
    pub(super) fn step(&mut self, by: isize, height: usize) {
        self.cursor.step(by, &self.rows, height);
    }

    /// Moves what is shown by so many rows.
    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        self.cursor.scroll(by, &self.rows, height);
    }

    /// Selects a row.
    pub(super) fn select(&mut self, row: usize, height: usize) {
        self.cursor.select(row, &self.rows, height);
    }

    /// Computes the rows anew.
    pub(super) fn refresh(&mut self, world: &World, height: usize) -> Settled {
        self.queues = Queues::of(world);
        let matches = |id| self.queues.at(id);
        let mut rows: Vec<_> = world
            .resources()
            .iter()
            .filter(|resource| self.filter.matches(resource, matches(resource.id), world))
            .collect();
        self.order.sort(&mut rows, world, &self.queues);
        self.rows.clear();
        self.rows
            .extend(rows.into_iter().map(|resource| resource.id));
        self.cursor.settle(&self.rows, height)
    }
}

/// Whether a column's largest values come first when it is chosen.
pub(super) fn descends(column: ResourceColumn) -> bool {
    use ResourceColumn::{Free, Id, Kind, Place};
    !matches!(column, Kind | Place | Id | Free)
}
