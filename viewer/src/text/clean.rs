//! What the target calls things, made safe for a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands for a character that would do something to the terminal and has no picture of its own.
const HIDDEN: char = '\u{fffd}';
/// Accents that one letter keeps: enough for every language, too few to climb over the lines around.
const MARKS: u32 = 2;

/// The text with everything made visible that a terminal would act on or hide: control characters become their
/// pictures (`␛`, `␊`), bidi overrides, zero-width and other invisible characters become `�`, wide spaces plain ones.
/// What is left takes exactly [`width`] columns.
///
/// ```
/// use taskscope_viewer::text::clean;
///
/// assert_eq!(clean("handle_upload"), "handle_upload");
/// assert_eq!(clean("\u{1b}[2Jgone\r\n"), "␛[2Jgone␍␊");
/// assert_eq!(clean("user\u{202e}txt.exe"), "user�txt.exe");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(Visible::of(text).collect())
}

/// The columns that a cleaned text takes in a terminal.
#[must_use]
pub fn width(cleaned: &str) -> usize {
    cleaned.width()
}

/// The text cleaned and cut to so many columns; `…` stands for what was cut. However long the text, no more of it is
/// looked at than can be shown.
///
/// ```
/// use taskscope_viewer::text::fit;
///
/// assert_eq!(fit("handle_upload", 20), "handle_upload");
/// assert_eq!(fit("handle_upload", 8), "handle_…");
/// assert_eq!(fit("日本語", 4), "日…");
/// ```
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Where the text must end if it turns out to be too long: there is room for the `…` behind it.
    let mut keep = 0;
    for c in Visible::of(text) {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns {
            out.truncate(keep);
            if columns > 0 {
                out.push('…');
            }
            return out;
        }
        used += wide;
        out.push(c);
        if used < columns {
            keep = out.len();
        }
    }
    out
}

/// The text cleaned and cut at its beginning to so many columns; `…` stands for what was cut.
///
/// ```
/// use taskscope_viewer::text::fit_end;
///
/// assert_eq!(fit_end("serve/mod.rs:389", 20), "serve/mod.rs:389");
/// assert_eq!(fit_end("serve/mod.rs:389", 8), "….rs:389");
/// assert_eq!(fit_end("日本語", 4), "…語");
/// ```
#[must_use]
pub fn fit_end(text: &str, columns: usize) -> String {
    let cleaned = clean(text);
    if width(&cleaned) <= columns {
        return cleaned.into_owned();
    }
    let mut used = 0;
    let mut from = cleaned.len();
    for (i, c) in cleaned.char_indices().rev() {
        let wide = c.width().unwrap_or(0);
        if used + wide >= columns {
            break;
        }
        used += wide;
        // What begins with a mark would put it on the `…`.
        if wide > 0 {
            from = i;
        }
    }
    let mark = if columns > 0 { "…" } else { "" };
    format!("{mark}{}", &cleaned[from..])
}

/// The characters of a text, each that is not plainly visible replaced.
struct Visible<'a> {
    chars: std::str::Chars<'a>,
    /// How many more marks the last letter may carry.
    marks: u32,
}

impl<'a> Visible<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            chars: text.chars(),
            marks: 0,
        }
    }
}

impl Iterator for Visible<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        let shown = match c {
            ' '..='~' => c,
            '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or(HIDDEN),
            '\x7f' => '␡',
            _ if is_hidden(c) => HIDDEN,
            _ if c.is_whitespace() => ' ',
            _ => match c.width() {
                Some(0) if self.marks > 0 => {
                    self.marks -= 1;
                    return Some(c);
                }
                None | Some(0) => HIDDEN,
                Some(_) => c,
            },
        };
        // A mark on a letter that stands for something else would look like a part of it.
        self.marks = if shown == c && c.is_alphabetic() {
            MARKS
        } else {
            0
        };
        Some(shown)
    }
}

/// Characters that are invisible, change how their neighbours are laid out, or whose width depends on their neighbours.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'               // C1 controls: some terminals act on them
        | '\u{ad}' | '\u{34f}' | '\u{61c}'  // soft hyphen, grapheme joiner, Arabic letter mark
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'         // zero-width space and joiners, direction marks
        | '\u{2028}'..='\u{202e}'         // line and paragraph separators, bidi embeddings and overrides
        | '\u{2060}'..='\u{206f}'         // word joiner, bidi isolates
        | '\u{20d0}'..='\u{20ff}'         // marks that enclose a whole letter, as in keycaps
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1f1e6}'..='\u{1f1ff}'       // flags are pairs of these
        | '\u{1f3fb}'..='\u{1f3ff}'       // skin tones melt into the character before
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'       // tags and more variation selectors
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

    use super::{clean, fit, fit_end, width};

    #[test]
    fn what_a_terminal_would_act_on_is_shown_instead() {
        for (hostile, shown) in [
            ("a\nb\tc", "a␊b␉c"),
            ("\u{1b}]0;title\u{7}", "␛]0;title␇"),
            ("\u{9b}31m", "�31m"),
            ("\u{7f}", "␡"),
            ("a\u{200b}b\u{feff}", "a�b�"),
            ("\u{202e}abc\u{2066}", "�abc�"),
            ("a\u{2028}b\u{a0}c\u{3000}d", "a�b c d"),
            ("👨\u{200d}👩", "👨�👩"),
            ("☁\u{fe0f}", "☁�"),
            ("\u{301}x", "�x"),
            ("cafe\u{301}", "cafe\u{301}"),
            ("z\u{301}\u{302}\u{303}\u{304}", "z\u{301}\u{302}��"),
            ("日本語", "日本語"),
        ] {
            assert_eq!(clean(hostile), shown, "{hostile:?}");
        }
    }

    #[test]
    fn a_huge_text_costs_no_more_than_what_is_shown() {
        let huge = "\u{1b}[31m".repeat(1 << 20);
        assert_eq!(fit(&huge, 6), "␛[31m…");
    }

    proptest! {
        #[test]
        fn a_clean_text_is_visible_and_takes_its_width(text in any::<String>(), columns in 0usize..40) {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(|c| c.is_control() || super::is_hidden(c)));
            // Cleaning is final: what was cleaned is clean.
            prop_assert_eq!(clean(&cleaned), &*cleaned);
            let fitted = fit(&text, columns);
            prop_assert!(width(&fitted) <= columns);
            prop_assert!(cleaned.starts_with(fitted.trim_end_matches('…')) || text.contains('…'));
            let end = fit_end(&text, columns);
            prop_assert!(width(&end) <= columns);
            prop_assert!(cleaned.ends_with(end.trim_start_matches('…')) || text.contains('…'));
            if width(&cleaned) <= columns {
                prop_assert_eq!(&fitted, &cleaned);
                prop_assert_eq!(end, cleaned.into_owned());
            }
        }

        #[test]
        fn any_letter_keeps_its_width_beside_any_other(a in any::<char>(), b in any::<char>()) {
            let cleaned = clean(&format!("{a}{b}")).into_owned();
            let apart: usize = cleaned.chars().map(|c| c.width().unwrap_or(0)).sum();
            // Ligatures (Arabic lam-alef and its like) are narrower together; nothing is ever wider.
            prop_assert!(cleaned.width() <= apart);
        }
    }
}
