//! Looking for text whatever its case, without an allocation per task.

use memchr::memchr2_iter;

/// The most digits that a line number has.
const LINE_DIGITS: usize = 10;

/// A text in lower case, to be looked for.
///
/// Letters beyond ASCII are compared by their lower case too. Only a text that has such letters pays for that: an ASCII
/// text is looked for by its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    lower: String,
    /// Where the last colon is, if only digits follow: such a text can span a file and its line, as `main.rs:4` does.
    colon: Option<usize>,
    /// There is nothing but digits, so that it can lie in a line number.
    is_number: bool,
}

impl Needle {
    pub(super) fn new(text: &str) -> Self {
        let lower = lower(text);
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let colon = lower.rfind(':').filter(|&i| is_digits(&lower[i + 1..]));
        let is_number = is_digits(&lower);
        Self {
            lower,
            colon,
            is_number,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.lower
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        let needle = self.lower.as_bytes();
        let Some((&first, rest)) = needle.split_first() else {
            return true;
        };
        if !self.lower.is_ascii() {
            return contains_chars(text, &self.lower);
        }
        let text = text.as_bytes();
        let Some(last_start) = text.len().checked_sub(needle.len()) else {
            return false;
        };
        memchr2_iter(first, first.to_ascii_uppercase(), &text[..=last_start])
            .any(|i| text[i + 1..][..rest.len()].eq_ignore_ascii_case(rest))
    }

    /// Whether it is in `file:line`.
    pub(super) fn is_in_place(&self, file: &str, line: u32) -> bool {
        if self.is_in(file) {
            return true;
        }
        if self.colon.is_none() && !self.is_number {
            return false;
        }
        let mut buffer = [0; LINE_DIGITS];
        let line = digits(line, &mut buffer);
        if self.is_number {
            let needle = self.lower.as_bytes();
            return line.windows(needle.len()).any(|part| part == needle);
        }
        self.colon.is_some_and(|i| {
            line.starts_with(&self.lower.as_bytes()[i + 1..]) && ends_with(file, &self.lower[..i])
        })
    }
}

/// A text in lower case, letter by letter, so that it does not depend on what stands around a letter.
pub(super) fn lower(text: &str) -> String {
    let mut lower = String::with_capacity(text.len());
    lower_onto(&mut lower, text);
    lower
}

/// Appends a text in lower case.
pub(super) fn lower_onto(out: &mut String, text: &str) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        out.extend(lower_chars(text));
    }
}

fn lower_chars(text: &str) -> impl DoubleEndedIterator<Item = char> + Clone {
    text.chars().flat_map(char::to_lowercase)
}

fn contains_chars(text: &str, lower: &str) -> bool {
    let mut rest = lower_chars(text);
    loop {
        let mut here = rest.clone();
        if lower.chars().all(|c| here.next() == Some(c)) {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

fn ends_with(text: &str, lower: &str) -> bool {
    if lower.is_ascii() {
        let (text, end) = (text.as_bytes(), lower.as_bytes());
        return text.len() >= end.len() && text[text.len() - end.len()..].eq_ignore_ascii_case(end);
    }
    let mut text = lower_chars(text).rev();
    lower.chars().rev().all(|c| text.next() == Some(c))
}

fn digits(mut number: u32, buffer: &mut [u8; LINE_DIGITS]) -> &[u8] {
    let mut start = LINE_DIGITS;
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[start..];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Needle, lower};

    #[test]
    fn case_does_not_matter() {
        for (needle, text, is_in) in [
            ("handle", "Handle_Upload", true),
            ("HANDLE", "handle_upload", true),
            ("load", "handle_upload", true),
            ("loads", "handle_upload", false),
            ("ärger", "Großer ÄRGER", true),
            ("Σ", "ὈΔΥΣΣΕΎΣ", true),
            ("x", "", false),
            ("", "", true),
            ("", "x", true),
        ] {
            assert_eq!(
                Needle::new(needle).is_in(text),
                is_in,
                "{needle:?} in {text:?}"
            );
        }
    }

    #[test]
    fn a_place_is_a_file_and_a_line() {
        for (needle, is_in) in [
            ("src/API.rs:120", true),
            ("api.rs:12", true),
            (":120", true),
            (":", true),
            ("20", true),
            ("rs:20", false),
            ("rs:1200", false),
            ("1", true),
            ("5", false),
            ("rs1", false),
            ("bank.rs:120", false),
        ] {
            assert_eq!(
                Needle::new(needle).is_in_place("src/api.rs", 120),
                is_in,
                "{needle:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn as_the_plain_way(text in "(?i)[aäßſİKΣ:1.]{0,12}", needle in "(?i)[aäßſİΣ:1.]{0,3}") {
            // An ASCII needle is looked for by bytes, where the rare letters that become ASCII stay as they are.
            let plain = if needle.is_ascii() {
                text.to_ascii_lowercase().contains(&needle.to_ascii_lowercase())
            } else {
                lower(&text).contains(&lower(&needle))
            };
            prop_assert_eq!(Needle::new(&needle).is_in(&text), plain);
        }

        #[test]
        fn a_place_as_the_plain_way(file in "[aÄ:1]{0,6}", line: u16, needle in "[AaÄ:0-3]{0,4}") {
            let plain = lower(&format!("{file}:{line}")).contains(&lower(&needle));
            prop_assert_eq!(Needle::new(&needle).is_in_place(&file, line.into()), plain);
        }
    }
}
