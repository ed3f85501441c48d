//! Programs to look at with taskscope, one in each file of `src/bin`; what they share lives here.

#![forbid(unsafe_code)]

pub mod args;
pub mod client;
pub mod clock;
pub mod demo;
pub mod disease;
pub mod load;
pub mod rss;
pub mod spawn;
pub mod stop;
