//! Names of the app's: cut, and kept once where many tasks share them.

use std::collections::HashSet;
use std::sync::Arc;

/// Names beyond this many are not shared any more.
const MAX_SHARED: usize = 1 << 14;

/// The text with at most `limit` bytes, cut between characters.
pub(in crate::client) fn cut(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let end = (0..=limit)
            .rev()
            .find(|i| text.is_char_boundary(*i))
            .unwrap_or(0);
        text.truncate(end);
        text.shrink_to_fit();
    }
    text
}

/// Names that were seen: a million tasks of one name hold it once.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    /// The name, cut at `limit` bytes.
    pub(super) fn shared(&mut self, name: String, limit: usize) -> Arc<str> {
        let name = cut(name, limit);
        if let Some(known) = self.0.get(name.as_str()) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        if self.0.len() < MAX_SHARED {
            self.0.insert(Arc::clone(&name));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("aé".to_owned(), 2), "a");
        assert_eq!(cut("aé".to_owned(), 3), "aé");
        assert_eq!(cut("é".to_owned(), 0), "");
    }

    #[test]
    fn equal_names_are_held_once() {
        let mut names = Names::default();
        let first = names.shared("worker".to_owned(), 256);
        assert!(Arc::ptr_eq(&first, &names.shared("worker".to_owned(), 256)));
    }
}
