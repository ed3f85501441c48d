//! The crawler of `futurelock_buffered`, where all that asks the host is part of the futures ahead.
//!
//! Healthy: the body of the loop awaits nothing, so the futures are polled whenever there is something for them.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use taskscope_examples::disease;
use tokio::{sync::Semaphore, time::sleep};

/// Pages that are fetched ahead.
const AHEAD: usize = 3;

/// Asks the host for something, as soon as it is free.
async fn fetch(page: u32, host: Arc<Semaphore>) -> u32 {
    if let Ok(_permit) = host.acquire().await {
        sleep(Duration::from_millis(50)).await;
    }
    page
}

async fn crawl(host: Arc<Semaphore>) {
    let mut pages = stream::iter(0..)
        .map(|page| {
            let host = Arc::clone(&host);
            async move {
                let page = fetch(page, Arc::clone(&host)).await;
                fetch(page + 1_000_000, host).await // its picture
            }
        })
        .buffered(AHEAD);
    while pages.next().await.is_some() {}
}

async fn crawler() -> io::Result<()> {
    let host = Arc::new(Semaphore::new(1)); // creates: host
    tokio::spawn(crawl(host)); // spawns: crawl
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(crawler())
}
