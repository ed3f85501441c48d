//! A load generator: several clients, each with its own connection, at a fixed rate or as fast as they are answered.
//!
//! At a fixed rate a request's latency counts from when it was due, not from when it could be sent, so that a server
//! that stalls shows as slow for all the requests that it held up (no "coordinated omission").

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use hdrhistogram::Histogram;
use hyper::Uri;
use serde::Serialize;
use tokio::{task::JoinSet, time::sleep_until};
use tokio_util::sync::CancellationToken;

use crate::{
    args,
    client::{Client, ClientError},
    clock,
};

/// The longest latency that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(60);
/// How long a client waits after a failure, lest a dead server be flooded.
const BACK_OFF: Duration = Duration::from_millis(50);

/// What load to make.
#[derive(Args, Clone, Debug)]
pub struct LoadArgs {
    /// What to ask for, such as http://127.0.0.1:8080/items/7
    pub url: Uri,
    /// Connections, each with one request at a time
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub clients: u32,
    /// Requests per second, all clients together; as fast as they are answered if not given
    #[arg(long, value_name = "R", value_parser = args::rate)]
    pub rate: Option<f64>,
    /// How long
    #[arg(long = "for", value_name = "DURATION", default_value = "10s", value_parser = args::duration)]
    pub duration: Duration,
}

/// Why no load can be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not a URL that a request can be sent to.
    #[error("`{0}` is no http URL with a host; write it like http://127.0.0.1:8080/path")]
    Url(Uri),
    /// A client's task ended early.
    #[error("a client died: {0}")]
    Died(#[from] tokio::task::JoinError),
}

/// What came of it. Latencies are microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Requests that were answered, whatever the answer.
    pub requests: u64,
    /// Answers with a status of 400 or above.
    pub refused: u64,
    /// Requests without an answer.
    pub errors: u64,
    /// What the last of the errors was.
    pub last_error: Option<String>,
    /// How long the load was made.
    pub seconds: f64,
    /// Answers per second.
    pub per_second: f64,
    /// Half of the answers took no longer.
    pub p50_us: u64,
    /// Nine of ten answers took no longer.
    pub p90_us: u64,
    /// 99 of 100 answers took no longer.
    pub p99_us: u64,
    /// 999 of 1,000 answers took no longer.
    pub p999_us: u64,
    /// The slowest answer.
    pub max_us: u64,
}

/// What one client saw.
struct Tally {
    latencies: Histogram<u64>,
    refused: u64,
    errors: u64,
    last_error: Option<ClientError>,
}

impl Tally {
    fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3);
        Self {
            latencies: latencies.expect("the bounds are constants in order"),
            refused: 0,
            errors: 0,
            last_error: None,
        }
    }

    fn add(&mut self, other: Self) {
        self.latencies
            .add(other.latencies)
            .expect("all have the same bounds");
        self.refused += other.refused;
        self.errors += other.errors;
        self.last_error = other.last_error.or(self.last_error.take());
    }

    fn outcome(self, seconds: f64) -> Outcome {
        let requests = self.latencies.len();
        let percentile = |quantile| self.latencies.value_at_quantile(quantile);
        Outcome {
            requests,
            refused: self.refused,
            errors: self.errors,
            last_error: self.last_error.map(|error| error.to_string()),
            seconds,
            per_second: requests as f64 / seconds,
            p50_us: percentile(0.5),
            p90_us: percentile(0.9),
            p99_us: percentile(0.99),
            p999_us: percentile(0.999),
            max_us: self.latencies.max(),
        }
    }
}

