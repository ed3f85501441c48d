//! Programs to look at.
