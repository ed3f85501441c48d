//! Why a command could not do what it was asked, and the exit code that says so.

use std::fmt::Write;
use std::io;
use std::process::ExitCode;

use crate::client::{Answer, ConnectError, Listing};
use crate::text::clean;
use crate::tui::TuiError;

/// Asked wrongly.
const USAGE: u8 = 2;

/// No connection.
const NO_CONNECTION: u8 = 3;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Something is wrong with the arguments.
    #[error("{0}")]
    Usage(String),
    /// No address was given, and there are several programs.
    #[error("{}", several(.0))]
    Several(Listing),
    /// No address was given, and there is no program.
    #[error("{}", nobody(.0))]
    Nobody(Listing),
    /// The target can't be watched.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The target was lost, or told too little, while it was watched.
    #[error("{}", clean(.0))]
    Lost(String),
    /// The terminal can't be drawn on.
    #[error(transparent)]
    Screen(#[from] TuiError),
    /// The program of the demo can't be found or started, or it ended.
    #[error("{0}")]
    Demo(String),
    /// The system refused something that is ours.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Failure {
    /// Says so on the standard error.
    pub(super) fn report(&self) -> ExitCode {
        use std::io::Write;
        // There is nobody to tell where this fails.
        let _ = writeln!(io::stderr(), "error: {self}");
        match self {
            Self::Usage(_)
            | Self::Several(_)
            | Self::Screen(TuiError::NoTerminal)
            | Self::Connect(ConnectError::Filter(_)) => USAGE.into(),
            Self::Nobody(_)
            | Self::Connect(_)
            | Self::Lost(_)
            | Self::Demo(_)
            | Self::Io(_)
            | Self::Screen(_) => NO_CONNECTION.into(),
        }
    }
}

fn several(listing: &Listing) -> String {
    let mut text = "there are several programs: say which one".to_owned();
    for (process, hello) in listing.watchable() {
        let _ = write!(text, "\n  pid:{:<10} {}", process.pid, clean(&hello.name));
    }
    text
}

fn nobody(listing: &Listing) -> String {
    let mut text = format!(
        "no program with taskscope is to be seen in {}",
        listing.dir.display()
    );
    if let Some(trouble) = &listing.trouble {
        let _ = write!(text, "\n  {trouble}");
    }
    for process in &listing.processes {
        let what = match &process.answer {
            Answer::Hello(_) => continue,
            Answer::Silent => "does not answer: it is stopped, or very busy",
            Answer::Gone => "is another program by now",
            Answer::NoPermission => "may not be reached by this user",
            Answer::Incompatible(why) | Answer::Odd(why) => why,
        };
        let _ = write!(text, "\n  pid:{} {what}", process.pid);
    }
    text.push_str(
        "\n
Add it to an app:
  cargo add taskscope                          # then, as the first line of main, before any runtime:
  taskscope::init();
and build it with this in .cargo/config.toml:
  [build]
  rustflags = [\"--cfg\", \"tokio_unstable\"]
Then start the app, or try `taskscope demo`.",
    );
    text
}
