//! What the server takes from whoever connects.

use std::time::Duration;

/// How much the server takes at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections.
    pub(super) connections: usize,
    /// Viewers that watch, over all connections.
    pub(super) watchers: usize,
    /// Viewers that listen to raw events, over all connections.
    pub(super) listeners: usize,
    /// Time within which a connection must have said what every HTTP/2 client says first, and a request be all there.
    pub(super) patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            watchers: 64,
            listeners: 16,
            patience: Duration::from_secs(10),
        }
    }
}
