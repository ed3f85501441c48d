//! The one place where the examples read a clock.

use std::time::Instant;

/// The time now.
#[allow(clippy::disallowed_methods)] // this is the clock module
pub fn now() -> Instant {
    Instant::now()
}
