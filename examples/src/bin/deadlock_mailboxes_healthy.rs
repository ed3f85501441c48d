//! The restaurant of `deadlock_mailboxes`, where letters go one way: a slow kitchen behind a full mailbox.
//!
//! Healthy: the mailbox is bounded so that waiters wait when the kitchen can't keep up, here for more than a second each
//! time. The kitchen writes to no mailbox that could be full: each order brings a oneshot for its answer.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{
    sync::{
        mpsc::{Receiver, Sender, channel},
        oneshot,
    },
    time::sleep,
};

struct Order {
    table: u32,
    ready: oneshot::Sender<u32>,
}

/// Cooks one order after the other.
async fn kitchen(mut mailbox: Receiver<Order>) {
    while let Some(order) = mailbox.recv().await {
        sleep(Duration::from_millis(1300)).await;
        // A guest may have left in the meantime.
        let _ = order.ready.send(order.table);
    }
}

/// Takes orders faster than the kitchen cooks.
async fn waiter(mut table: u32, kitchen: Sender<Order>) {
    loop {
        table += 10;
        let (ready, _dish) = oneshot::channel();
        if kitchen.send(Order { table, ready }).await.is_err() {
            return;
        }
    }
}

/// Orders once, and waits for the dish.
async fn critic(kitchen: Sender<Order>) {
    loop {
        let (ready, dish) = oneshot::channel();
        let order = Order { table: 0, ready };
        if kitchen.send(order).await.is_err() || dish.await.is_err() {
            return;
        }
    }
}

async fn restaurant() -> io::Result<()> {
    let (to_kitchen, for_kitchen) = channel(2); // creates: kitchen's mailbox
    tokio::spawn(kitchen(for_kitchen)); // spawns: kitchen
    tokio::spawn(critic(to_kitchen.clone())); // spawns: critic
    for table in 1..=2 {
        tokio::spawn(waiter(table, to_kitchen.clone())); // spawns: waiter
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(restaurant())
}
