//! Systems on which no stack can be told: the same functions, which say so.

use std::path::Path;

use crate::{Look, LookError, SignalError, StartError, Stats};

/// The module of an address; there is none here.
pub(crate) struct Code {
    pub(crate) start: u64,
    pub(crate) bias: u64,
    pub(crate) path: &'static str,
    pub(crate) is_executable: bool,
}

impl Code {
    pub(crate) fn file(&self) -> Option<&'static Path> {
        None
    }
}

pub(crate) fn code(_address: u64) -> Option<Code> {
    None
}

pub(crate) fn stack_code(_id: u32, _address: u64) -> Option<Code> {
    None
}

pub(crate) fn executable_code() -> Option<u64> {
    None
}

/// Not supported here.
///
/// # Errors
/// Always [`StartError::Unsupported`].
pub fn start() -> Result<(), StartError> {
    Err(StartError::Unsupported)
}

/// Always 0 here.
#[inline(always)]
pub fn capture(_poll_sp: usize) -> u32 {
    0
}

/// Finds nothing here.
#[doc(hidden)]
pub fn walk_only(_poll_sp: usize, found: &mut Vec<u64>) {
    found.clear();
}

/// Always `None` here.
pub fn program_counters(_id: u32) -> Option<&'static [u64]> {
    None
}

/// Does nothing here.
pub fn reload_if_needed() {}

/// All zeroes here.
pub fn stats() -> Stats {
    Stats::default()
}

/// Looks at nothing here.
#[derive(Default)]
pub struct Watch(());

impl Watch {
    /// One that sees nothing.
    pub fn new() -> Self {
        Self(())
    }

    /// Not supported here.
    ///
    /// # Errors
    /// Always [`SignalError::Unsupported`].
    pub fn with_signals() -> Result<Self, SignalError> {
        Err(SignalError::Unsupported)
    }

    /// Always [`LookError::Unsupported`] here.
    pub fn look(&mut self, _tid: i32, _poll_sp: usize, _still: impl Fn() -> bool) -> Look {
        Look {
            failure: Some(LookError::Unsupported),
            ..Look::default()
        }
    }
}

/// Finds none here.
#[derive(Debug, Default)]
pub struct Listeners(());

impl Listeners {
    /// One that finds none.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }

    /// Always none here.
    pub fn look(&mut self, _now: std::time::Duration) -> Vec<crate::Listener> {
        Vec::new()
    }
}
