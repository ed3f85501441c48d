//! The clocks of a measurement: wall time, and the CPU time of the whole process.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What one stretch of work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// On the wall clock.
    pub(crate) wall: Duration,
    /// On the CPU, summed over every thread of the process: an instrument's background threads count.
    pub(crate) cpu: Duration,
}

/// A stretch of work that is being measured.
#[derive(Debug)]
pub(crate) struct Meter {
    wall: Instant,
    cpu: Duration,
}

impl Meter {
    /// Starts both clocks.
    #[allow(clippy::disallowed_methods)] // measuring time is what this program is for
    pub(crate) fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: process_cpu(),
        }
    }

    /// What the work took since [`Meter::start`].
    pub(crate) fn read(&self) -> Cost {
        Cost {
            wall: self.wall.elapsed(),
            cpu: process_cpu().saturating_sub(self.cpu),
        }
    }
}

fn process_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.try_into().unwrap_or_default(),
        time.tv_nsec.try_into().unwrap_or_default(),
    )
}
