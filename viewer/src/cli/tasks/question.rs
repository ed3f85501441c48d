//! Which tasks are asked for, and in which order.

use taskscope_model::query::{
    Filter, FilterError, Group, GroupColumn, Order, by_place, sort_groups,
};
use taskscope_model::{State, Task, World};

use crate::cli::args::{Choice, ViewArgs};
use crate::cli::failure::Failure;

/// By default those come first that kept a worker longest.
const DEFAULT_SORT: &str = "-busy";

/// Which tasks are asked for, and in which order.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Question {
    /// What the target is asked for.
    pub(in crate::cli) only: Filter,
    /// What is shown of that, by itself.
    pub(in crate::cli) own: Filter,
    /// Both together: what a task that is shown meets.
    pub(in crate::cli) filter: Filter,
    /// The order.
    pub(in crate::cli) sort: Sort,
    /// Whether ended tasks are listed.
    pub(in crate::cli) ended: bool,
}

/// The order of tasks, or of groups of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Sort {
    /// Of tasks.
    Tasks(Order),
    /// Of groups, by this column, downwards if so.
    Groups(GroupColumn, bool),
}

/// What there is to show.
#[derive(Debug)]
pub(in crate::cli) struct Answer<'a> {
    /// How many match, shown or not.
    pub(in crate::cli) matching: usize,
    /// Those that are shown.
    pub(in crate::cli) rows: Rows<'a>,
}

/// Tasks, or groups of them.
#[derive(Debug)]
pub(in crate::cli) enum Rows<'a> {
    /// Tasks.
    Tasks(Vec<&'a Task>),
    /// Groups.
    Groups(Vec<Group>),
}

impl Question {
    /// Reads what is written on the command line.
    ///
    /// # Errors
    ///
    /// Where it can't be understood, with the place.
    pub(in crate::cli) fn read(choice: &Choice, view: &ViewArgs) -> Result<Self, Failure> {
        let only = filter("--only", &choice.only)?;
        let own = filter("--filter", &choice.filter)?;
        // Terms side by side are all required. What the target was not asked for is not there to be shown, nor are the
        // past tasks that no filter but the empty one counts.
        let both = filter("--filter", format!("{only} {own}").trim())?;
        let ended = view.ended || asks_for_ended(&both);
        let sort = Sort::read(choice.sort.as_deref().unwrap_or(DEFAULT_SORT), view.group)?;
        Ok(Self {
            only,
            own,
            filter: both,
            sort,
            ended,
        })
    }

    /// The order of tasks; `None` where groups are asked for.
    pub(in crate::cli) fn order(&self) -> Option<Order> {
        match self.sort {
            Sort::Tasks(order) => Some(order),
            Sort::Groups(..) => None,
        }
    }

    /// What there is to show of this world; `limit` bounds the rows.
    pub(in crate::cli) fn answer<'a>(&self, world: &'a World, limit: Option<usize>) -> Answer<'a> {
        let limit = limit.unwrap_or(usize::MAX);
        match self.sort {
            Sort::Tasks(order) => {
                let listed = |task: &&Task| self.ended || !task.vitals.state.has_ended();
                let mut tasks: Vec<_> = world
                    .tasks()
                    .filter(listed)
                    .filter(|task| self.filter.matches(task, world))
                    .collect();
                order.sort(&mut tasks, world);
                let matching = tasks.len();
                tasks.truncate(limit);
                Answer {
                    matching,
                    rows: Rows::Tasks(tasks),
                }
            }
            Sort::Groups(column, descending) => {
                let mut groups = by_place(world, &self.filter);
                sort_groups(&mut groups, column, descending);
                let matching = groups.len();
                groups.truncate(limit);
                Answer {
                    matching,
                    rows: Rows::Groups(groups),
                }
            }
        }
    }
}

impl Sort {
    fn read(text: &str, group: bool) -> Result<Self, Failure> {
        let wrong =
            |error: &dyn std::fmt::Display| Failure::Usage(format!("--sort {text}: {error}"));
        if group {
            let (name, descending) = text
                .strip_prefix('-')
                .map_or((text, false), |name| (name, true));
            let column = name
                .parse()
                .map_err(|error: taskscope_model::query::UnknownColumn| wrong(&error))?;
            return Ok(Self::Groups(column, descending));
        }
        text.parse()
            .map(Self::Tasks)
            .map_err(|error: taskscope_model::query::UnknownColumn| wrong(&error))
    }
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tasks(order) => write!(f, "{order}"),
            Self::Groups(column, descending) => {
                write!(f, "{}{}", if *descending { "-" } else { "" }, column.name())
            }
        }
    }
}

/// Reads a filter of tasks.
pub(in crate::cli) fn filter(option: &str, text: &str) -> Result<Filter, Failure> {
    text.parse().map_err(|FilterError { at, message }| {
        let column = text.get(..at).unwrap_or(text).chars().count();
        let arrow = format!("{:>1$}", "^", column + 1);
        let quoted = crate::text::clean(text);
        Failure::Usage(format!(
            "{option}: {message}\n\n  {quoted}\n  {arrow}\n\n`taskscope filters` explains the language"
        ))
    })
}

/// Whether a term of the filter can only be met by tasks that ended.
fn asks_for_ended(filter: &Filter) -> bool {
    let text = filter.to_string();
    // Between quotes is somebody's name.
    let unquoted: String = text.split('"').step_by(2).collect();
    unquoted.split(' ').any(|term| {
        let (negated, term) = term
            .strip_prefix('-')
            .map_or((false, term), |term| (true, term));
        let Some(states) = term.strip_prefix("state:") else {
            return false;
        };
        let named = |state: &State| states.split('|').any(|word| word == state.as_str());
        let ended = |state: &&State| state.has_ended();
        if negated {
            State::ALL.iter().filter(|state| !ended(state)).all(named)
        } else {
            State::ALL.iter().filter(ended).any(named)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_tasks_are_listed_where_they_are_asked_for() {
        let asks = |text: &str| asks_for_ended(&text.parse().expect("a filter"));
        for yes in [
            "state:done",
            "busy>1s state:idle|panicked",
            "!state:live",
            "state:ended",
            "state:cancelled",
        ] {
            assert!(asks(yes), "{yes}");
        }
        for no in [
            "",
            "done",
            "-state:done",
            "state:live",
            "state:idle",
            "name:\"a state:done b\"",
        ] {
            assert!(!asks(no), "{no}");
        }
    }
}
