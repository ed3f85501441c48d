//! How far one reader has come, and what it is told next.
//!
//! A reader goes round the world's blocks, again and again. What holds at any time:
//!
//! 1. `base` is the world's revision when the last finished round began; 0 before there was one. Every task that was
//!    announced by then and is still listed has been told, at least as it was then, if it matches the filter.
//! 2. So a round tells the tasks that changed after `base`, and passes over blocks in which none did. A task keeps its
//!    block, so a round misses no task that was there at its beginning, however the world changes meanwhile. It ends
//!    with the blocks that there were at its beginning, so it does end. Where tasks have moved to other blocks, which
//!    takes that most of them went, it begins anew.
//! 3. A task is told with its birth if it was announced after `base` (or, with a filter, if the reader does not have
//!    it): by (1) all others are known. Some are told with their birth twice, which changes nothing.
//! 4. No task announced after `heard` is known to the reader: of the ends of such tasks it is told nothing.
//!
//! What tasks share is told beside that, from tables that know in which order they changed ([`shared`]). News is complete
//! where both were told to their ends under one lock.

mod concern;
mod only;
mod shared;

use std::collections::{BTreeSet, HashSet};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::FixedState;
use taskscope_model::query::Filter;
use taskscope_model::{
    Birth, Revision, Site, SiteId, Sketches, Stamp, Task, TaskId, Totals, Vitals,
};

use super::books::Books;
use only::Only;
use shared::Cursors;
pub(crate) use shared::SharedNews;

/// News for one reader. Sites come before the tasks that name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunk {
    /// The moment up to which this tells.
    pub(crate) now: Stamp,
    /// Forget everything told before.
    pub(crate) restart: bool,
    /// With this, all has been told that is so at `now`.
    pub(crate) complete: bool,
    /// Sites that are new or changed.
    pub(crate) sites: Vec<(SiteId, Site)>,
    /// Tasks that are new or changed.
    pub(crate) tasks: Vec<Told>,
    /// Tasks that are no longer listed, or no longer match. None of them is in `tasks`.
    pub(crate) gone: Vec<TaskId>,
    /// The counters, where they changed.
    pub(crate) totals: Option<Totals>,
    /// What tasks share, and what is wrong.
    pub(crate) shared: SharedNews,
}

/// A task as a reader is told of it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Its id.
    pub(crate) id: TaskId,
    /// What never changes about it, unless the reader has it.
    pub(crate) birth: Option<Birth>,
    /// How it lives.
    pub(crate) vitals: Vitals,
    /// Its distributions, where they are wanted and in the world.
    pub(crate) sketches: Option<Box<Sketches>>,
}

/// Whose distributions a reader wants.
#[derive(Clone, Debug, Default)]
pub(crate) enum Sketching {
    /// Nobody's.
    #[default]
    None,
    /// Those of some tasks.
    Named(HashSet<TaskId>),
    /// Everybody's.
    All,
}

impl Sketching {
    /// Whether those of this task are wanted.
    pub(crate) fn wants(&self, task: TaskId) -> bool {
        match self {
            Self::None => false,
            Self::Named(tasks) => tasks.contains(&task),
            Self::All => true,
        }
    }
}

/// How many tasks a reader that follows a few of them can name. All are told in one piece, with their distributions.
pub(crate) const MAX_NAMED: usize = 512;

/// How much a reader takes at once: what bounds the time under the lock and the memory of a chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Tasks told.
    pub(super) tasks: usize,
    /// Tasks looked at.
    pub(super) looks: usize,
    /// Ends told.
    pub(super) gone: usize,
    /// Entries told of each table of what tasks share.
    pub(super) shared: usize,
}

impl Pace {
    fn of(filter: &Filter, sketching: &Sketching) -> Self {
        // The distributions of a task can be fifty times as large as the rest of it.
        let tasks = match sketching {
            Sketching::None => 4096,
            Sketching::Named(tasks) if tasks.len() <= MAX_NAMED => 4096,
            Sketching::Named(_) | Sketching::All => MAX_NAMED,
        };
        // A filter can search several texts in each task.
        let looks = if filter.is_empty() { 16_384 } else { 4096 };
        Self {
            tasks,
            looks,
            gone: 16_384,
            shared: 4096,
        }
    }
}

/// How far one reader has come.
#[derive(Debug)]
pub(crate) struct Reader {
    filter: Filter,
    sketching: Sketching,
    only: Option<Only>,
    with_resources: bool,
    pace: Pace,
    place: Place,
    readers: Arc<AtomicUsize>,
}

/// What a reader forgets when it starts anew.
#[derive(Debug, Default)]
struct Place {
    started: bool,
    base: Revision,
    round: Option<Round>,
    heard: Revision,
    gone: Revision,
    sites: Revision,
    totals: Option<Totals>,
    shared: Cursors,
    // With a filter: the tasks that the reader has.
    told: HashSet<TaskId, FixedState>,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    began: Revision,
    next: usize,
    end: usize,
}

impl Reader {
    pub(super) fn new(filter: Filter, sketching: Sketching, readers: Arc<AtomicUsize>) -> Self {
        readers.fetch_add(1, Ordering::Relaxed);
        let pace = Pace::of(&filter, &sketching);
        Self {
            filter,
            sketching,
            only: None,
            with_resources: true,
            pace,
            place: Place::default(),
            readers,
        }
    }

