//! The clocks of a measurement: wall time, and the CPU time of one thread and of the whole process.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What one stretch of work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// On the wall clock.
    pub(crate) wall: Duration,
    /// On the CPU, of the thread that measures; says nothing if the work moved between threads.
    pub(crate) thread: Duration,
    /// On the CPU, summed over every thread of the process: an instrument's background threads count.
    pub(crate) cpu: Duration,
}

/// A stretch of work that is being measured.
#[derive(Debug)]
pub(crate) struct Meter {
    wall: Instant,
    thread: Duration,
    cpu: Duration,
}

impl Meter {
    /// Starts both clocks.
    #[allow(clippy::disallowed_methods)] // measuring time is what this program is for
    pub(crate) fn start() -> Self {
        Self {
            wall: Instant::now(),
            thread: cpu(ClockId::ThreadCPUTime),
            cpu: cpu(ClockId::ProcessCPUTime),
        }
    }

    /// What the work took since [`Meter::start`].
    pub(crate) fn read(&self) -> Cost {
        Cost {
            wall: self.wall.elapsed(),
            thread: cpu(ClockId::ThreadCPUTime).saturating_sub(self.thread),
            cpu: cpu(ClockId::ProcessCPUTime).saturating_sub(self.cpu),
        }
    }
}

fn cpu(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}
