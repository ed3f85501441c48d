//! The table of tasks: which of them, in which order, and which is selected. Its rows are computed now and then, not
//! for each frame.

use std::collections::HashSet;
use std::sync::Arc;

use taskscope_model::query::{Column, Filter, Order, StackKey, by_stack};
use taskscope_model::{Site, State, Task, TaskId, World};

use super::cursor::{Cursor, Settled};
use crate::text::{fit, is_named, label, path};

/// A place in the source where tasks are spawned; the file is empty where it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: Arc<str>,
    pub(super) line: u32,
}

/// Which tasks a table is about, before any filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// Those that were spawned there.
    Place(Place),
    /// Those that wait there, and what that is called.
    Stack(StackKey, String),
}

impl Within {
    /// What it is called, in so many columns. Safe for a terminal.
    pub(super) fn name(&self, columns: usize) -> String {
        match self {
            Self::Place(place) => path(&place.file, place.line, columns),
            Self::Stack(_, name) => fit(name, columns),
        }
    }
}

impl Place {
    /// Whether a site is of this place. Sites whose file is not known are all of one place.
    fn is_of(&self, site: &Site) -> bool {
        site.file == self.file && (site.line == self.line || site.file.is_empty())
    }
}

/// The table of tasks.
#[derive(Clone, Debug)]
pub(super) struct TaskTable {
    /// Which tasks are wanted.
    pub(super) filter: Filter,
    /// In which order.
    pub(super) order: Order,
    /// Ended ones too.
    pub(super) show_ended: bool,
    /// Only those of this place.
    pub(super) within: Option<Within>,
    /// How many columns are left out after the first.
    pub(super) shift: usize,
    /// Which row is selected.
    pub(super) cursor: Cursor<TaskId>,
    rows: Vec<TaskId>,
    candidates: usize,
    hidden: usize,
    id_digits: u16,
    names: bool,
    waits: bool,
    /// What the selected task is called, for when it is gone.
    label: String,
}

impl TaskTable {
    pub(super) fn new(filter: Filter, order: Option<Order>) -> Self {
        Self {
            filter,
            order: order.unwrap_or(Order {
                column: Column::Busy,
                descending: true,
            }),
            show_ended: false,
            within: None,
            shift: 0,
            cursor: Cursor::default(),
            rows: Vec::new(),
            candidates: 0,
            hidden: 0,
            id_digits: 1,
            names: false,
            waits: false,
            label: String::new(),
        }
    }

    /// The tasks to show, in order.
    pub(super) fn rows(&self) -> &[TaskId] {
        &self.rows
    }

    /// How many there would be without the filter.
    pub(super) fn candidates(&self) -> usize {
        self.candidates
    }

    /// How many ended tasks match, but are not shown because they have ended.
    pub(super) fn hidden(&self) -> usize {
        self.hidden
    }

    /// The digits of the largest of their tokio ids.
    pub(super) fn id_digits(&self) -> u16 {
        self.id_digits
    }

    /// Whether one of them has a name, or had one: a column must not come and go with single tasks.
    pub(super) fn has_names(&self) -> bool {
        self.names
    }

    /// Whether it is known of anybody what or where it waits for, or was: waits come and go, and a column must not with them.
    pub(super) fn has_waits(&self) -> bool {
        self.waits
    }

    /// The selected task.
    pub(super) fn selected(&self) -> Option<TaskId> {
        self.rows.get(self.cursor.at()).copied()
    }

    /// Whether ended tasks are shown: by wish, or because the filter asks for them.
    pub(super) fn shows_ended(&self) -> bool {
        self.show_ended || asks_for_ended(&self.filter.to_string())
    }

