//! A service whose configuration is read by everybody and now and then replaced.
//!
//! The disease: a request has a read lock and calls a function that takes a read lock too. Two readers go well together,
//! and so it worked for months; but tokio's lock is fair: once a writer has queued between the two, the second reader waits
//! behind the writer, the writer for the first reader, and the first reader is the second.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::RwLock, time::sleep};

struct Config {
    currency: &'static str,
    tax_percent: u64,
}

type Shared = Arc<RwLock<Config>>;

async fn price(config: &Shared, cents: u64) -> u64 {
    let config = config.read().await; // line: awaits
    cents + cents * config.tax_percent / 100
}

async fn request(config: Shared) {
    loop {
        let settings = config.read().await;
        sleep(Duration::from_millis(40)).await; // the item is loaded
        let label = format!("{} {}", price(&config, 1000).await, settings.currency);
        drop((label, settings));
        sleep(Duration::from_millis(2)).await;
    }
}

async fn reload(config: Shared) {
    loop {
        sleep(Duration::from_millis(110)).await;
        let mut config = config.write().await; // line: awaits
        config.tax_percent = 19;
    }
}

/// Says that the service is alive: it needs no configuration.
async fn heartbeat() {
    loop {
        sleep(Duration::from_millis(250)).await;
    }
}

async fn service() -> io::Result<()> {
    let settings = Config {
        currency: "EUR",
        tax_percent: 7,
    };
    let config = Arc::new(RwLock::new(settings)); // creates: config
    tokio::spawn(heartbeat()); // spawns: heartbeat
    tokio::spawn(request(Arc::clone(&config))); // spawns: request
    tokio::spawn(reload(config)); // spawns: reload
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
