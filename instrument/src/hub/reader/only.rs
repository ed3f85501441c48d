//! A few tasks that a reader named: looked up one by one, however many others there are.

use std::collections::{BTreeSet, HashSet};

use foldhash::fast::FixedState;
use taskscope_model::query::Filter;
use taskscope_model::{Revision, TaskId, World};

use super::super::books::Books;
use super::concern::Concern;
use super::{Chunk, SharedNews, Sketching, Told};

/// The tasks that a reader named, and which of them it has been told.
#[derive(Debug)]
pub(super) struct Only {
    tasks: BTreeSet<TaskId>,
    told: HashSet<TaskId, FixedState>,
    // The world's revision when they were last told.
    at: Revision,
    concern: Concern,
}

impl Only {
    pub(super) fn new(tasks: BTreeSet<TaskId>) -> Self {
        Self {
            tasks,
            told: HashSet::default(),
            at: Revision::default(),
            concern: Concern::default(),
        }
    }

    /// Tells all that is so now of the tasks. Live ones are told again each time, since their distributions are as new
    /// as the moment at which they are asked for; ended ones once more.
    pub(super) fn read(
        &mut self,
        books: &Books,
        filter: &Filter,
        sketching: &Sketching,
        chunk: &mut Chunk,
    ) {
        let world = books.world();
        for id in &self.tasks {
            let Some(task) = world.task(*id).filter(|task| filter.matches(task, world)) else {
                if self.told.remove(id) {
                    chunk.gone.push(*id);
                }
                continue;
            };
            let first = self.told.insert(*id);
            if !first && task.end().is_some() && task.changed() <= self.at {
                continue;
            }
            chunk.tasks.push(Told {
                id: *id,
                birth: first.then(|| task.birth.clone()),
                vitals: task.vitals,
                sketches: task.sketches.clone().filter(|_| sketching.wants(*id)),
            });
        }
        self.at = world.revision();
        chunk.complete = true;
    }

    /// Tells what the tasks share, and what is wrong with them.
    pub(super) fn read_shared(
        &mut self,
        world: &World,
        with_resources: bool,
        news: &mut SharedNews,
    ) {
        self.concern.read(&self.tasks, world, with_resources, news);
    }
}
