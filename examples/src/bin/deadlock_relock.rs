//! A shopping cart whose methods lock for themselves, and one of them calls another.
//!
//! The disease: `checkout` keeps the lock while it calls `total`, which takes the same lock. tokio's mutex is not reentrant:
//! the task waits for itself, for ever, and everybody who wants the cart waits behind it. A helper method was called from
//! one place more than it was written for.

use std::{collections::BTreeMap, convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

struct Cart {
    /// Cents of each item.
    items: Mutex<BTreeMap<&'static str, u64>>,
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
        self.items.lock().await.values().sum() // line: awaits
    }

    async fn checkout(&self) -> u64 {
        let mut items = self.items.lock().await; // line: takes
        sleep(Duration::from_millis(50)).await; // the stock is asked
        let total = self.total().await;
        items.clear();
        total
    }
}

async fn customer(cart: Arc<Cart>) {
    for (item, cents) in [("tea", 450), ("cup", 900), ("pot", 2500)] {
        cart.add(item, cents).await;
        sleep(Duration::from_millis(20)).await;
    }
    cart.checkout().await;
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
