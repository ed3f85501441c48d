//! The viewer: the command line, the connection to a target and what is made of it.
//!
//! Reading order: [`feed`] is what a connection tells, [`client`] makes connections, [`cli`] is the program.
#![forbid(unsafe_code)]

pub mod cli;
pub mod client;
pub mod feed;
pub mod text;
