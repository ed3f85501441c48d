//! The instruments that are compared.

use std::{fmt, str::FromStr};

/// One column of the comparison: how the measured program was built and what it installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Variant {
    /// tokio as most programs use it: no `tracing` feature, no `tokio_unstable`.
    Plain,
    /// tokio's instrumentation points compiled in, and nobody listening: what the others are compared with.
    Traced,
    /// A subscriber that wants everything and does nothing.
    Bare,
    /// taskscope at its level `tasks`: no locks, no permits.
    Tasks,
    /// taskscope at its level `locks`: no permits.
    Locks,
    /// taskscope as `taskscope::init()` sets it up, with everything, no viewer attached.
    Taskscope,
    /// console-subscriber's `ConsoleLayer` on a registry.
    Console,
}

impl Variant {
    /// In the order of the tables.
    pub(crate) const ALL: [Self; 7] = [
        Self::Plain,
        Self::Traced,
        Self::Bare,
        Self::Tasks,
        Self::Locks,
        Self::Taskscope,
        Self::Console,
    ];

    /// As it is written on the command line and in the tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Traced => "traced",
            Self::Bare => "bare",
            Self::Tasks => "tasks",
            Self::Locks => "locks",
            Self::Taskscope => "taskscope",
            Self::Console => "console",
        }
    }

    /// The feature of the program that it runs in; all but the first need `--cfg tokio_unstable`. Most share one program: what
    /// differs between those is what they do, and not where the compiler laid their code.
    pub(crate) const fn feature(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Console => Some("console"),
            _ => Some("traced"),
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|variant| variant.name() == name)
            .ok_or_else(|| format!("there is no variant `{name}`"))
    }
}
