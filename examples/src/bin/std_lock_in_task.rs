//! A price list that is read by requests and renewed by a thread of the blocking pool, behind a lock of the standard library.
//!
//! The disease: whoever renews the list takes the lock first and fetches then. Nothing warns of it, since a closure of
//! `spawn_blocking` may block; but the requests are tasks, and where they ask for the lock they stop their worker until the
//! fetch is over.

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
    // Here is the error: the list is locked before the fetch, not after it.
    let mut prices = prices.lock().unwrap_or_else(PoisonError::into_inner);
    *prices = runtime.block_on(fetch());
}

async fn requests(prices: Prices) {
    let mut every = interval(Duration::from_millis(50));
    loop {
        every.tick().await;
        let prices = prices.lock().unwrap_or_else(PoisonError::into_inner); // line: blocks
        drop(prices);
    }
}

async fn shop() -> io::Result<()> {
    let prices = Prices::default();
    tokio::spawn(requests(Arc::clone(&prices))); // spawns: requests
    sleep(Duration::from_millis(300)).await;
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        loop {
            renew(&prices, &runtime);
        }
    }); // spawns: renew
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(shop())
}
