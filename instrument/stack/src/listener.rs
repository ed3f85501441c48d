//! What is told of a socket that listens.

use std::net::SocketAddr;

/// A TCP socket of this process that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The number of its descriptor.
    pub descriptor: i32,
    /// Where it listens.
    pub address: SocketAddr,
    /// Connections that wait to be accepted.
    pub waiting: u32,
    /// How many may; further ones are not answered, or refused.
    pub limit: u32,
}
