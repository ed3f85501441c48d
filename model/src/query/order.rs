//! In which sequence: sorting tasks by a column.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;
use std::ops::Range;
use std::str::FromStr;

use crate::{SiteId, Task, TaskId, World};

use super::column::{Column, UnknownColumn};
use super::place::PlaceKey;
use super::text::lower_onto;

/// In which sequence a table shows its tasks.
///
/// Tasks for which the column is not known come last either way, and among equals the one that was spawned first (by
/// tokio's id) comes first either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to sort by.
    pub column: Column,
    /// Largest first.
    pub descending: bool,
}

impl Order {
    /// Sorts the tasks as they are now. Names and places are compared whatever their case; places by the file's name,
    /// then by its folder, then by line; states and kinds in the order of their declaration.
    ///
    /// The sequence depends on the tasks alone, not on that in which they were given.
    pub fn sort(&self, tasks: &mut Vec<&Task>, world: &World) {
        let now = world.now();
        match self.column {
            Column::Id => self.by(tasks, tokio_id),
            Column::State => self.by(tasks, |task| Some(task.vitals.state)),
            Column::For => self.by(tasks, |task| Some(task.in_state(now))),
            Column::Name => self.by_name(tasks),
            Column::Place => {
                let rank = rank_places(tasks, world);
                self.by(tasks, |task| *rank.get(task.birth.site.0 as usize)?);
            }
            Column::Kind => self.by(tasks, |task| Some(world.site(task.birth.site)?.kind)),
            Column::Polls => self.by(tasks, |task| Some(task.vitals.polls)),
            Column::Busy => self.by(tasks, |task| Some(task.busy(now))),
            Column::Scheduled => self.by(tasks, |task| Some(task.scheduled(now))),
            Column::Idle => self.by(tasks, |task| Some(task.idle(now))),
            Column::Wakes => self.by(tasks, |task| Some(task.vitals.wakes)),
            Column::SelfWakes => self.by(tasks, |task| Some(task.vitals.self_wakes)),
            Column::Wakers => self.by(tasks, |task| Some(task.vitals.wakers)),
            Column::Age => self.by(tasks, |task| Some(task.age(now))),
            Column::Size => self.by(tasks, |task| {
                world
                    .site(task.birth.site)
                    .map(|site| site.size)
                    .filter(|size| *size > 0)
            }),
            Column::Runtime => self.by(tasks, |task| task.vitals.runtime),
            Column::Parent => {
                self.by(tasks, |task| {
                    world.task(task.birth.parent?).and_then(tokio_id)
                });
            }
        }
    }

    /// Each key is computed once: some take a look into the world, and there are many more comparisons than tasks.
    fn by<K: Ord>(&self, tasks: &mut Vec<&Task>, key: impl Fn(&Task) -> Option<K>) {
        let keys = tasks.iter().map(|task| key(task)).collect();
        self.by_keys(tasks, keys);
    }

    fn by_keys<K: Ord>(&self, tasks: &mut Vec<&Task>, keys: Vec<Option<K>>) {
        let mut keyed: Vec<_> = keys
            .into_iter()
            .zip(tasks.iter().map(|task| (id_rank(task), *task)))
            .collect();
        keyed.sort_unstable_by(|(a, (a_rank, _)), (b, (b_rank, _))| {
            self.compare(a, b).then_with(|| a_rank.cmp(b_rank))
        });
        tasks.clear();
        tasks.extend(keyed.into_iter().map(|(_, (_, task))| task));
    }

    fn by_name(&self, tasks: &mut Vec<&Task>) {
        // All names in lower case, one after the other: a string each would be one allocation per task.
        let mut names = String::new();
        let spans: Vec<_> = tasks
            .iter()
            .map(|task| {
                let start = names.len();
                lower_onto(&mut names, task.birth.name.as_deref().unwrap_or_default());
                start..names.len()
            })
            .collect();
        let known = |span: Range<usize>| Some(&names[span]).filter(|name| !name.is_empty());
        self.by_keys(tasks, spans.into_iter().map(known).collect());
    }

    fn compare<K: Ord>(&self, a: &Option<K>, b: &Option<K>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.descending => b.cmp(a),
            (Some(a), Some(b)) => a.cmp(b),
            // What is known goes before what is not.
            _ => b.is_some().cmp(&a.is_some()),
        }
    }
}

impl FromStr for Order {
    type Err = UnknownColumn;

    /// Reads `busy` as ascending, `-busy` as descending.
    fn from_str(text: &str) -> Result<Self, UnknownColumn> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        Ok(Self {
            column: name.parse()?,
            descending,
        })
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            if self.descending { "-" } else { "" },
            self.column
        )
    }
}

/// Tells apart what the key does not: the order of spawning where tokio's ids tell it.
fn id_rank(task: &Task) -> (u64, TaskId) {
    (tokio_id(task).map_or(u64::MAX, u64::from), task.id)
}

fn tokio_id(task: &Task) -> Option<NonZeroU64> {
    task.birth.tokio_id
}

/// For each site of these tasks, the rank of its place among theirs; `None` for those that have no place. Text is so
/// compared once per pair of places, not of tasks.
fn rank_places(tasks: &[&Task], world: &World) -> Vec<Option<usize>> {
    let mut sites: Vec<SiteId> = tasks.iter().map(|task| task.birth.site).collect();
    sites.sort_unstable();
    sites.dedup();
    let mut places: Vec<_> = sites
        .into_iter()
        .filter_map(|id| {
            let site = world.site(id)?;
            Some((PlaceKey::new(&site.file, site.line)?, id))
        })
        .collect();
    places.sort_unstable();
    let mut ranks = Vec::new();
    // Sites of one place rank the same; they differ in what is no part of it.
    for (rank, same) in places.chunk_by(|a, b| a.0 == b.0).enumerate() {
        for (_, id) in same {
            let i = id.0 as usize;
            if i >= ranks.len() {
                ranks.resize(i + 1, None);
            }
            ranks[i] = Some(rank);
        }
    }
    ranks
}
