//! What comes into the app and what it wants done.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};

use super::sources::SourceLine;
use crate::feed::{Ask, Feed};
use crate::source::Program;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// So much time has passed since the app began. Never goes back.
    Tick(Duration),
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has so many columns and rows now.
    Resize(u16, u16),
    /// The connection has news.
    Feed(Feed),
    /// A line of the source was looked for, and this is its text, if it was found. It is safe for a terminal.
    Source(SourceLine, Option<String>),
}

/// Something to be done outside of the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Stop the process as `ctrl-z` does, to go on when the shell says so.
    Suspend,
    /// Ask the connection for something.
    Ask(Ask),
    /// Put this text into the clipboard of the person's terminal. It is safe for a terminal.
    Copy(String),
    /// Look for these lines of the source of a program.
    Read(Program, Vec<SourceLine>),
}
