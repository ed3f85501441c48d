//! The words of a filter: where terms begin and end, what is quoted, what stands before a colon or a comparison.

use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

use super::error::FilterError;
use super::measure::Op;

/// What stands between a field and its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    Colon,
    Op(Op),
    /// `!=`, which is no comparison of this language but is often tried.
    NotEqual,
}

impl fmt::Display for Joint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Colon => f.write_str(":"),
            Self::Op(op) => op.fmt(f),
            Self::NotEqual => f.write_str("!="),
        }
    }
}

/// One term of a filter, not yet understood.
#[derive(Debug)]
pub(super) struct Lexeme<'a> {
    /// Where it begins, its `-` left out.
    pub(super) at: usize,
    pub(super) negated: bool,
    /// The field and what follows it; `None` for a word.
    pub(super) field: Option<(&'a str, Joint)>,
    /// What the `|` separate; never empty.
    pub(super) values: Vec<Value>,
}

#[derive(Debug)]
pub(super) struct Value {
    pub(super) at: usize,
    /// The text without its quotes.
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// The terms of a filter, in order; after an error there is nothing more of use.
pub(super) struct Lexer<'a> {
    input: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self {
            input,
            chars: input.char_indices().peekable(),
        }
    }

    /// The next term; `None` at the end.
    pub(super) fn term(&mut self) -> Result<Option<Lexeme<'a>>, FilterError> {
        while self.chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        if self.chars.peek().is_none() {
            return Ok(None);
        }
        let negated = self
            .chars
            .next_if(|(_, c)| matches!(c, '-' | '!'))
            .is_some();
        let at = self.at();
        if let Some((_, sign @ ('-' | '!'))) = self.chars.peek() {
            return Err(FilterError::new(
                at,
                format!("expected a term after `-`; quote a text that begins with `{sign}`"),
            ));
        }
        let field = split_field(&self.input[at..]);
        if let Some((name, joint)) = field {
            let values_at = at + name.len() + joint.to_string().len();
            while self.chars.next_if(|(i, _)| *i < values_at).is_some() {}
        }
        let mut values = vec![self.value()?];
        while self.chars.next_if(|(_, c)| *c == '|').is_some() {
            values.push(self.value()?);
        }
        Ok(Some(Lexeme {
            at,
            negated,
            field,
            values,
        }))
    }

    /// A text up to the next space or `|` that is not quoted; it can be empty.
    fn value(&mut self) -> Result<Value, FilterError> {
        let mut value = Value {
            at: self.at(),
            text: String::new(),
            quoted: false,
        };
        while let Some((at, c)) = self.chars.next_if(|(_, c)| !c.is_whitespace() && *c != '|') {
            if c == '"' {
                value.quoted = true;
                self.quoted(at, &mut value.text)?;
            } else {
                value.text.push(c);
            }
        }
        Ok(value)
    }

    /// What follows a quote that stands at `start`, up to the one that closes it.
    fn quoted(&mut self, start: usize, text: &mut String) -> Result<(), FilterError> {
        while let Some((_, c)) = self.chars.next() {
            match c {
                '"' => return Ok(()),
                // Before any other letter a backslash is one, so that most Windows paths need no care.
                '\\' => match self.chars.next_if(|(_, c)| matches!(c, '"' | '\\')) {
                    Some((_, escaped)) => text.push(escaped),
                    None => text.push('\\'),
                },
                _ => text.push(c),
            }
        }
        Err(FilterError::new(
            start,
            "expected a `\"` that closes this one".to_owned(),
        ))
    }

    fn at(&mut self) -> usize {
        self.chars.peek().map_or(self.input.len(), |(i, _)| *i)
    }
}

/// The field that a text begins with and what follows it. `a::b` is no field `a`, since paths of Rust look so.
pub(super) fn split_field(text: &str) -> Option<(&str, Joint)> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || rest.starts_with("::") {
        return None;
    }
    let joint = if rest.starts_with(':') {
        Joint::Colon
    } else if rest.starts_with("!=") {
        Joint::NotEqual
    } else {
        Joint::Op(
            Op::ALL
                .into_iter()
                .find(|op| rest.starts_with(op.as_str()))?,
        )
    };
    Some((name, joint))
}

/// Writes a text so that it is read back as it is, with quotes where it needs them.
pub(super) fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let special = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '|');
    let is_plain = !text.is_empty()
        && !text.starts_with(['-', '!'])
        && !text.contains(special)
        && split_field(text).is_none();
    if is_plain {
        return f.write_str(text);
    }
    f.write_str("\"")?;
    for part in text.split_inclusive(['"', '\\']) {
        let plain = part.trim_end_matches(['"', '\\']);
        f.write_str(plain)?;
        if plain.len() < part.len() {
            write!(f, "\\{}", &part[plain.len()..])?;
        }
    }
    f.write_str("\"")
}
