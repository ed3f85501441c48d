//! The terminal: taken over, and given back on every way out.

use std::io::{self, IsTerminal, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};

use super::app::App;
use super::view::draw;

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Keep the window's title for later, and bring it back (xterm's window operations 22 and 23; others ignore them).
const PUSH_TITLE: &str = "\u{1b}[22;2t";
const POP_TITLE: &str = "\u{1b}[23;2t";

/// The viewer can't go on.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// There is nobody to look at the screens.
    #[error("the output is no terminal: `taskscope tasks` writes one snapshot as text or JSON")]
    NoTerminal,
    /// The terminal failed, or is gone.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// The terminal while the viewer has it.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over; a panic gives it back before it is reported.
    pub(super) fn take() -> Result<Self, TuiError> {
        if !stdout().is_terminal() {
            return Err(TuiError::NoTerminal);
        }
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            report(panic);
        }));
        // From here on dropping it gives back whatever was taken.
        let mut screen = Self {
            terminal: Terminal::new(CrosstermBackend::new(stdout()))?,
        };
        screen.resume()?;
        Ok(screen)
    }

    /// Takes the terminal over again, after it was given back or something else was written to it.
    pub(super) fn resume(&mut self) -> Result<(), TuiError> {
        if !TAKEN.swap(true, Ordering::SeqCst) {
            execute!(stdout(), Print(PUSH_TITLE))?;
        }
        enable_raw_mode()?;
        execute!(
            stdout(),
            EnterAlternateScreen,
            EnableMouseCapture,
            EnableBracketedPaste
        )?;
        // Not `clear`: that asks the terminal where its cursor is, and the answer would go to the stream of events.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))?;
        Ok(())
    }

    /// Gives the terminal back for a while.
    pub(super) fn release(&mut self) {
        give_back();
    }

    /// Its columns and rows.
    pub(super) fn size(&self) -> Result<(u16, u16), TuiError> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws the app.
    pub(super) fn draw(&mut self, app: &App) -> Result<(), TuiError> {
        self.terminal.draw(|frame| draw(app, frame.buffer_mut()))?;
        Ok(())
    }

    /// Names the window. The text must be clean.
    pub(super) fn set_title(&mut self, title: &str) -> Result<(), TuiError> {
        Ok(execute!(stdout(), SetTitle(title))?)
    }

    /// Puts text into the clipboard of the person's terminal, by OSC 52.
    pub(super) fn copy(&mut self, text: &str) -> Result<(), TuiError> {
        Ok(execute!(
            stdout(),
            CopyToClipboard::to_clipboard_from(text)
        )?)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Puts the terminal back into the state in which a shell wants it. There is nothing to be done where that fails.
fn give_back() {
    // A panic after the viewer has left must not write escape sequences.
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(
        stdout(),
        Print(POP_TITLE),
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
    let _ = stdout().flush();
}
