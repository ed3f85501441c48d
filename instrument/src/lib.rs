//! What an app adds.

/// Installs the instrument.
pub fn init() {}
