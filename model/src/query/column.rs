//! What a table of tasks can show and be sorted by.

use std::fmt;
use std::str::FromStr;

use super::error::{did_you_mean, excerpt};

/// What a table of tasks can show and be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// tokio's id of the task.
    Id,
    /// What it is doing.
    State,
    /// Since when; for an ended task, how long ago it ended.
    For,
    /// Its name.
    Name,
    /// Where it was spawned.
    Place,
    /// What kind of task it is.
    Kind,
    /// How often it was polled.
    Polls,
    /// Time in polls.
    Busy,
    /// Time woken but not polled.
    Scheduled,
    /// Time waiting for a wake.
    Idle,
    /// How often it was woken.
    Wakes,
    /// How often it woke itself.
    SelfWakes,
    /// How many of its wakers exist.
    Wakers,
    /// From its spawn to now, or to its end.
    Age,
    /// Size of its future.
    Size,
    /// The runtime that polls it.
    Runtime,
    /// tokio's id of the task that spawned it.
    Parent,
}

impl Column {
    /// All columns, in the order in which a wide table shows them.
    pub const ALL: [Self; 17] = [
        Self::Id,
        Self::State,
        Self::For,
        Self::Name,
        Self::Place,
        Self::Kind,
        Self::Polls,
        Self::Busy,
        Self::Scheduled,
        Self::Idle,
        Self::Wakes,
        Self::SelfWakes,
        Self::Wakers,
        Self::Age,
        Self::Size,
        Self::Runtime,
        Self::Parent,
    ];

    /// The word for it on a command line; the same as in a filter, where a filter has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::State => "state",
            Self::For => "for",
            Self::Name => "name",
            Self::Place => "loc",
            Self::Kind => "kind",
            Self::Polls => "polls",
            Self::Busy => "busy",
            Self::Scheduled => "sched",
            Self::Idle => "idle",
            Self::Wakes => "wakes",
            Self::SelfWakes => "self",
            Self::Wakers => "wakers",
            Self::Age => "age",
            Self::Size => "size",
            Self::Runtime => "runtime",
            Self::Parent => "parent",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Column {
    type Err = UnknownColumn;

    fn from_str(name: &str) -> Result<Self, UnknownColumn> {
        find(name, &Self::ALL, Self::name)
    }
}

/// A table has no column of this name. The message lists those that it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown column {name}{nearest}; columns are {columns}")]
pub struct UnknownColumn {
    name: String,
    nearest: String,
    columns: String,
}

/// The column of this name, whatever its case.
pub(super) fn find<C: Copy>(
    name: &str,
    all: &[C],
    name_of: impl Fn(C) -> &'static str + Copy,
) -> Result<C, UnknownColumn> {
    let names = all.iter().copied().map(name_of);
    match all
        .iter()
        .find(|column| name_of(**column).eq_ignore_ascii_case(name))
    {
        Some(column) => Ok(*column),
        None => Err(UnknownColumn {
            name: excerpt(name),
            nearest: did_you_mean(name, names.clone()),
            columns: names.collect::<Vec<_>>().join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn names_are_read_back() {
        for column in Column::ALL {
            assert_eq!(column.name().parse(), Ok(column));
            assert_eq!(column.name().to_uppercase().parse(), Ok(column));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "bussy".parse::<Column>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown column `bussy` (did you mean `busy`?); columns are id, state, for, name, loc, kind, polls, busy, \
             sched, idle, wakes, self, wakers, age, size, runtime, parent"
        );
    }
}
