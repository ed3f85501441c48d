//! Which tasks: a filter, and whether a task matches it.

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::{Task, World};

use super::FilterError;
use super::parse::{MAX_BYTES, parse, too_long};
use super::term::{Term, Test};
use super::value::Scale;

/// Which tasks: what [`FILTER_HELP`](super::FILTER_HELP) tells of. The default matches every task.
///
/// ```
/// use taskscope_model::query::Filter;
///
/// let filter: Filter = "State:run  busy>0.1s loc:Handler.rs".parse()?;
/// assert_eq!(filter.to_string(), "state:running busy>100ms loc:handler.rs");
/// # Ok::<(), taskscope_model::query::FilterError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// Whether a task of this world matches now. What is not known of a task (its place, its size, the id of a parent
    /// that is no longer kept) matches no value, and hence the negation of any.
    #[must_use]
    pub fn matches(&self, task: &Task, world: &World) -> bool {
        // Looking for text takes the longest, so it is left for tasks that everything else lets through.
        let (text, other) = (true, false);
        [other, text].into_iter().all(|searching| {
            let mut terms = self
                .terms
                .iter()
                .filter(|term| term.test.searches_text() == searching);
            terms.all(|term| term.matches(task, world))
        })
    }

    /// Whether a task that does not change can begin or cease to match while time goes by: because its times grow, or
    /// because the parent that it is asked for is no longer kept, or because its stacks are named.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.terms.iter().any(|term| match &term.test {
            Test::Compare(measure, ..) => measure.scale() == Scale::Time,
            Test::Parent(_) | Test::At(_) => true,
            _ => false,
        })
    }

    /// Whether it asks where a task waits, which takes stacks with names.
    #[must_use]
    pub fn asks_for_stacks(&self) -> bool {
        self.terms
            .iter()
            .any(|term| matches!(term.test, Test::At(_)))
    }

    /// Whether it asks for nothing, so that every task matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    fn written_length(&self) -> usize {
        struct Length(usize);
        impl Write for Length {
            fn write_str(&mut self, s: &str) -> fmt::Result {
                self.0 += s.len();
                Ok(())
            }
        }
        let mut length = Length(0);
        // Counting cannot fail, and nothing in a filter's `Display` fails by itself.
        let _ = write!(length, "{self}");
        length.0
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    /// Reads the language of [`FILTER_HELP`](super::FILTER_HELP). A text of spaces, or an empty one, is the filter that
    /// matches every task.
    ///
    /// # Errors
    ///
    /// Any text that is no filter, is longer than 4096 bytes (as it stands or written out in full), or has more than
    /// 100 values.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let filter = Self {
            terms: parse(text)?,
        };
        // Quotes, escapes and other units can make what is written longer than what was read; it must be readable too.
        if filter.written_length() > MAX_BYTES {
            return Err(too_long(text));
        }
        Ok(filter)
    }
}

impl fmt::Display for Filter {
    /// Writes the filter so that it is read back as an equal one; equal filters are written alike.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn growing_times_and_parents_that_go_change_what_matches() {
        let depends = |text: &str| {
            text.parse::<Filter>()
                .map(|filter| filter.depends_on_time())
        };
        for text in [
            "idle>1s",
            "name:x age<2m",
            "parent:17",
            "-parent:17|18",
            "at:a.rs:7",
        ] {
            assert_eq!(depends(text), Ok(true), "{text}");
        }
        for text in ["", "id:17", "state:idle polls>3", "runtime:1 loc:a.rs word"] {
            assert_eq!(depends(text), Ok(false), "{text}");
        }
    }
}
