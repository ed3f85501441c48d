//! Connections that wait to be accepted.

use std::net::SocketAddr;

use crate::Stamp;

/// The queue of a socket that listens. Only the target itself knows of it: viewers are told what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// The number of the socket's descriptor.
    pub socket: i32,
    /// Where it listens.
    pub address: SocketAddr,
    /// Connections that wait; 0 where the queue is empty, or the socket is closed.
    pub waiting: u32,
    /// How many may wait.
    pub limit: u32,
    /// From when on some waited, at each look.
    pub since: Stamp,
}
