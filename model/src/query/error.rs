//! What is wrong with a filter, and how to say it.

/// Of a text that is quoted in a message, no more than this many characters.
const EXCERPT: usize = 40;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {at} of the filter)")]
pub struct FilterError {
    /// Where in the text, in bytes from its begin; at most its length, and never within a character.
    pub at: usize,
    /// What was found and what was expected, on one line, without control characters.
    pub message: String,
}

impl FilterError {
    pub(super) fn new(at: usize, message: String) -> Self {
        Self { at, message }
    }
}

/// A text as a message can quote it: short, on one line, harmless to a terminal.
pub(super) fn excerpt(text: &str) -> String {
    let mut quoted = String::from("`");
    for c in text.chars().take(EXCERPT) {
        if c.is_control() {
            quoted.extend(c.escape_default());
        } else {
            quoted.push(c);
        }
    }
    if text.chars().nth(EXCERPT).is_some() {
        quoted.push('…');
    }
    quoted.push('`');
    quoted
}

/// The name that was probably meant, to follow the wrong one in a message; empty where none is near.
pub(super) fn did_you_mean<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    // Whoever sends a long text meant no name, and the distance takes a time of length times length.
    if text.is_empty() || text.chars().count() > EXCERPT {
        return String::new();
    }
    let text = text.to_lowercase();
    let distance = |name: &str| {
        if name.starts_with(&text) || text.starts_with(name) {
            return 0;
        }
        strsim::osa_distance(&text, name)
    };
    names
        .into_iter()
        .map(|name| (distance(name), name))
        .filter(|(distance, name)| *distance <= name.len() / 2)
        .min_by_key(|(distance, _)| *distance)
        .map_or_else(String::new, |(_, name)| {
            format!(" (did you mean `{name}`?)")
        })
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, excerpt};

    #[test]
    fn the_nearest_name() {
        let names = ["state", "busy", "sched", "polls", "wakes", "wakers"];
        for (text, nearest) in [
            ("stat", "state"),
            ("scheduled", "sched"),
            ("BUSSY", "busy"),
            ("poll", "polls"),
            ("waker", "wakers"),
        ] {
            assert_eq!(
                did_you_mean(text, names),
                format!(" (did you mean `{nearest}`?)")
            );
        }
        for text in ["", "zzz", "x", &"s".repeat(4000)] {
            assert_eq!(did_you_mean(text, names), "");
        }
    }

    #[test]
    fn quoted_text_is_harmless() {
        assert_eq!(excerpt("a\u{1b}[2Jb\n"), "`a\\u{1b}[2Jb\\n`");
        assert_eq!(excerpt(&"é".repeat(50)), format!("`{}…`", "é".repeat(40)));
    }
}
