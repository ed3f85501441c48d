//! What is printed, and for whom: a person at a terminal, or a program.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::failure::Failure;
use crate::text::clean;

/// Columns of a line where it is printed to no terminal and `COLUMNS` does not say.
const DEFAULT_WIDTH: usize = 100;

/// How text is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Columns of a line.
    pub(super) width: usize,
    /// Whether there are colours.
    pub(super) colours: bool,
}

impl Style {
    /// What suits the standard output.
    pub(super) fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let asked = std::env::var("COLUMNS")
            .ok()
            .and_then(|columns| columns.parse().ok());
        let real = terminal
            .then(crossterm::terminal::size)
            .and_then(Result::ok)
            .map(|(columns, _)| columns.into());
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            width: real
                .or(asked)
                .filter(|width| *width > 0)
                .unwrap_or(DEFAULT_WIDTH),
            colours: terminal && !no_colour,
        }
    }
}

/// Prints to the standard output. That nobody reads it to its end is no failure: so do `head` and `less`.
pub(super) fn print(text: &str) -> Result<ExitCode, Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| {
        if text.ends_with('\n') {
            stdout.flush()
        } else {
            stdout.write_all(b"\n").and_then(|()| stdout.flush())
        }
    });
    ended(written)
}

/// Prints a value as JSON, as it is made: that of a million tasks would fill the memory.
pub(super) fn print_json(value: &impl Serialize) -> Result<ExitCode, Failure> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    let written = write_json(value, &mut stdout)
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
    // What could not be written is not to be written again when the buffer is dropped.
    drop(stdout.into_parts());
    ended(written)
}

fn ended(written: io::Result<()>) -> Result<ExitCode, Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn write_json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut json = Serializer::with_formatter(out, Armoured(PrettyFormatter::new()));
    value.serialize(&mut json).map_err(io::Error::from)
}

/// JSON leaves characters in strings that a terminal may take for commands: those are written as escapes, which mean
/// the same to whoever reads JSON.
struct Armoured(PrettyFormatter<'static>);

impl Formatter for Armoured {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(is_foreign) {
            out.write_all(&rest.as_bytes()[..at])?;
            let mut letters = rest[at..].chars();
            for unit in letters
                .by_ref()
                .take(1)
                .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
            {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = letters.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

/// Whether a screen would show something else for it.
fn is_foreign(c: char) -> bool {
    !matches!(c, ' '..='~') && !clean(c.encode_utf8(&mut [0; 4])).starts_with(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_no_commands_and_a_program_the_very_text() {
        let name = "a\u{1b}[2J\u{9b}31m\u{202e}é\u{7f}\u{e0041}\n";
        let mut safe = Vec::new();
        write_json(&[name], &mut safe).expect("memory can be written to");
        let safe = String::from_utf8(safe).expect("JSON is text");
        let unfit =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{e0041}');
        assert!(!safe.contains(unfit), "{safe:?}");
        assert!(
            safe.contains('é'),
            "what is harmless stays as it is: {safe:?}"
        );
        assert_eq!(
            serde_json::from_str::<[String; 1]>(&safe).expect("it is JSON"),
            [name]
        );
    }
}
