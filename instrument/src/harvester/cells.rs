//! Who initializes a `OnceCell`, as far as it is known: while somebody waits for it.
//!
//! A cell is a semaphore with one permit, and tokio does not tell when a cell is set: whoever sets it forgets the permit
//! without a word. Only who waits for a cell shows that it is not set yet, since nobody waits for one that is.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use taskscope_model::{Change, Resource, ResourceId, ResourceKind, WaitId};

/// The cells that live. See the [module](self).
#[derive(Debug, Default)]
pub(super) struct Cells {
    cells: HashMap<ResourceId, Cell, FixedState>,
    // Of the waits, those for cells.
    waits: HashMap<WaitId, ResourceId, FixedState>,
}

#[derive(Debug)]
struct Cell {
    last: Box<Resource>,
    waiting: usize,
}

impl Cell {
    fn now(&self) -> Change {
        let mut resource = self.last.clone();
        if self.waiting == 0 {
            resource.usage.holds.clear();
            (resource.usage.unlisted, resource.usage.free) = (0, None);
        }
        Change::Resource(resource)
    }
}

impl Cells {
    /// Adds a change to `changes`. Those of cells are told without holders while nobody waits, and are told anew when
    /// that changes.
    pub(super) fn pass(&mut self, change: Change, changes: &mut Vec<Change>) {
        match change {
            Change::Resource(last) if last.origin.kind == ResourceKind::OnceCell => {
                let waiting = self.cells.get(&last.id).map_or(0, |cell| cell.waiting);
                let (id, cell) = (last.id, Cell { last, waiting });
                changes.push(cell.now());
                self.cells.insert(id, cell);
                return;
            }
            Change::ResourceGone(id) => _ = self.cells.remove(&id),
            Change::Wait(wait) => {
                if let Some(cell) = self.cells.get_mut(&wait.resource)
                    && self.waits.insert(wait.id, wait.resource).is_none()
                {
                    cell.waiting += 1;
                    if cell.waiting == 1 {
                        changes.push(cell.now());
                    }
                }
            }
            Change::WaitOver(id) => {
                if let Some(resource) = self.waits.remove(&id)
                    && let Some(cell) = self.cells.get_mut(&resource)
                {
                    cell.waiting = cell.waiting.saturating_sub(1);
                    if cell.waiting == 0 {
                        changes.push(cell.now());
                    }
                }
            }
            _ => {}
        }
        changes.push(change);
    }
}

#[cfg(test)]
mod tests {
    use taskscope_model::{
        Change, Hold, Holder, Mode, Origin, PlaceId, Resource, ResourceId, ResourceKind, Stamp,
        Usage, Wait, WaitId,
    };

    use super::Cells;

    fn taken(kind: ResourceKind) -> Change {
        let hold = Hold {
            holder: Holder::NoTask,
            mode: Mode::Permits,
            permits: 1,
            since: Stamp(1),
            awaits: 1,
            stack: None,
        };
        Change::Resource(Box::new(Resource {
            id: ResourceId::new(7).unwrap(),
            origin: Origin {
                kind,
                place: PlaceId(0),
                created: Stamp(1),
                creator: None,
            },
            usage: Usage {
                holds: vec![hold],
                free: Some(0),
                ..Usage::default()
            },
        }))
    }

    fn wait(number: u64) -> Change {
        Change::Wait(Wait {
            id: WaitId::new(number).unwrap(),
            resource: ResourceId::new(7).unwrap(),
            task: None,
            mode: Mode::Permits,
            permits: 1,
            since: Stamp(1),
            polled: Stamp(1),
            order: number,
            granted: None,
            timed: false,
            stack: None,
        })
    }

    /// How many holders each change tells of, where it is about a resource.
    fn holders(changes: Vec<Change>) -> Vec<Option<usize>> {
        let told = |change: Change| match change {
            Change::Resource(resource) => Some(resource.usage.holds.len()),
            _ => None,
        };
        changes.into_iter().map(told).collect()
    }

    #[test]
    fn who_initializes_a_cell_is_told_while_somebody_waits() {
        let mut cells = Cells::default();
        let mut told = |change| {
            let mut changes = Vec::new();
            cells.pass(change, &mut changes);
            holders(changes)
        };
        let over = |number| Change::WaitOver(WaitId::new(number).unwrap());
        assert_eq!(told(taken(ResourceKind::OnceCell)), [Some(0)]);
        assert_eq!(told(wait(1)), [Some(1), None]);
        assert_eq!(told(wait(1)), [None], "it is the same wait, told again");
        assert_eq!(told(wait(2)), [None]);
        assert_eq!(told(taken(ResourceKind::OnceCell)), [Some(1)]);
        assert_eq!(told(over(1)), [None]);
        assert_eq!(told(over(2)), [Some(0), None]);
        assert_eq!(told(over(2)), [None]);
        let gone = Change::ResourceGone(ResourceId::new(7).unwrap());
        assert_eq!(told(gone), [None]);
        assert_eq!(told(wait(3)), [None]);
        assert!(cells.cells.is_empty() && cells.waits.is_empty());
    }

    #[test]
    fn what_is_no_cell_is_told_as_it_is() {
        let mut cells = Cells::default();
        let mut changes = Vec::new();
        for change in [taken(ResourceKind::Semaphore), wait(1)] {
            cells.pass(change, &mut changes);
        }
        assert_eq!(holders(changes), [Some(1), None]);
    }
}
