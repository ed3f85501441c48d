//! Looks at polls that do not return: what are they doing, and where?

use std::collections::HashMap;
use std::sync::Arc;

use taskscope_model::{Activity, Change, Doing, LongPoll, Stack, StackId, Stamp, TaskId};
use taskscope_record::{self as record, clock::Clock};
use taskscope_stack::{Certainty, Frame, Look, Symbolizer, Watch};

use super::namer::told;

/// Polls that last for so long are looked at: far longer than a healthy one, and a fraction of what the rules call long.
const LONG_NS: f64 = 200e6;
/// Polls that are looked at in one round.
const LOOKS: usize = 4;
/// Looks at one poll; each comes after twice the time of the one before.
const LOOKS_PER_POLL: u32 = 12;
/// Stacks of long polls that are kept apart.
const MAX_STACKS: u32 = 1 << 12;

/// See the [module](self).
pub(super) struct PollWatch {
    clock: &'static Clock,
    watch: Watch,
    /// The polls that were looked at, by task: when they began, how often they were looked at, and the round of the next
    /// look.
    polls: HashMap<u64, Seen>,
    round: u64,
    stacks: HashMap<Stack, StackId>,
}

/// Whether this function has another thread do the work of its worker, before it calls what may block.
fn hands_over(frame: &Frame) -> bool {
    frame.function.contains("tokio") && frame.function.contains("block_in_place")
}

struct Seen {
    since: u64,
    looks: u32,
    next: u64,
}

impl PollWatch {
    /// One that looks in this way.
    pub(super) fn new(clock: &'static Clock, watch: Watch) -> Self {
        Self {
            clock,
            watch,
            polls: HashMap::new(),
            round: 0,
            stacks: HashMap::new(),
        }
    }

    /// Looks once. Gives what is new.
    pub(super) fn round(&mut self, symbolizer: &mut Symbolizer) -> Vec<Change> {
        self.round += 1;
        let now = self.clock.now();
        let long = (LONG_NS / self.clock.ns_per_tick()) as u64;
        let polls = record::long_polls(now.saturating_sub(long));
        self.polls
            .retain(|task, seen| polls.iter().any(|poll| poll.is(*task, seen.since)));
        let mut changes = Vec::new();
        let mut looks = 0;
        for poll in &polls {
            let seen = self.polls.entry(poll.task).or_insert(Seen {
                since: poll.since,
                looks: 0,
                next: 0,
            });
            if seen.next > self.round || seen.looks == LOOKS_PER_POLL || looks == LOOKS {
                continue;
            }
            looks += 1;
            seen.looks += 1;
            seen.next = self.round + (1 << seen.looks);
            let look = self.watch.look(poll.tid, poll.stack, || poll.goes_on());
            if poll.goes_on() {
                self.tell(poll, &look, symbolizer, &mut changes);
            }
        }
        changes
    }

    fn tell(
        &mut self,
        poll: &record::LongPoll,
        look: &Look,
        symbolizer: &mut Symbolizer,
        changes: &mut Vec<Change>,
    ) {
        let Some(task) = TaskId::new(poll.task) else {
            return;
        };
        let frames = symbolizer.frames_at(&look.addresses);
        let in_place = frames.iter().any(hands_over);
        let stack = told(frames);
        let mut unseen = look.failure.map_or_else(String::new, |why| why.to_string());
        let stack = if stack.frames.is_empty() {
            None
        } else {
            let number = self.number(stack, changes);
            if number.is_none() {
                unseen = format!(
                    "{MAX_STACKS} other stacks of long polls are known, and no more are kept"
                );
            }
            number
        };
        let stamp = |ticks| Stamp(self.clock.stamp(ticks));
        changes.push(Change::LongPoll(Box::new(LongPoll {
            task,
            since: stamp(poll.since),
            seen: stamp(self.clock.now()),
            doing: Doing {
                activity: match look.activity {
                    taskscope_stack::Activity::OnCpu => Activity::OnCpu,
                    taskscope_stack::Activity::Runnable => Activity::Runnable,
                    taskscope_stack::Activity::Blocked { name, .. } => {
                        Activity::Blocked(name.unwrap_or_default().into())
                    }
                    taskscope_stack::Activity::Unknown => Activity::Unknown,
                },
                in_place,
            },
            stack,
            proven: look.certainty == Certainty::Proven,
            unseen: unseen.into(),
        })));
    }

    /// The number of a stack, above those of the stacks of waits.
    fn number(&mut self, stack: Stack, changes: &mut Vec<Change>) -> Option<StackId> {
        if let Some(id) = self.stacks.get(&stack) {
            return Some(*id);
        }
        let next = u32::try_from(self.stacks.len()).ok()? + 1;
        if next > MAX_STACKS {
            return None;
        }
        let id = StackId::new(taskscope_stack::MAX_ID + next)?;
        self.stacks.insert(stack.clone(), id);
        changes.push(Change::Stack(id, Arc::new(stack)));
        Some(id)
    }
}