    /// Forgets the rows, for another process.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.within = None;
        self.cursor.release();
        self.candidates = 0;
        self.hidden = 0;
        self.names = false;
        self.waits = false;
    }

    /// The person wants other rows: whether there are names among them is not known.
    pub(super) fn forget_names(&mut self) {
        self.names = false;
    }

    /// Computes the rows anew. Says what became of the selection where it was lost.
    pub(super) fn refresh(&mut self, world: &World, height: usize) -> Option<String> {
        let ended = self.shows_ended();
        let place = match &self.within {
            Some(Within::Place(place)) => Some(place),
            _ => None,
        };
        let waiting = match &self.within {
            Some(Within::Stack(key, _)) => Some(waiting_at(key, world)),
            _ => None,
        };
        // By site first: that needs no look at the file's name for each task.
        let here: Vec<bool> = world
            .sites()
            .map(|(_, site)| place.is_some_and(|place| place.is_of(site)))
            .collect();
        let is_here = |task: &Task| {
            waiting.as_ref().is_none_or(|ids| ids.contains(&task.id))
                && place.is_none_or(|place| {
                    here.get(task.birth.site.0 as usize)
                        .copied()
                        .unwrap_or(place.file.is_empty())
                })
        };
        (self.candidates, self.hidden) = (0, 0);
        let mut tasks = Vec::with_capacity(self.rows.len());
        for task in world.tasks().filter(|task| is_here(task)) {
            let shown = ended || !task.vitals.state.has_ended();
            self.candidates += usize::from(shown);
            if self.filter.matches(task, world) {
                if shown {
                    tasks.push(task)
                } else {
                    self.hidden += 1
                }
            }
        }
        self.order.sort(&mut tasks, world);
        self.rows.clear();
        self.rows.extend(tasks.iter().map(|task| task.id));
        let largest = tasks.iter().filter_map(|task| task.birth.tokio_id).max();
        self.id_digits = largest.map_or(1, |id| id.ilog10() as u16 + 1);
        self.names = self.names || tasks.iter().any(|task| is_named(task, world));
        self.waits = self.waits || !world.waits().is_empty() || world.stacks().next().is_some();
        let before = self.cursor.chosen().copied();
        let lost = (self.cursor.settle(&self.rows, height) == Settled::Lost).then(|| {
            let gone = before.and_then(|id| world.task(id));
            match gone.map(|task| task.vitals.state) {
                None => format!("{} is gone: the target no longer keeps it", self.label),
                Some(state) if state.has_ended() && !ended => {
                    format!("{} has ended ({state}): e shows ended tasks", self.label)
                }
                Some(_) => format!("{} no longer matches the filter", self.label),
            }
        });
        self.remember(world);
        lost
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

    /// Remembers what the selected task is called.
    pub(super) fn remember(&mut self, world: &World) {
        if let Some(task) = self.cursor.chosen().and_then(|id| world.task(*id)) {
            self.label = label(task, world);
        }
    }
}

/// The tasks that wait there now.
fn waiting_at(key: &StackKey, world: &World) -> HashSet<TaskId> {
    let groups = by_stack(world, world.tasks()).into_iter();
    let here = groups.filter(|group| group.key == *key);
    here.flat_map(|group| group.tasks).collect()
}

/// Whether a filter names an ended state: who asks for ended tasks wants to see them.
fn asks_for_ended(filter: &str) -> bool {
    let words = filter
        .split(' ')
        .filter_map(|term| term.strip_prefix("state:"));
    words.flat_map(|states| states.split('|')).any(|word| {
        word == "ended"
            || State::ALL
                .iter()
                .any(|state| state.has_ended() && state.as_str() == word)
    })
}

#[cfg(test)]
mod tests {
    use super::asks_for_ended;

    #[test]
    fn a_filter_that_names_an_ended_state_asks_for_ended_tasks() {
        for filter in [
            "state:done",
            "worker state:idle|panicked",
            "state:ended busy>1s",
        ] {
            assert!(asks_for_ended(filter), "{filter}");
        }
        for filter in [
            "",
            "done",
            "-state:done",
            "state:idle name:done",
            "state:live",
        ] {
            assert!(!asks_for_ended(filter), "{filter}");
        }
    }
}