    /// A reader of these tasks and no others.
    pub(super) fn only(mut self, tasks: BTreeSet<TaskId>) -> Self {
        self.only = Some(Only::new(tasks));
        self
    }

    /// A reader that is told neither resources nor waits.
    pub(crate) fn without_resources(mut self) -> Self {
        self.with_resources = false;
        self
    }

    #[cfg(test)]
    pub(super) fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Whose distributions it wants.
    pub(crate) fn sketching(&self) -> &Sketching {
        &self.sketching
    }

    /// The next piece of news.
    pub(super) fn read(&mut self, books: &Books) -> Chunk {
        let world = books.world();
        // Who named tasks looks them up, and needs no books about what went.
        let needs_gone = self.only.is_none() && self.place.started;
        let shared_lost = || self.place.shared.are_behind(world, self.with_resources);
        if needs_gone && (self.place.gone < books.departed().horizon() || shared_lost()) {
            self.place = Place::default();
        }
        if !self.place.started {
            self.place.shared = Cursors::new(world.revision());
        }
        let mut chunk = Chunk {
            now: world.now(),
            restart: !mem::replace(&mut self.place.started, true),
            ..Chunk::default()
        };
        let sites = books.sites().after(self.place.sites);
        chunk.sites = sites
            .filter_map(|id| Some((id, world.site(id)?.clone())))
            .collect();
        self.place.sites = world.revision();
        chunk.totals = self.new_totals(books);
        let shared = &mut self.place.shared;
        shared.read_places(books, &mut chunk.shared);
        if let Some(only) = &mut self.only {
            only.read(books, &self.filter, &self.sketching, &mut chunk);
            only.read_shared(world, self.with_resources, &mut chunk.shared);
            return chunk;
        }
        let most = self.pace.shared;
        let all_shared = shared.read(world, self.with_resources, most, &mut chunk.shared);
        let all_gone = self.read_gone(books, &mut chunk);
        // A round that began under an earlier lock leaves out what happened since: another one has to follow it.
        let mut all_told = self.read_tasks(books, &mut chunk);
        if all_told && self.place.base < world.revision() {
            all_told = self.read_tasks(books, &mut chunk);
        }
        chunk.complete = all_told && all_gone && all_shared;
        chunk
    }

    /// The time and the counters alone.
    pub(super) fn pulse(&mut self, books: &Books) -> Chunk {
        Chunk {
            now: books.world().now(),
            totals: self.new_totals(books),
            ..Chunk::default()
        }
    }

    fn new_totals(&mut self, books: &Books) -> Option<Totals> {
        let totals = Some(*books.world().totals());
        let old = mem::replace(&mut self.place.totals, totals);
        totals.filter(|_| old != totals)
    }

    /// Tells the ends; returns whether all of them.
    fn read_gone(&mut self, books: &Books, chunk: &mut Chunk) -> bool {
        let place = &mut self.place;
        for gone in books.departed().after(place.gone) {
            if chunk.gone.len() >= self.pace.gone {
                return false;
            }
            let known = if self.filter.is_empty() {
                gone.born <= place.heard
            } else {
                place.told.remove(&gone.task)
            };
            if known {
                chunk.gone.push(gone.task);
            }
            place.gone = gone.at;
        }
        place.gone = books.world().revision();
        true
    }

    /// Tells tasks; returns whether a round ended with them.
    fn read_tasks(&mut self, books: &Books, chunk: &mut Chunk) -> bool {
        let world = books.world();
        let under_way = self.place.round.take();
        let mut round = under_way
            .filter(|round| round.began >= world.moved())
            .unwrap_or_else(|| Round {
                began: world.revision(),
                next: 0,
                end: world.blocks(),
            });
        // What was told of a task can become wrong without any news of it.
        let all = self.filter.depends_on_time();
        let mut looks = 0;
        while round.next < round.end
            && looks < self.pace.looks
            && chunk.tasks.len() < self.pace.tasks
        {
            if let Some(block) = world
                .block(round.next)
                .filter(|block| all || block.changed() > self.place.base)
            {
                for task in block.tasks() {
                    looks += 1;
                    self.tell(task, books, chunk);
                }
            }
            round.next += 1;
        }
        self.place.heard = world.revision();
        let finished = round.next >= round.end;
        if finished {
            self.place.base = round.began;
        } else {
            self.place.round = Some(round);
        }
        finished
    }

    fn tell(&mut self, task: &Task, books: &Books, chunk: &mut Chunk) {
        let place = &mut self.place;
        let with_birth = if self.filter.is_empty() {
            task.born() > place.base
        } else if self.filter.matches(task, books.world()) {
            place.told.insert(task.id)
        } else {
            if place.told.remove(&task.id) {
                chunk.gone.push(task.id);
            }
            return;
        };
        if !with_birth && task.changed() <= place.base {
            return;
        }
        let sketches = task
            .sketches
            .as_ref()
            .filter(|_| self.sketching.wants(task.id));
        chunk.tasks.push(Told {
            id: task.id,
            birth: with_birth.then(|| task.birth.clone()),
            vitals: task.vitals,
            sketches: sketches.cloned(),
        });
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }
}
