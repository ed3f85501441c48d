//! A bank whose transfers lock two accounts, each in the order in which they were named.
//!
//! The disease: one task moves money from Alice to Bob and has Alice's lock, another moves money from Bob to Alice and has
//! Bob's. Each waits for the lock of the other, for ever. It takes an await between the two locks, here for the fraud check,
//! and two customers at the same moment.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

struct Account {
    cents: i64,
}

async fn transfer(from: Arc<Mutex<Account>>, to: Arc<Mutex<Account>>, cents: i64) {
    loop {
        let mut payer = from.lock().await; // line: takes
        fraud_check().await;
        let mut payee = to.lock().await; // line: awaits
        payer.cents -= cents;
        payee.cents += cents;
        drop((payer, payee));
        sleep(Duration::from_millis(50)).await;
    }
}

async fn fraud_check() {
    sleep(Duration::from_millis(20)).await;
}

/// Reads the rates of the day: it has nothing to do with accounts.
async fn rates(rates: Arc<Mutex<Vec<f64>>>) {
    loop {
        rates.lock().await.push(1.08);
        sleep(Duration::from_millis(200)).await;
    }
}

async fn bank() -> io::Result<()> {
    let alice = Arc::new(Mutex::new(Account { cents: 100_000 })); // creates: alice
    let bob = Arc::new(Mutex::new(Account { cents: 100_000 })); // creates: bob
    let today = Arc::new(Mutex::new(Vec::new())); // creates: rates
    tokio::spawn(rates(today)); // spawns: rates
    tokio::spawn(transfer(Arc::clone(&alice), Arc::clone(&bob), 500)); // spawns: alice to bob
    tokio::spawn(transfer(bob, alice, 300)); // spawns: bob to alice
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(bank())
}
