//! What is printed, and for whom: a person at a terminal, or a program.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

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
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<ExitCode, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    print(&escaped(&json))
}

/// JSON leaves characters in strings that a terminal may take for commands: those are written as escapes, which mean
/// the same to whoever reads JSON.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        let foreign = c != '\n' && !clean(c.encode_utf8(&mut [0; 4])).starts_with(c);
        if foreign {
            for unit in c.encode_utf16(&mut [0; 2]) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_no_commands_and_a_program_the_very_text() {
        let name = "\u{1b}[2J\u{9b}31m\u{202e}é\u{7f}\u{e0041}\n";
        let json = serde_json::to_string(name).expect("a string is JSON");
        let safe = escaped(&json);
        assert!(
            !safe.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "{safe:?}"
        );
        assert_eq!(
            serde_json::from_str::<String>(&safe).expect("it is JSON"),
            name
        );
    }
}
