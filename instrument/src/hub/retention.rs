//! How long ended tasks are listed, and how much memory they may take.

use taskscope_model::{Nanos, Revision, Sketch, Sketches, Stamp, Task, TaskId};

/// What is kept of ended tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    /// They are listed for at most this long after their end.
    pub(crate) ended_for: Nanos,
    /// They are listed within this many bytes of memory, as estimated by [`cost`].
    pub(crate) ended_bytes: u64,
}

impl Default for Retention {
    /// Ten seconds, 8 MiB.
    fn default() -> Self {
        Self {
            ended_for: Nanos(10_000_000_000),
            ended_bytes: 8 << 20,
        }
    }
}

impl Retention {
    /// Whether a task that ended at `end`, the oldest end of all, is to go where ended tasks take `bytes` now.
    pub(super) fn is_over(&self, end: Stamp, now: Stamp, bytes: u64) -> bool {
        bytes > self.ended_bytes || end.until(now) > self.ended_for
    }
}

/// Roughly how much memory a listed task takes if it has ended, in bytes; 0 while it lives.
pub(super) fn cost(task: &Task) -> u64 {
    if task.end().is_none() {
        return 0;
    }
    // Its place in the world's index (an eighth to a half of which is empty) and in the order of ends.
    let places = 2 * (size_of::<(TaskId, u32)>() + 1) + 2 * size_of::<(Revision, TaskId)>();
    // The counts of an `Arc` and the slack of an allocation.
    let name = task.birth.name.as_ref().map_or(0, |name| name.len() + 32);
    let sketches = task.sketches.as_ref().map_or(0, |sketches| {
        size_of::<Sketches>() + 32 + buckets(&sketches.polls) + buckets(&sketches.delays)
    });
    (size_of::<Option<Task>>() + places + name + sketches) as u64
}

fn buckets(sketch: &Sketch) -> usize {
    size_of_val(sketch.buckets()) + 16
}
