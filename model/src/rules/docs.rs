//! The first lines of a source file as text, taken out when the program is built, so that they are written once.

/// The `//!` lines that a file begins with, without these signs.
macro_rules! docs {
    ($file:literal) => {{
        const SOURCE: &str = include_str!($file);
        const LENGTH: usize = $crate::rules::docs::length(SOURCE);
        const TEXT: [u8; LENGTH] = $crate::rules::docs::text(SOURCE);
        match std::str::from_utf8(&TEXT) {
            Ok(text) => text,
            Err(_) => "",
        }
    }};
}

/// How long the text is in bytes, without the end of its last line.
pub(super) const fn length(source: &str) -> usize {
    walk(source, &mut [])
}

/// The text itself.
pub(super) const fn text<const LENGTH: usize>(source: &str) -> [u8; LENGTH] {
    let mut text = [0; LENGTH];
    walk(source, &mut text);
    text
}

/// The text up to the end of its first line.
pub(super) const fn first_line(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b'\n' {
        end += 1;
    }
    text.split_at(end).0
}

/// Copies as much as there is room for; gives the length of all.
const fn walk(source: &str, into: &mut [u8]) -> usize {
    let bytes = source.as_bytes();
    let (mut from, mut to) = (0, 0);
    while from + 2 < bytes.len()
        && bytes[from] == b'/'
        && bytes[from + 1] == b'/'
        && bytes[from + 2] == b'!'
    {
        from += 3;
        if from < bytes.len() && bytes[from] == b' ' {
            from += 1;
        }
        while from < bytes.len() {
            let byte = bytes[from];
            if to < into.len() {
                into[to] = byte;
            }
            from += 1;
            to += 1;
            if byte == b'\n' {
                break;
            }
        }
    }
    to.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::{first_line, length, text};

    #[test]
    fn the_first_lines_are_taken_without_their_signs() {
        const SOURCE: &str = "//! One.\n//!\n//!  Two,\n//! three.\nuse four;\n//! five\n";
        const TEXT: [u8; length(SOURCE)] = text(SOURCE);
        assert_eq!(std::str::from_utf8(&TEXT), Ok("One.\n\n Two,\nthree."));
        assert_eq!(first_line("One.\n\nTwo."), "One.");
        assert_eq!((length(""), length("use x;"), length("//! x\n")), (0, 0, 1));
    }
}
