//! Raw events, from the harvester to everybody who listens, with an exact count of what a listener missed.
//!
//! Each listener has a queue of its own with a bound of its own, so a slow one loses events and no other does. Listeners
//! look into their queue at intervals: the harvester wakes nobody.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use taskscope_model::{Stamp, State, TaskId};

/// Events that one listener can be behind: 2.6 MB.
const QUEUE: usize = 65_536;

/// What happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawEventKind {
    /// It was spawned; `other` is the task that did it.
    Spawn,
    /// A poll began.
    PollStart,
    /// A poll ended.
    PollEnd,
    /// It was woken; `other` is the task that did it.
    Wake,
    /// It ended in this way.
    End(State),
}

/// Something that happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawEvent {
    /// What.
    pub(crate) kind: RawEventKind,
    /// When.
    pub(crate) at: Stamp,
    /// To which task.
    pub(crate) task: TaskId,
    /// The task that did it; `None` where it was no task.
    pub(crate) other: Option<TaskId>,
    /// On which thread; a small number, from 1.
    pub(crate) thread: u32,
}

/// Hands raw events out to those who listen.
#[derive(Debug)]
pub(crate) struct EventHub {
    listeners: Mutex<Vec<Arc<Listener>>>,
    count: AtomicUsize,
    queue: usize,
}

#[derive(Debug)]
struct Listener {
    // Empty: all.
    tasks: HashSet<TaskId>,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<RawEvent>,
    lost: u64,
    up_to: Stamp,
}

/// What a listener is told at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The events, in the order in which they were published.
    pub(crate) events: Vec<RawEvent>,
    /// Events that the listener missed since it began to listen.
    pub(crate) lost: u64,
    /// All events before this moment have been told or counted as lost.
    pub(crate) up_to: Stamp,
    /// More events are waiting.
    pub(crate) more: bool,
}

impl Default for EventHub {
    fn default() -> Self {
        Self::with_queue(QUEUE)
    }
}

impl EventHub {
    /// Lets each listener be `queue` events behind.
    pub(crate) fn with_queue(queue: usize) -> Self {
        Self {
            listeners: Mutex::default(),
            count: AtomicUsize::new(0),
            queue,
        }
    }

    /// How many listen now. While none does, there is no need to record events.
    pub(crate) fn listeners(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Hands out events. All that happened before `up_to` is among them, was handed out before, or was lost.
    pub(crate) fn publish(&self, events: &[RawEvent], up_to: Stamp) {
        for listener in lock(&self.listeners).iter() {
            let mut queue = lock(&listener.queue);
            for event in events.iter().filter(|event| listener.wants(event)) {
                if queue.events.len() < self.queue {
                    queue.events.push_back(*event);
                } else {
                    queue.lost += 1;
                }
            }
            queue.up_to = queue.up_to.max(up_to);
        }
    }

    /// Counts events that were lost before they could be published. Which tasks they were of is not known, so every
    /// listener is told of all of them.
    pub(crate) fn lost(&self, events: u64) {
        if events > 0 {
            lock(&self.listeners)
                .iter()
                .for_each(|listener| lock(&listener.queue).lost += events);
        }
    }

    /// From now on, keeps the events of these tasks for a new listener; an empty set means all tasks.
    pub(super) fn listen(self: &Arc<Self>, tasks: HashSet<TaskId>) -> Subscription {
        let listener = Arc::new(Listener {
            tasks,
            queue: Mutex::default(),
        });
        let mut listeners = lock(&self.listeners);
        listeners.push(Arc::clone(&listener));
        self.count.store(listeners.len(), Ordering::Relaxed);
        Subscription {
            hub: Arc::clone(self),
            listener,
            up_to: Stamp(0),
        }
    }
}

impl Listener {
    fn wants(&self, event: &RawEvent) -> bool {
        self.tasks.is_empty() || self.tasks.contains(&event.task)
    }
}

/// A listener's end.
#[derive(Debug)]
pub(super) struct Subscription {
    hub: Arc<EventHub>,
    listener: Arc<Listener>,
    up_to: Stamp,
}

impl Subscription {
    /// Up to `most` events that have not been told yet.
    pub(super) fn take(&mut self, most: usize) -> Batch {
        let mut queue = lock(&self.listener.queue);
        let count = queue.events.len().min(most);
        let events = queue.events.drain(..count).collect();
        let more = !queue.events.is_empty();
        if !more {
            self.up_to = queue.up_to;
            // The burst is over: its memory is not kept.
            if queue.events.capacity() > 4 * most {
                queue.events = VecDeque::new();
            }
        }
        Batch {
            events,
            lost: queue.lost,
            up_to: self.up_to,
            more,
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut listeners = lock(&self.hub.listeners);
        listeners.retain(|listener| !Arc::ptr_eq(listener, &self.listener));
        self.hub.count.store(listeners.len(), Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(number: u64) -> RawEvent {
        RawEvent {
            kind: RawEventKind::Wake,
            at: Stamp(number),
            task: TaskId::new(number % 5 + 1).expect("not 0"),
            other: None,
            thread: 1,
        }
    }

    #[derive(Clone, Debug)]
    enum Op {
        Publish(u64),
        Lost(u64),
        Take(usize),
    }

    proptest! {
        /// Every event is told once, in order, or counted as lost, for each listener by itself.
        #[test]
        fn published_is_received_and_lost(
            ops in prop::collection::vec(
                prop_oneof![
                    (0..30_u64).prop_map(Op::Publish),
                    (0..5_u64).prop_map(Op::Lost),
                    (1..40_usize).prop_map(Op::Take),
                ],
                0..60,
            ),
        ) {
            let hub = Arc::new(EventHub::with_queue(20));
            let mut all = hub.listen(HashSet::new());
            let mut never = hub.listen(HashSet::new());
            let mut some = hub.listen([TaskId::new(2).expect("not 0")].into());
            let (mut published, mut of_some, mut upstream) = (0, 0, 0);
            let (mut got_all, mut got_some): (Vec<RawEvent>, Vec<RawEvent>) = Default::default();
            for op in ops {
                match op {
                    Op::Publish(many) => {
                        let events: Vec<_> = (published..published + many).map(event).collect();
                        published += many;
                        of_some += events.iter().filter(|event| event.task.number() == 2).count() as u64;
                        hub.publish(&events, Stamp(published));
                    }
                    Op::Lost(many) => {
                        upstream += many;
                        hub.lost(many);
                    }
                    Op::Take(most) => {
                        got_all.extend(all.take(most).events);
                        got_some.extend(some.take(most).events);
                    }
                }
            }
            let last = all.take(20);
            prop_assert_eq!(last.up_to, Stamp(published));
            prop_assert!(!last.more);
            got_all.extend(last.events);
            let last_some = some.take(20);
            got_some.extend(last_some.events);
            prop_assert_eq!(got_all.len() as u64 + last.lost, published + upstream);
            prop_assert_eq!(got_some.len() as u64 + last_some.lost, of_some + upstream);
            prop_assert!(got_all.is_sorted_by_key(|event| event.at));
            prop_assert!(got_some.iter().all(|event| event.task.number() == 2));
            let stalled = never.take(1000);
            prop_assert!(stalled.events.len() <= 20);
            prop_assert_eq!(stalled.events.len() as u64 + stalled.lost, published + upstream);
        }
    }

    #[test]
    fn listeners_are_counted() {
        let hub = Arc::new(EventHub::default());
        assert_eq!(hub.listeners(), 0);
        let listener = hub.listen(HashSet::new());
        assert_eq!(hub.listeners(), 1);
        drop(listener);
        assert_eq!(hub.listeners(), 0);
    }
}
