//! A database with a pool of connections: a semaphore, and queries that take their time.

use std::time::Duration;

use serde::Serialize;
use tokio::{sync::Semaphore, time::sleep};

/// More than the usual load needs, so that waiting for a connection is the exception.
const CONNECTIONS: usize = 16;

/// Something that the shop sells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Item {
    /// Its number.
    pub(super) id: u64,
    /// What it is called.
    pub(super) name: String,
    /// In cents of a euro.
    pub(super) cents: u64,
}

/// A pool of connections.
#[derive(Debug)]
pub(super) struct Database {
    connections: Semaphore,
}

impl Database {
    pub(super) fn new() -> Self {
        Self {
            connections: Semaphore::new(CONNECTIONS),
        }
    }

    /// Looks an item up.
    pub(super) async fn item(&self, id: u64) -> Item {
        self.query(Duration::from_micros(1_000 + fastrand::u64(..3_000)))
            .await;
        Item {
            id,
            name: format!("item {id}"),
            cents: 99 + id * 37 % 10_000,
        }
    }

    /// Writes an order down.
    pub(super) async fn insert_order(&self) {
        self.query(Duration::from_micros(2_000 + fastrand::u64(..4_000)))
            .await;
    }

    /// Asks how much of another currency a euro is worth.
    pub(super) async fn exchange_rate(&self) -> f64 {
        self.query(Duration::from_millis(5)).await;
        1.0 + fastrand::f64() * 0.2
    }

    async fn query(&self, takes: Duration) {
        // Nobody closes the pool; if somebody did, the query would go without a connection, as the answer is made up
        // anyway.
        let _connection = self.connections.acquire().await;
        sleep(takes).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{task::JoinSet, time::Instant};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn queries_beyond_the_pool_wait() {
        let database = Arc::new(Database::new());
        let second = Duration::from_secs(1);
        for (queries, takes) in [(CONNECTIONS, second), (CONNECTIONS + 1, second * 2)] {
            let start = Instant::now();
            let mut running = JoinSet::new();
            for _ in 0..queries {
                let database = Arc::clone(&database);
                running.spawn(async move { database.query(second).await });
            }
            running.join_all().await;
            assert_eq!(
                start.elapsed().as_secs(),
                takes.as_secs(),
                "{queries} queries"
            );
        }
    }
}
