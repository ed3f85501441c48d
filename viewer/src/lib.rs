//! The viewer: the command line, the connection to a target, and the screens that show what it tells.
//!
//! Reading order: [`feed`] is what a connection tells, [`client`] makes connections, [`tui`] shows what they tell, [`text`]
//! is how that is written, and [`cli`] is the program.
#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod feed;
#[cfg(test)]
mod scene;
pub mod source;
#[cfg(test)]
mod stacked;
pub mod text;
pub mod tui;
