//! What a table of resources can show and be sorted by.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::Queue;
use super::Queues;
use crate::query::column::{UnknownColumn, find};
use crate::query::place::PlaceKey;
use crate::query::value::Scale;
use crate::{Nanos, Resource, Stamp, World};

/// What a table of resources can show and be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceColumn {
    /// What kind it is.
    Kind,
    /// Where it was made.
    Place,
    /// Its state; by the permits that are free.
    Free,
    /// Who holds it; by how many do.
    Holders,
    /// For how long it has been held by the one who holds it longest.
    Held,
    /// How many wait for it.
    Waiters,
    /// For how long the one has waited who waits longest.
    Waiting,
    /// The longest wait, those under way included.
    Longest,
    /// How often somebody had to wait.
    Waits,
    /// How often it was taken.
    Acquired,
    /// How often a wait was given up.
    Abandoned,
    /// Time spent in waits that are over.
    Waited,
    /// The longest time that it was held, holds that last included.
    Hold,
    /// How often an exclusive guard was kept across an await.
    Across,
    /// How often a task was cancelled that held it.
    Cancelled,
    /// How long ago it was made.
    Age,
    /// Its id.
    Id,
}

impl ResourceColumn {
    /// All columns, in the order in which a wide table shows them.
    pub const ALL: [Self; 17] = [
        Self::Kind,
        Self::Place,
        Self::Free,
        Self::Holders,
        Self::Held,
        Self::Waiters,
        Self::Waiting,
        Self::Longest,
        Self::Waits,
        Self::Acquired,
        Self::Abandoned,
        Self::Waited,
        Self::Hold,
        Self::Across,
        Self::Cancelled,
        Self::Age,
        Self::Id,
    ];

    /// The word for it on a command line; the same as in a filter.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Place => "loc",
            Self::Free => "free",
            Self::Holders => "holders",
            Self::Held => "held",
            Self::Waiters => "waiters",
            Self::Waiting => "waiting",
            Self::Longest => "longest",
            Self::Waits => "waits",
            Self::Acquired => "acquired",
            Self::Abandoned => "abandoned",
            Self::Waited => "waited",
            Self::Hold => "hold",
            Self::Across => "across",
            Self::Cancelled => "cancelled",
            Self::Age => "age",
            Self::Id => "id",
        }
    }

    /// What its numbers count; `None` where it has none that could be compared.
    pub(super) const fn scale(self) -> Option<Scale> {
        match self {
            Self::Kind | Self::Place | Self::Id => None,
            Self::Held | Self::Waiting | Self::Longest | Self::Waited | Self::Hold | Self::Age => {
                Some(Scale::Time)
            }
            _ => Some(Scale::Count),
        }
    }

    /// Its number for a resource at a moment; lengths of time in nanoseconds. `None` where there is none: nobody holds
    /// it, nobody waits, the free permits were never told.
    #[must_use]
    pub fn number(self, resource: &Resource, queue: Queue, now: Stamp) -> Option<u64> {
        let usage = &resource.usage;
        Some(match self {
            Self::Kind | Self::Place => return None,
            Self::Free => return usage.free,
            Self::Holders => (usage.holds.len() as u64).saturating_add(usage.unlisted),
            Self::Held => held(resource, now)?.0,
            Self::Waiters => queue.waiting,
            Self::Waiting => queue.oldest?.until(now).0,
            Self::Longest => {
                queue
                    .oldest
                    .map_or(Nanos::ZERO, |since| since.until(now))
                    .max(usage.longest_wait)
                    .0
            }
            Self::Waits => usage.waits,
            Self::Acquired => usage.acquired,
            Self::Abandoned => usage.abandoned,
            Self::Waited => usage.waited.0,
            Self::Hold => {
                held(resource, now)
                    .unwrap_or(Nanos::ZERO)
                    .max(usage.longest_hold)
                    .0
            }
            Self::Across => usage.across_awaits,
            Self::Cancelled => usage.cancelled,
            Self::Age => resource.origin.created.until(now).0,
            Self::Id => resource.id.number(),
        })
    }
}

/// For how long it has been held by the one who holds it longest.
fn held(resource: &Resource, now: Stamp) -> Option<Nanos> {
    let since = resource.usage.holds.iter().map(|hold| hold.since).min()?;
    Some(since.until(now))
}

impl fmt::Display for ResourceColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ResourceColumn {
    type Err = UnknownColumn;

    fn from_str(name: &str) -> Result<Self, UnknownColumn> {
        find(name, &Self::ALL, Self::name)
    }
}

/// In which sequence a table shows its resources.
///
/// Resources for which the column is not known come last either way, and among equals the one that was made first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceOrder {
    /// What to sort by.
    pub column: ResourceColumn,
    /// Largest first.
    pub descending: bool,
}

impl Default for ResourceOrder {
    /// Those first that most wait for.
    fn default() -> Self {
        Self {
            column: ResourceColumn::Waiters,
            descending: true,
        }
    }
}

impl ResourceOrder {
    /// Sorts the resources as they are now: places by the file's name, then its folder, then the line; kinds in the order
    /// of their declaration.
    pub fn sort(&self, resources: &mut Vec<&Resource>, world: &World, queues: &Queues) {
        let now = world.now();
        match self.column {
            ResourceColumn::Kind => self.by(resources, |resource| Some(resource.origin.kind)),
            ResourceColumn::Place => {
                // Text is compared once per pair of places, not of resources.
                let mut places: Vec<_> = world
                    .places()
                    .filter_map(|(id, _, place)| {
                        Some((PlaceKey::new(&place.file, place.line)?, id.0))
                    })
                    .collect();
                places.sort_unstable();
                let mut ranks = vec![None; world.places().count()];
                for (rank, (_, id)) in places.iter().enumerate() {
                    if let Some(place) = ranks.get_mut(*id as usize) {
                        *place = Some(rank);
                    }
                }
                self.by(resources, |resource| {
                    *ranks.get(resource.origin.place.0 as usize)?
                });
            }
            column => self.by(resources, |resource| {
                column.number(resource, queues.at(resource.id), now)
            }),
        }
    }

    /// Each key is computed once: there are many more comparisons than resources.
    fn by<K: Ord>(&self, resources: &mut Vec<&Resource>, key: impl Fn(&Resource) -> Option<K>) {
        let mut keyed: Vec<_> = resources
            .iter()
            .map(|resource| (key(resource), resource.origin.created, *resource))
            .collect();
        keyed.sort_unstable_by(|(a, a_made, a_is), (b, b_made, b_is)| {
            let order = match (a, b) {
                (Some(a), Some(b)) if self.descending => b.cmp(a),
                (Some(a), Some(b)) => a.cmp(b),
                // What is known goes before what is not.
                (None, None) => Ordering::Equal,
                _ => b.is_some().cmp(&a.is_some()),
            };
            order.then_with(|| (a_made, a_is.id).cmp(&(b_made, b_is.id)))
        });
        resources.clear();
        resources.extend(keyed.into_iter().map(|(.., resource)| resource));
    }
}

impl FromStr for ResourceOrder {
    type Err = UnknownColumn;

    /// Reads `waiters` as ascending, `-waiters` as descending.
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

impl fmt::Display for ResourceOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::{ResourceColumn, ResourceOrder};

    #[test]
    fn names_are_read_back() {
        for column in ResourceColumn::ALL {
            assert_eq!(column.name().to_uppercase().parse(), Ok(column));
            for descending in [true, false] {
                let order = ResourceOrder { column, descending };
                assert_eq!(order.to_string().parse(), Ok(order));
            }
        }
    }
}
