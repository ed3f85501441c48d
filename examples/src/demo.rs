//! A shop: a web server with items, orders and reports, as real services are built, and free of their known diseases.
//!
//! | part | what to see in it |
//! |---|---|
//! | `routes` | an axum server: a task for each connection |
//! | `cache` | items, each behind an async lock while it is loaded, so that it is loaded once |
//! | `database` | a pool of connections behind a semaphore; queries that take milliseconds |
//! | `orders` | a pool of workers, each fed by its own bounded channel, so that a customer's orders stay in order |
//! | `reports` | CPU work on blocking threads, a few at a time |
//! | `journal` | a writer that collects lines from a channel and writes them in batches |
//! | `timers` | metrics, eviction from the cache, exchange rates |
//! | `customers` | clients with keep-alive connections, at a steady rate |
//!
//! Nothing blocks a worker thread, no std lock is held across an await, an async lock is held across one only while
//! what it guards is being loaded, every queue is bounded, and at the end tasks are asked to end, not aborted.

mod cache;
mod customers;
mod database;
mod journal;
mod metrics;
mod orders;
mod reports;
mod routes;
mod timers;

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use tokio::{net::TcpListener, sync::watch, task::JoinError, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{args, spawn, stop::Stop};
use cache::Cache;
use database::{Database, Item};
use journal::Journal;
use metrics::{Metrics, Snapshot};
use orders::Orders;
use reports::Reports;

/// How long tasks may take to end when they are asked to.
const FAREWELL: Duration = Duration::from_secs(5);

/// A believable async service, with its own clients, to look at with taskscope.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Options {
    /// Which runtime to run on.
    #[command(flatten)]
    pub runtime: args::RuntimeArgs,
    /// How long to run.
    #[command(flatten)]
    pub time: args::ForArgs,
    /// Port on 127.0.0.1; any free one if not given
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub port: u16,
    /// Clients in this process, each with a keep-alive connection
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub clients: u32,
    /// Requests per second of all clients together
    #[arg(long, value_name = "R", default_value = "200", value_parser = args::rate)]
    pub rate: f64,
    /// Make no load: it comes from another process
    #[arg(long)]
    pub no_load: bool,
    /// End when standard input does, so as not to outlive whoever started this
    #[arg(long)]
    pub until_eof: bool,
    /// Say where the server listens, and what it does, once a second
    #[arg(long)]
    pub verbose: bool,
}

/// Why the service ended early or did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port is taken, or not ours to take.
    #[error("can't listen on {address}: {error}; give another --port, or none for any free one")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
    /// The runtime or a task could not be made.
    #[error("the system gives no thread, socket or timer: {0}")]
    System(#[from] io::Error),
    /// A task of the service panicked.
    #[error("a task died: {0}")]
    Died(#[from] JoinError),
    /// Some tasks did not end in time.
    #[error("{0} tasks did not end within 5 s of being asked to")]
    Stuck(usize),
}

/// What the parts of the service share.
#[derive(Debug)]
struct Shop {
    cache: Cache<Item>,
    database: Arc<Database>,
    orders: Orders,
    reports: Reports,
    metrics: Arc<Metrics>,
    latest: watch::Receiver<Snapshot>,
    /// Prices are in euros; how many of the customer's currency one is worth.
    exchange: watch::Receiver<f64>,
}

/// The service's tasks: how they are started, named, and asked to end.
#[derive(Clone, Debug)]
struct Crew {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Crew {
    fn new() -> Self {
        Self {
            token: CancellationToken::new(),
            tracker: TaskTracker::new(),
        }
    }

    /// Starts a task that the crew waits for at the end.
    #[track_caller]
    fn start(&self, name: &str, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        spawn::named(name, self.tracker.track_future(task)).map(drop)
    }

    /// Asks all to end, and waits for it.
    async fn dismiss(self) -> Result<(), Error> {
        self.token.cancel();
        self.tracker.close();
        timeout(FAREWELL, self.tracker.wait())
            .await
            .map_err(|_| Error::Stuck(self.tracker.len()))
    }
}

/// Runs the service until its time is over or it is told to stop.
///
/// # Errors
/// See [`Error`].
pub fn run(options: Options) -> Result<(), Error> {
    let runtime = options.runtime.build()?;
    // In a task of its own: a debugger sees less of the future that `block_on` runs.
    runtime.block_on(async move { spawn::named("shop", serve(options))?.await? })
}

async fn serve(options: Options) -> Result<(), Error> {
    let mut stop = Stop::listen()?;
    if options.until_eof {
        stop = stop.at_end_of_input()?;
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Error::Bind { address, error })?;
    let address = listener.local_addr()?;
    if options.verbose {
        println!("listening on http://{address}");
    }

    let crew = Crew::new();
    open(&crew, listener, options.verbose)?;
    if !options.no_load {
        customers::start(&crew, address, options.clients, options.rate)?;
    }
    stop.requested(options.time.duration).await;
    crew.dismiss().await
}

/// Starts every part. The shop itself is kept alive by the server and the timers alone; when they are gone, the
/// channels close behind it, and the workers and the journal end after their last message.
fn open(crew: &Crew, listener: TcpListener, verbose: bool) -> io::Result<()> {
    let metrics = Arc::new(Metrics::default());
    let database = Arc::new(Database::new());
    let journal = Journal::start(crew)?;
    let (latest_sender, latest) = watch::channel(Snapshot::default());
    let (exchange_sender, exchange) = watch::channel(1.0);
    let shop = Arc::new(Shop {
        cache: Cache::new(Duration::from_secs(3)),
        orders: Orders::start(crew, &database, &journal, &metrics)?,
        reports: Reports::new(),
        database,
        metrics,
        latest,
        exchange,
    });
    timers::start(crew, &shop, latest_sender, exchange_sender, verbose)?;
    routes::start(crew, listener, shop)
}
