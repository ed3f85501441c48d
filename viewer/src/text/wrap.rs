//! Text broken into lines.

use super::clean::width;

/// Breaks a clean text into lines of so many columns, at spaces where there are any.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        if !line.is_empty() && width(&line) + 1 + width(&word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        // A word that is longer than a line is cut.
        while width(&word) > columns && columns > 0 {
            let mut end = 0;
            for (i, c) in word.char_indices() {
                if width(&word[..i + c.len_utf8()]) > columns {
                    break;
                }
                end = i + c.len_utf8();
            }
            if end == 0 {
                break;
            }
            let rest = word.split_off(end);
            lines.push(std::mem::replace(&mut word, rest));
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// The paragraphs of a text that was broken into lines; a line that begins with a space stands by itself, as it is.
#[must_use]
pub fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        let laid_out = line.starts_with(' ');
        match paragraphs.last_mut() {
            Some(last) if !line.trim().is_empty() && !laid_out && !last.starts_with(' ') => {
                last.push_str(if last.is_empty() { "" } else { " " });
                last.push_str(line.trim_end());
            }
            _ => paragraphs.push(line.trim_end().to_owned()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use super::{paragraphs, wrap};

    #[test]
    fn text_is_broken_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("日", 1), ["日"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("ab", 0), ["ab"]);
    }

    #[test]
    fn lines_of_a_paragraph_are_joined_and_what_is_laid_out_stays() {
        let text = "One\ntwo.\n\nThree:\n  code();\n  more();\nfour";
        assert_eq!(
            paragraphs(text),
            ["One two.", "Three:", "  code();", "  more();", "four"]
        );
        assert_eq!(paragraphs("\n\n"), Vec::<String>::new());
    }
}
