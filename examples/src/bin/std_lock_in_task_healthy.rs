//! A price list that is read by requests and renewed by a thread of the blocking pool, behind a lock of the standard library.
//!
//! Healthy: the new list is fetched first, and the lock is taken for as long as it takes to put it there.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{
    runtime::Handle,
    time::{interval, sleep},
};

type Prices = Arc<Mutex<Vec<u32>>>;

async fn fetch() -> Vec<u32> {
    sleep(Duration::from_secs(5)).await;
    vec![100, 250, 399]
}

fn renew(prices: &Mutex<Vec<u32>>, runtime: &Handle) {
    let fresh = runtime.block_on(fetch());
    *prices.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
}

async fn requests(prices: Prices) {
    let mut every = interval(Duration::from_millis(50));
    loop {
        every.tick().await;
        let prices = prices.lock().unwrap_or_else(PoisonError::into_inner);
        drop(prices);
    }
}

async fn shop() -> io::Result<()> {
    let prices = Prices::default();
    tokio::spawn(requests(Arc::clone(&prices)));
    sleep(Duration::from_millis(300)).await;
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        loop {
            renew(&prices, &runtime);
        }
    });
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(shop())
}
