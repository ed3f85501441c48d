//! The bank of `deadlock`: its transfers lock in any order, but nobody waits for ever.
//!
//! Healthy: who does not get the second lock within 300 ms gives back the first and tries again a little later. For that
//! while the tasks do wait in a circle, and the circle opens by itself.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

/// How long a transfer waits for the second account.
const PATIENCE: Duration = Duration::from_millis(300);

struct Account {
    cents: i64,
}

async fn transfer(from: Arc<Mutex<Account>>, to: Arc<Mutex<Account>>, cents: i64) {
    loop {
        let mut payer = from.lock().await;
        fraud_check().await;
        if let Ok(mut payee) = timeout(PATIENCE, to.lock()).await {
            payer.cents -= cents;
            payee.cents += cents;
        }
        drop(payer);
        sleep(Duration::from_millis(fastrand::u64(50..100))).await;
    }
}

async fn fraud_check() {
    sleep(Duration::from_millis(20)).await;
}

async fn bank() -> io::Result<()> {
    let alice = Arc::new(Mutex::new(Account { cents: 100_000 })); // creates: alice
    let bob = Arc::new(Mutex::new(Account { cents: 100_000 })); // creates: bob
    tokio::spawn(transfer(Arc::clone(&alice), Arc::clone(&bob), 500)); // spawns: alice to bob
    tokio::spawn(transfer(bob, alice, 300)); // spawns: bob to alice
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(bank())
}