/// Makes the load until its time is over or `stop` is cancelled; requests under way then are not counted.
///
/// # Errors
/// See [`LoadError`]. A server that does not answer is no error: it is counted.
pub async fn run(args: LoadArgs, stop: CancellationToken) -> Result<Outcome, LoadError> {
    if args.url.scheme_str() != Some("http") {
        return Err(LoadError::Url(args.url));
    }
    let Some(authority) = args.url.authority() else {
        return Err(LoadError::Url(args.url));
    };
    let host = authority.host();
    let authority = format!("{host}:{}", authority.port_u16().unwrap_or(80));
    let path: Arc<str> = args
        .url
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .into();

    let start = clock::now();
    let mut clients = JoinSet::new();
    for index in 0..args.clients {
        let pace = args
            .rate
            .map(|rate| Pace::new(start, rate, args.clients, index));
        let client = Client::new(authority.clone());
        let (path, stop) = (Arc::clone(&path), stop.clone());
        clients.spawn(async move {
            let mut tally = Tally::new();
            stop.run_until_cancelled(ask(client, &path, pace, &mut tally))
                .await;
            tally
        });
    }
    tokio::select! {
        () = tokio::time::sleep(args.duration) => stop.cancel(),
        () = stop.cancelled() => {}
    }
    let seconds = start.elapsed().as_secs_f64();

    let mut all = Tally::new();
    while let Some(tally) = clients.join_next().await {
        all.add(tally?);
    }
    Ok(all.outcome(seconds))
}

/// One client's loop; ends only by being dropped.
async fn ask(mut client: Client, path: &str, mut pace: Option<Pace>, tally: &mut Tally) {
    loop {
        let due = match &mut pace {
            Some(pace) => pace.next().await,
            None => clock::now(),
        };
        match client.get(path).await {
            Ok(reply) => {
                let micros = due.elapsed().min(LONGEST).as_micros() as u64;
                tally.latencies.saturating_record(micros.max(1));
                tally.refused += u64::from(reply.status.as_u16() >= 400);
            }
            Err(error) => {
                tally.errors += 1;
                tally.last_error = Some(error);
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

/// When a client's requests are due.
#[derive(Clone, Copy, Debug)]
struct Pace {
    due: Instant,
    period: Duration,
}

impl Pace {
    /// For client `index` of `clients` that share `rate` requests per second, evenly.
    fn new(start: Instant, rate: f64, clients: u32, index: u32) -> Self {
        let period = Duration::from_secs_f64(f64::from(clients) / rate);
        Self {
            due: start + period * index / clients,
            period,
        }
    }

    /// Waits until the next request is due, which may be past, and says when that is.
    async fn next(&mut self) -> Instant {
        let due = self.due;
        self.due += self.period;
        sleep_until(due.into()).await;
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_share_the_rate_evenly() {
        let start = clock::now();
        let dues: Vec<_> = (0..4)
            .map(|index| Pace::new(start, 100.0, 4, index))
            .map(|pace| (pace.due - start, pace.period))
            .collect();
        let ms = Duration::from_millis;
        assert_eq!(dues, [0, 10, 20, 30].map(|due| (ms(due), ms(40))));
    }

    #[test]
    fn outcomes_add_up() {
        let mut all = Tally::new();
        for client in 0..10u64 {
            let mut tally = Tally::new();
            for request in 1..=100 {
                tally.latencies.record(client * 100 + request).unwrap();
            }
            tally.errors = 1;
            all.add(tally);
        }
        let outcome = all.outcome(2.0);
        assert_eq!(
            (outcome.requests, outcome.errors, outcome.max_us),
            (1000, 10, 1000)
        );
        assert_eq!((outcome.p50_us, outcome.p90_us), (500, 900));
        assert!((outcome.per_second - 500.0).abs() < 1e-9);
    }

    #[tokio::test]
    async fn only_http_urls_are_loaded() {
        for url in ["/path", "ftp://127.0.0.1/", "127.0.0.1:80"] {
            let args = LoadArgs {
                url: url.parse().unwrap(),
                clients: 1,
                rate: None,
                duration: Duration::from_millis(1),
            };
            let error = run(args, CancellationToken::new()).await.unwrap_err();
            assert!(matches!(error, LoadError::Url(_)), "{url}: {error}");
        }
    }
}
