//! The bank of `deadlock`, with one order for its locks.
//!
//! Healthy: accounts are numbered, and whoever needs two locks the account with the smaller number first. The tasks still
//! wait for each other, and never in a circle.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

struct Account {
    number: u32,
    cents: Mutex<i64>,
}

impl Account {
    fn new(number: u32, cents: i64) -> Arc<Self> {
        let cents = Mutex::new(cents); // creates: account
        Arc::new(Self { number, cents })
    }
}

async fn transfer(from: Arc<Account>, to: Arc<Account>, cents: i64) {
    loop {
        let (mut payer, mut payee);
        if from.number < to.number {
            payer = from.cents.lock().await;
            fraud_check().await;
            payee = to.cents.lock().await;
        } else {
            payee = to.cents.lock().await;
            fraud_check().await;
            payer = from.cents.lock().await;
        }
        *payer -= cents;
        *payee += cents;
        // The journal is written before anybody can see the new balances.
        sleep(Duration::from_millis(5)).await;
        drop((payer, payee));
        sleep(Duration::from_millis(50)).await;
    }
}

async fn fraud_check() {
    sleep(Duration::from_millis(20)).await;
}

async fn bank() -> io::Result<()> {
    let alice = Account::new(1, 100_000);
    let bob = Account::new(2, 100_000);
    tokio::spawn(transfer(Arc::clone(&alice), Arc::clone(&bob), 500)); // spawns: alice to bob
    tokio::spawn(transfer(bob, alice, 300)); // spawns: bob to alice
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(bank())
}
