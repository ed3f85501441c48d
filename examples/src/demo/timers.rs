//! What the service does now and then, asked or not.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{Crew, Shop, metrics::Snapshot};
use crate::clock;

const FLUSH: Duration = Duration::from_secs(1);
const EVICT: Duration = Duration::from_millis(500);
const EXCHANGE: Duration = Duration::from_secs(5);

/// Starts them.
pub(super) fn start(
    crew: &Crew,
    shop: &Arc<Shop>,
    latest: watch::Sender<Snapshot>,
    exchange: watch::Sender<f64>,
    verbose: bool,
) -> io::Result<()> {
    let (metrics, token) = (Arc::clone(&shop.metrics), crew.token.clone());
    crew.start("metrics flush", async move {
        every(FLUSH, &token, async || {
            let snapshot = metrics.snapshot();
            let before = latest.send_replace(snapshot);
            if verbose {
                let second = snapshot.since(before);
                println!(
                    "{} requests: {} items loaded, {} orders, {} refused, {} reports",
                    second.requests, second.loaded, second.orders, second.refused, second.reports
                );
            }
        })
        .await;
    })?;

    let (owner, token) = (Arc::clone(shop), crew.token.clone());
    crew.start("cache eviction", async move {
        every(EVICT, &token, async || {
            owner.cache.evict(clock::now());
        })
        .await;
    })?;

    let (database, token) = (Arc::clone(&shop.database), crew.token.clone());
    crew.start("exchange rates", async move {
        every(EXCHANGE, &token, async || {
            exchange.send_replace(database.exchange_rate().await);
        })
        .await;
    })
}

/// Does something at once and then every `period`, until the token is cancelled between two times.
async fn every<F>(period: Duration, token: &CancellationToken, mut action: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while token.run_until_cancelled(ticks.tick()).await.is_some() {
        action().await;
    }
}
