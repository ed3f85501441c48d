//! The service of `deadlock_reentrant_read`, where a request reads its configuration once.
//!
//! Healthy: the function gets what was read, and takes no lock. The writer waits for readers, readers for the writer, and
//! none for itself.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::RwLock, time::sleep};

struct Config {
    currency: &'static str,
    tax_percent: u64,
}

type Shared = Arc<RwLock<Config>>;

fn price(config: &Config, cents: u64) -> u64 {
    cents + cents * config.tax_percent / 100
}

async fn request(config: Shared) {
    loop {
        let settings = config.read().await;
        sleep(Duration::from_millis(40)).await; // the item is loaded
        let label = format!("{} {}", price(&settings, 1000), settings.currency);
        drop((label, settings));
        sleep(Duration::from_millis(2)).await;
    }
}

async fn reload(config: Shared) {
    loop {
        sleep(Duration::from_millis(110)).await;
        let mut config = config.write().await;
        config.tax_percent = 19;
    }
}

async fn service() -> io::Result<()> {
    let settings = Config {
        currency: "EUR",
        tax_percent: 7,
    };
    let config = Arc::new(RwLock::new(settings)); // creates: config
    for _ in 0..3 {
        tokio::spawn(request(Arc::clone(&config))); // spawns: request
    }
    tokio::spawn(reload(config)); // spawns: reload
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
