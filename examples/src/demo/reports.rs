//! Reports: work for the CPU, done on blocking threads, a few at a time.

use tokio::{
    sync::Semaphore,
    task::{JoinError, spawn_blocking},
};

/// How many reports are made at the same time: more would only take the cores from everything else.
const AT_ONCE: usize = 2;
/// Rounds of one report: a few milliseconds.
const ROUNDS: u64 = 2_000_000;

/// Makes reports.
#[derive(Debug)]
pub(super) struct Reports {
    places: Semaphore,
}

impl Reports {
    pub(super) fn new() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// A report's check sum.
    pub(super) async fn make(&self, day: u64) -> Result<u64, JoinError> {
        // Nobody closes it; without a place the report is made all the same.
        let _place = self.places.acquire().await;
        spawn_blocking(move || (0..ROUNDS).fold(day, mix)).await
    }
}

/// One step of splitmix64's output function.
fn mix(sum: u64, round: u64) -> u64 {
    let sum = (sum ^ (sum >> 30))
        .wrapping_add(round)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    sum ^ (sum >> 27)
}
