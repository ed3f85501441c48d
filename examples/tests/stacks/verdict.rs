//! How what is shown of a task compares with where it waits.

use std::{collections::BTreeSet, fmt};

use crate::markers::{Line, Marked};

/// What is shown of a task: the app's innermost line at each of its awaits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) sure: BTreeSet<Line>,
    pub(crate) maybe: BTreeSet<Line>,
    /// Awaits with no line of the app.
    pub(crate) elsewhere: u32,
    /// Stacks that do not go up to the task's own future.
    pub(crate) cut: u32,
    /// The task is idle, and there is a stack at each await.
    pub(crate) is_settled: bool,
}

/// How right it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// All lines, all sure, and no other.
    Exact,
    /// All lines; some are not sure, or there are others, all of which are not sure or lie around one.
    Maybe,
    /// A line is not shown, and no other is shown as sure but such as lie around it.
    Missed,
    /// A line is shown as sure at which the task does not wait.
    Wrong,
}

impl Verdict {
    pub(crate) const ALL: [Self; 4] = [Self::Exact, Self::Maybe, Self::Missed, Self::Wrong];

    pub(crate) fn of(marked: &Marked, shown: &Shown) -> Self {
        let is_true = |line: &Line| marked.waits.contains(line) || marked.around.contains(line);
        let is_shown = |line: &Line| shown.sure.contains(line) || shown.maybe.contains(line);
        if !shown.sure.iter().all(is_true) {
            Self::Wrong
        } else if !marked.waits.iter().all(is_shown) {
            Self::Missed
        } else if shown.sure == marked.waits && shown.maybe.is_subset(&marked.waits) {
            Self::Exact
        } else {
            Self::Maybe
        }
    }

    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Exact | Self::Maybe)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Exact => "exact",
            Self::Maybe => "exact with maybe",
            Self::Missed => "missed",
            Self::Wrong => "WRONG",
        })
    }
}

/// A task of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) verdict: Verdict,
    pub(crate) cut: u32,
    lines: String,
}

impl Row {
    pub(crate) fn new(name: &str, marked: &Marked, shown: &Shown) -> Self {
        let list = |lines: &BTreeSet<Line>| {
            let lines: Vec<_> = lines.iter().map(Line::to_string).collect();
            lines.join(" ")
        };
        let verdict = Verdict::of(marked, shown);
        let mut lines = list(&shown.sure);
        if !shown.maybe.is_empty() {
            lines += &format!("  maybe {}", list(&shown.maybe));
        }
        if shown.elsewhere > 0 {
            lines += &format!("  {} without a line of the app", shown.elsewhere);
        }
        if verdict != Verdict::Exact {
            lines += &format!("  (waits at {})", list(&marked.waits));
        }
        Self {
            name: name.to_owned(),
            verdict,
            cut: shown.cut,
            lines,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = if self.cut > 0 { "  CUT" } else { "" };
        write!(
            f,
            "{:28} {:16} {}{cut}",
            self.name, self.verdict, self.lines
        )
    }
}
