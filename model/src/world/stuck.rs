//! The long polls that were looked at.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::World;
use crate::{LongPoll, Revision, State, Task, TaskId};

/// Tasks beyond this many are forgotten, the longest untold first.
const MAX_POLLS: usize = 1024;

/// The last long poll of each task that had one.
#[derive(Clone, Debug, Default)]
pub(super) struct LongPolls {
    known: HashMap<TaskId, (Revision, LongPoll), FixedState>,
    order: BTreeMap<Revision, TaskId>,
}

impl LongPolls {
    pub(super) fn put(&mut self, poll: LongPoll, at: Revision) {
        let task = poll.task;
        if let Some((before, _)) = self.known.insert(task, (at, poll)) {
            self.order.remove(&before);
        }
        self.order.insert(at, task);
        if self.order.len() > MAX_POLLS
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
    }
}

impl World {
    /// The last long poll of a task that was looked at; it may be over. `None` where there was none, or none was seen.
    #[must_use]
    pub fn long_poll(&self, task: TaskId) -> Option<&LongPoll> {
        self.long_polls.known.get(&task).map(|(_, poll)| poll)
    }

    /// The look at the poll that this task is in; `None` where it is in none, or that one was not looked at.
    #[must_use]
    pub fn present_poll(&self, task: &Task) -> Option<&LongPoll> {
        let is_running = task.vitals.state == State::Running;
        let poll = self.long_poll(task.id).filter(|_| is_running);
        poll.filter(|poll| poll.since == task.vitals.since)
    }

    /// The long polls that were told after `cursor`, in the order in which they were.
    pub fn long_polls_after(&self, cursor: Revision) -> impl Iterator<Item = &LongPoll> {
        let later = (
            std::ops::Bound::Excluded(cursor),
            std::ops::Bound::Unbounded,
        );
        let tasks = self.long_polls.order.range(later);
        tasks.filter_map(|(_, task)| self.long_poll(*task))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activity, Change, Stamp};

    fn poll(task: u64, since: u64) -> Change {
        Change::LongPoll(Box::new(LongPoll {
            task: TaskId::new(task).expect("not 0"),
            since: Stamp(since),
            seen: Stamp(since + 1),
            doing: Activity::OnCpu.into(),
            stack: None,
            proven: false,
            unseen: "".into(),
        }))
    }

    #[test]
    fn the_last_one_of_each_task_is_kept_and_the_oldest_goes() {
        let mut world = World::new();
        for task in 1..=MAX_POLLS as u64 + 5 {
            world.apply(poll(task, 1));
        }
        world.apply(poll(6, 2));
        let of = |task| {
            let task = TaskId::new(task).expect("not 0");
            world.long_poll(task).map(|poll| poll.since.0)
        };
        assert_eq!((of(5), of(6), of(7)), (None, Some(2), Some(1)));
        assert_eq!(world.long_polls_after(Revision(0)).count(), MAX_POLLS);
        let cursor = Revision(world.revision().0 - 1);
        assert_eq!(world.long_polls_after(cursor).count(), 1);
    }
}
