//! Customers: clients in the same process, each with its own connection, at a steady pace.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::Crew;
use crate::{
    client::{Client, ClientError, Reply},
    clock,
};

/// How many items there are to ask for; few enough that the cache helps, many enough that it misses.
const ITEMS: u64 = 400;

/// Starts `count` customers who together ask `rate` times a second.
pub(super) fn start(crew: &Crew, server: SocketAddr, count: u32, rate: f64) -> io::Result<()> {
    let period = Duration::from_secs_f64(f64::from(count) / rate);
    for index in 0..count {
        let customer = Customer {
            number: index.into(),
            client: Client::new(server.to_string()),
        };
        let first = period * index / count;
        crew.start(
            &format!("customer {index}"),
            shop(customer, first, period, crew.token.clone()),
        )?;
    }
    Ok(())
}

struct Customer {
    number: u64,
    client: Client,
}

impl Customer {
    /// One visit: mostly a look, sometimes an order.
    async fn visit(&mut self) -> Result<Reply, ClientError> {
        match fastrand::u32(..100) {
            0..70 => {
                // The square makes some items popular.
                let id = (fastrand::f64().powi(2) * ITEMS as f64) as u64;
                self.client.get(&format!("/items/{id}")).await
            }
            70..86 => {
                let order = json!({ "customer": self.number, "item": fastrand::u64(..ITEMS) });
                self.client.post("/orders", order.to_string()).await
            }
            86..88 => {
                self.client
                    .get(&format!("/reports/{}", fastrand::u32(1..=31)))
                    .await
            }
            88..96 => self.client.get("/stats").await,
            _ => self.client.get("/health").await,
        }
    }
}

async fn shop(mut customer: Customer, first: Duration, period: Duration, token: CancellationToken) {
    let mut visits = interval_at((clock::now() + first).into(), period);
    visits.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while token.run_until_cancelled(visits.tick()).await.is_some() {
        // A visit that fails is made up for by the next one, on a new connection.
        let _ = customer.visit().await;
    }
}
