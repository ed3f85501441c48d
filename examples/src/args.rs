//! Arguments that several examples take: which runtime, and for how long.

use std::{io, time::Duration};

use clap::{Args, ValueEnum};
use tokio::runtime::{Builder, Runtime};

/// Which kind of tokio runtime to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Everything on the main thread.
    Current,
    /// Several worker threads.
    Multi,
}

/// The runtime to run on.
#[derive(Args, Clone, Copy, Debug)]
pub struct RuntimeArgs {
    /// Kind of runtime
    #[arg(long, value_enum, default_value_t = Kind::Multi)]
    pub runtime: Kind,
    /// Worker threads of a `multi` runtime; one per core if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub workers: Option<u16>,
}

impl RuntimeArgs {
    /// Builds it, with timers and sockets.
    ///
    /// # Errors
    /// The system's, if it gives no threads or no I/O driver.
    pub fn build(&self) -> io::Result<Runtime> {
        let mut builder = match self.runtime {
            Kind::Current => Builder::new_current_thread(),
            Kind::Multi => Builder::new_multi_thread(),
        };
        if let Some(workers) = self.workers {
            builder.worker_threads(workers.into());
        }
        builder.enable_all().build()
    }
}

/// How long to run.
#[derive(Args, Clone, Copy, Debug)]
pub struct ForArgs {
    /// Stop by itself after this long, such as `10s` or `2m`; otherwise at ctrl-c or SIGTERM
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub duration: Option<Duration>,
}

/// Reads a duration above zero, such as `10s`, `250ms` or `1m 30s`.
///
/// # Errors
/// What is wrong with the text, for the person who typed it.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than nothing".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}; write it like `10s`, `250ms` or `2m`")),
    }
}

/// Reads a number of requests per second, above zero.
///
/// # Errors
/// What is wrong with the text, for the person who typed it.
pub fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("write how many per second, above 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_refused() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["0s", "10", "soon", "-1s", ""] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_are_read_and_refused() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "many"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn both_kinds_of_runtime_run() {
        for runtime in [Kind::Current, Kind::Multi] {
            let args = RuntimeArgs {
                runtime,
                workers: Some(1),
            };
            let handle = args.build().unwrap();
            assert_eq!(handle.block_on(handle.spawn(async { 7 })).unwrap(), 7);
            assert_eq!(handle.metrics().num_workers(), 1);
        }
    }
}
