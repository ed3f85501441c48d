//! The viewer.
#![forbid(unsafe_code)]

pub mod feed;
