//! The sockets at which connections wait.

use std::collections::BTreeMap;

use super::World;
use crate::Backlog;

/// Sockets beyond this many are not kept.
const MOST: usize = 64;

/// The queues that are not empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlogs(BTreeMap<i32, Backlog>);

impl Backlogs {
    pub(super) fn put(&mut self, backlog: Backlog) {
        if backlog.waiting == 0 {
            self.0.remove(&backlog.socket);
        } else if self.0.len() < MOST || self.0.contains_key(&backlog.socket) {
            self.0.insert(backlog.socket, backlog);
        }
    }
}

impl World {
    /// The sockets at which connections wait to be accepted.
    pub fn backlogs(&self) -> impl Iterator<Item = &Backlog> {
        self.backlogs.0.values()
    }
}
