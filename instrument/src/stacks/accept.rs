//! Looks for connections that nobody accepts.

use std::collections::HashMap;
use std::time::Duration;

use taskscope_model::{Backlog, Change, Stamp};
use taskscope_record::clock::Clock;
use taskscope_stack::Listeners;

/// Rounds from one look to the next.
const ROUNDS: u64 = 5;

/// See the [module](self).
pub(super) struct Backlogs {
    clock: &'static Clock,
    listeners: Listeners,
    /// What was told, of queues that are not empty.
    told: HashMap<i32, Backlog>,
    round: u64,
}

impl Backlogs {
    pub(super) fn new(clock: &'static Clock) -> Self {
        Self {
            clock,
            listeners: Listeners::new(),
            told: HashMap::new(),
            round: 0,
        }
    }

    /// Looks now and then. Gives what is new.
    pub(super) fn round(&mut self) -> Vec<Change> {
        self.round += 1;
        if !self.round.is_multiple_of(ROUNDS) {
            return Vec::new();
        }
        let now = Stamp(self.clock.stamp(self.clock.now()));
        let mut before = std::mem::take(&mut self.told);
        let mut changes = Vec::new();
        for listener in self.listeners.look(Duration::from_nanos(now.0)) {
            let known = before.remove(&listener.descriptor);
            // A number may stand for another socket by now.
            let known = known.filter(|known| known.address == listener.address);
            let backlog = Backlog {
                socket: listener.descriptor,
                address: listener.address,
                waiting: listener.waiting,
                limit: listener.limit,
                since: known.map_or(now, |known| known.since),
            };
            if known.is_some() || backlog.waiting > 0 {
                changes.push(Change::Backlog(backlog));
            }
            if backlog.waiting > 0 {
                self.told.insert(backlog.socket, backlog);
            }
        }
        let closed = before.into_values();
        changes.extend(closed.map(|backlog| {
            Change::Backlog(Backlog {
                waiting: 0,
                ..backlog
            })
        }));
        changes
    }
}
