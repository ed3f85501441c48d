//! Orders, and the workers that carry them out.
//!
//! Each worker has a bounded queue of its own, and a customer's orders all go to the same one, so they stay in order
//! and no two workers share a receiver.

use std::{io, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::{Crew, database::Database, journal::Journal, metrics::Metrics};

const WORKERS: u64 = 4;
/// Orders that may wait for one worker.
const QUEUE: usize = 32;
/// How long a customer waits for a place in the queue.
const PATIENCE: Duration = Duration::from_millis(250);

/// What a customer wants.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Order {
    /// Who orders.
    pub(super) customer: u64,
    /// What.
    pub(super) item: u64,
}

/// What the customer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Receipt {
    /// The worker's running number.
    pub(super) number: u64,
    /// What was ordered.
    pub(super) item: u64,
}

/// An order that could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many orders wait, try again later")]
pub(super) struct Busy;

#[derive(Debug)]
struct Job {
    order: Order,
    reply: oneshot::Sender<Receipt>,
}

/// The workers' queues.
#[derive(Debug)]
pub(super) struct Orders {
    queues: Vec<mpsc::Sender<Job>>,
    metrics: Arc<Metrics>,
}

impl Orders {
    /// Starts the workers; each ends after its last order when the queues are dropped.
    pub(super) fn start(
        crew: &Crew,
        database: &Arc<Database>,
        journal: &Journal,
        metrics: &Arc<Metrics>,
    ) -> io::Result<Self> {
        let queues = (0..WORKERS)
            .map(|worker| {
                let (queue, jobs) = mpsc::channel(QUEUE);
                let task = work(jobs, Arc::clone(database), journal.clone());
                crew.start(&format!("order worker {worker}"), task)
                    .map(|()| queue)
            })
            .collect::<io::Result<_>>()?;
        Ok(Self {
            queues,
            metrics: Arc::clone(metrics),
        })
    }

    /// Hands an order to its worker and waits until it is carried out.
    pub(super) async fn place(&self, order: Order) -> Result<Receipt, Busy> {
        let (reply, receipt) = oneshot::channel();
        let queue = &self.queues[(order.customer % WORKERS) as usize];
        if queue
            .send_timeout(Job { order, reply }, PATIENCE)
            .await
            .is_err()
        {
            self.metrics.refusal();
            return Err(Busy);
        }
        let receipt = receipt.await.map_err(|_| Busy)?;
        self.metrics.order();
        Ok(receipt)
    }
}

async fn work(mut jobs: mpsc::Receiver<Job>, database: Arc<Database>, journal: Journal) {
    let mut number = 0;
    while let Some(Job { order, reply }) = jobs.recv().await {
        database.insert_order().await;
        number += 1;
        // A customer who went away gets no receipt; the order stands.
        let _ = reply.send(Receipt {
            number,
            item: order.item,
        });
        journal
            .note(format!(
                "customer {} bought item {}",
                order.customer, order.item
            ))
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_customers_orders_stay_in_order_and_all_tasks_end() {
        let crew = Crew::new();
        let metrics = Arc::new(Metrics::default());
        let journal = Journal::start(&crew).unwrap();
        let orders = Orders::start(&crew, &Arc::new(Database::new()), &journal, &metrics).unwrap();
        drop(journal);
        for item in 1..=5 {
            let receipt = orders.place(Order { customer: 9, item }).await;
            assert_eq!(receipt, Ok(Receipt { number: item, item }));
        }
        assert_eq!(metrics.snapshot().orders, 5);
        drop(orders);
        crew.dismiss().await.unwrap();
    }
}
