//! The shopping cart of `deadlock_relock`, with a total that takes what is locked already.
//!
//! Healthy: whoever has the guard hands on what it guards. Only the methods for others lock.

use std::{collections::BTreeMap, convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

/// Cents of each item.
type Items = BTreeMap<&'static str, u64>;

struct Cart {
    items: Mutex<Items>,
}

impl Cart {
    fn new() -> Arc<Self> {
        let items = Mutex::new(BTreeMap::new()); // creates: items
        Arc::new(Self { items })
    }

    async fn add(&self, item: &'static str, cents: u64) {
        self.items.lock().await.insert(item, cents);
    }

    async fn total(&self) -> u64 {
        sum(&*self.items.lock().await)
    }

    async fn checkout(&self) -> u64 {
        let mut items = self.items.lock().await;
        sleep(Duration::from_millis(50)).await; // the stock is asked
        let total = sum(&items);
        items.clear();
        total
    }
}

fn sum(items: &Items) -> u64 {
    items.values().sum()
}

async fn customer(cart: Arc<Cart>) {
    loop {
        for (item, cents) in [("tea", 450), ("cup", 900), ("pot", 2500)] {
            cart.add(item, cents).await;
            sleep(Duration::from_millis(20)).await;
        }
        cart.checkout().await;
    }
}

/// The number beside the picture of a cart.
async fn badge(cart: Arc<Cart>) {
    loop {
        cart.total().await;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn shop() -> io::Result<()> {
    let cart = Cart::new();
    tokio::spawn(badge(Arc::clone(&cart))); // spawns: badge
    tokio::spawn(customer(cart)); // spawns: customer
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(shop())
}
