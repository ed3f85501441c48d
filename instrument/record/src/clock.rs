//! The clock of the recording path: a counter of the processor where it is steady, the system's clock elsewhere.
//!
//! The one place in the instrumented process that reads time.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use quanta::Clock as Quanta;

/// Counts ticks, and knows how long a tick is.
#[derive(Clone, Debug)]
pub struct Clock {
    clock: Quanta,
    start: u64,
    started_unix_ns: u64,
    ns_per_tick: f64,
}

static CLOCK: OnceLock<Clock> = OnceLock::new();

/// Now, in ticks; 0 before [`start`].
#[inline(always)]
pub(crate) fn ticks() -> u64 {
    match CLOCK.get() {
        Some(clock) => clock.clock.raw(),
        None => 0,
    }
}

/// The process's clock, started by the first call. That takes about a millisecond, in which the length of a tick is
/// measured.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub fn start() -> &'static Clock {
    CLOCK.get_or_init(|| {
        let clock = Quanta::new();
        let start = clock.raw();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        // Over 2^40 ticks, so that a whole number of nanoseconds gives twelve digits.
        let ns_per_tick = clock.delta_as_nanos(0, 1 << 40) as f64 / (1u64 << 40) as f64;
        Clock {
            clock,
            start,
            started_unix_ns: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
            ns_per_tick,
        }
    })
}

impl Clock {
    /// Nanoseconds from the start of the clock to this moment, given in ticks; 0 for a moment before it.
    #[must_use]
    pub fn stamp(&self, ticks: u64) -> u64 {
        self.clock.delta_as_nanos(self.start, ticks.max(self.start))
    }

    /// A length in ticks as nanoseconds.
    #[must_use]
    pub fn length(&self, ticks: u64) -> u64 {
        self.clock.delta_as_nanos(0, ticks)
    }

    /// Nanoseconds of a tick.
    #[must_use]
    pub fn ns_per_tick(&self) -> f64 {
        self.ns_per_tick
    }

    /// Now, in ticks.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.raw()
    }

    /// When the clock was started, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn started_unix_ns(&self) -> u64 {
        self.started_unix_ns
    }

    /// "counter" where ticks are a processor's counter, "os" where they come from the system's clock.
    #[must_use]
    pub fn source(&self) -> &'static str {
        // The system's clock counts in nanoseconds, a counter in units of its own.
        if self.ns_per_tick == 1.0 {
            "os"
        } else {
            "counter"
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn time_goes_on_and_lengths_fit() {
        let clock = super::start();
        let (a, b) = (clock.now(), clock.now());
        assert!(clock.stamp(a) <= clock.stamp(b));
        assert_eq!(clock.stamp(0), 0);
        let exact = clock.length(1_000_000_000) as f64;
        assert!((clock.ns_per_tick() * 1e9 / exact - 1.0).abs() < 1e-6);
        assert!(clock.started_unix_ns() > 1_700_000_000_000_000_000);
    }
}
