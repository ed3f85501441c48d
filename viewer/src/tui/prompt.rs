//! The line in which a filter is typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use taskscope_model::query::FilterError;

/// Longer filters are not typed by people.
const MAX_BYTES: usize = 4096;

/// A filter being typed.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    text: String,
    /// Where the caret is, as a byte offset on a border between characters.
    caret: usize,
    /// Which entry of the history is shown, counted from its end; 0 is what was typed.
    back: usize,
    typed: String,
    /// The filter that comes back when it is called off.
    pub(super) before: String,
    /// What is wrong with the text.
    pub(super) error: Option<FilterError>,
}

/// What a key did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Typed {
    /// The text changed.
    Changed,
    /// It is to be kept.
    Accepted,
    /// It is to be forgotten.
    Cancelled,
    /// Nothing that matters to others.
    Nothing,
}

impl Prompt {
    /// A line that begins with the filter that there is.
    pub(super) fn new(before: String) -> Self {
        Self {
            caret: before.len(),
            text: before.clone(),
            back: 0,
            typed: String::new(),
            before,
            error: None,
        }
    }

    /// What has been typed.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text before the caret and behind it.
    pub(super) fn around_caret(&self) -> (&str, &str) {
        self.text.split_at(self.caret)
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent, history: &[String]) -> Typed {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Typed::Accepted,
            KeyCode::Esc => return Typed::Cancelled,
            KeyCode::Char('u') if control => self.cut(0, self.caret),
            KeyCode::Char('k') if control => self.cut(self.caret, self.text.len()),
            KeyCode::Char('w') if control => {
                let before = self.text[..self.caret].trim_end();
                let from = before.rfind(' ').map_or(0, |space| space + 1);
                self.cut(from, self.caret);
            }
            KeyCode::Char('a') if control => return self.go(0),
            KeyCode::Char('e') if control => return self.go(self.text.len()),
            KeyCode::Char('h') if control => self.cut(self.left(), self.caret),
            KeyCode::Char('p') if control => return self.recall(1, history),
            KeyCode::Char('n') if control => return self.recall(-1, history),
            KeyCode::Up => return self.recall(1, history),
            KeyCode::Down => return self.recall(-1, history),
            KeyCode::Home => return self.go(0),
            KeyCode::End => return self.go(self.text.len()),
            KeyCode::Left => return self.go(self.left()),
            KeyCode::Right => return self.go(self.right()),
            KeyCode::Backspace => self.cut(self.left(), self.caret),
            KeyCode::Delete => self.cut(self.caret, self.right()),
            KeyCode::Char(c) if !control => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            _ => return Typed::Nothing,
        }
        self.back = 0;
        Typed::Changed
    }

    /// Puts text in at the caret; line breaks and other control characters become spaces.
    pub(super) fn insert(&mut self, text: &str) {
        for c in text.chars() {
            if self.text.len() + c.len_utf8() > MAX_BYTES {
                break;
            }
            let c = if c.is_control() { ' ' } else { c };
            self.text.insert(self.caret, c);
            self.caret += c.len_utf8();
        }
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.caret = from;
    }

    fn go(&mut self, to: usize) -> Typed {
        self.caret = to;
        Typed::Nothing
    }

    fn left(&self) -> usize {
        self.text[..self.caret]
            .char_indices()
            .next_back()
            .map_or(0, |(i, _)| i)
    }

    fn right(&self) -> usize {
        self.text[self.caret..]
            .chars()
            .next()
            .map_or(self.caret, |c| self.caret + c.len_utf8())
    }

    fn recall(&mut self, by: isize, history: &[String]) -> Typed {
        let back = self.back.saturating_add_signed(by).min(history.len());
        if back == self.back {
            return Typed::Nothing;
        }
        if self.back == 0 {
            self.typed = std::mem::take(&mut self.text);
        }
        self.back = back;
        self.text = match history.len().checked_sub(back).and_then(|i| history.get(i)) {
            Some(entry) => entry.clone(),
            None => self.typed.clone(),
        };
        self.caret = self.text.len();
        Typed::Changed
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use proptest::prelude::*;

    use super::{Prompt, Typed};

    fn press(prompt: &mut Prompt, code: KeyCode) -> Typed {
        let history = ["state:idle".to_owned(), "worker".to_owned()];
        prompt.key(KeyEvent::new(code, KeyModifiers::NONE), &history)
    }

    #[test]
    fn a_line_is_edited_by_characters_however_wide() {
        let mut prompt = Prompt::new(String::new());
        prompt.insert("日本\nx");
        assert_eq!(prompt.text(), "日本 x");
        for code in [KeyCode::Left, KeyCode::Backspace, KeyCode::Backspace] {
            let _ = press(&mut prompt, code);
        }
        assert_eq!(prompt.around_caret(), ("日", "x"));
        assert_eq!(press(&mut prompt, KeyCode::Delete), Typed::Changed);
        assert_eq!(prompt.text(), "日");
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        prompt.insert(" ab cd");
        let _ = prompt.key(control('w'), &[]);
        assert_eq!(prompt.text(), "日 ab ");
        let _ = prompt.key(control('u'), &[]);
        assert_eq!(prompt.text(), "");
    }

    #[test]
    fn the_history_ends_at_what_was_being_typed() {
        let mut prompt = Prompt::new(String::new());
        prompt.insert("dra");
        assert_eq!(press(&mut prompt, KeyCode::Up), Typed::Changed);
        assert_eq!(prompt.text(), "worker");
        let _ = press(&mut prompt, KeyCode::Up);
        assert_eq!(prompt.text(), "state:idle");
        assert_eq!(press(&mut prompt, KeyCode::Up), Typed::Nothing);
        let _ = press(&mut prompt, KeyCode::Down);
        let _ = press(&mut prompt, KeyCode::Down);
        assert_eq!(prompt.text(), "dra");
    }

    proptest! {
        #[test]
        fn the_caret_stays_between_characters(keys in prop::collection::vec((0u8..9, any::<char>()), 0..60)) {
            let mut prompt = Prompt::new(String::new());
            for (key, c) in keys {
                let _ = press(&mut prompt, match key {
                    0 => KeyCode::Left,
                    1 => KeyCode::Right,
                    2 => KeyCode::Backspace,
                    3 => KeyCode::Delete,
                    4 => KeyCode::Up,
                    5 => KeyCode::Down,
                    6 => KeyCode::Home,
                    _ => KeyCode::Char(c),
                });
                let (left, right) = prompt.around_caret();
                prop_assert_eq!(left.len() + right.len(), prompt.text().len());
                prop_assert!(!prompt.text().chars().any(char::is_control));
            }
        }
    }
}
