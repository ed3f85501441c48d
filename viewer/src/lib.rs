//! The viewer.
#![forbid(unsafe_code)]

pub mod feed;
pub mod text;
pub mod tui;
