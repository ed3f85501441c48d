//! Systems on which no stack can be told: the same functions, which say so.

use crate::{StartError, Stats};

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
