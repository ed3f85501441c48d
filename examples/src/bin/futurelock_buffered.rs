//! A crawler that fetches a few pages ahead, and asks the same host once more about each page that it has.
//!
//! The disease: the futures of a `buffered` stream are polled only while the loop waits for the next page, not while its
//! body runs. The host takes one request at a time, so pages that are fetched ahead queue for it. When one is done, the
//! permit passes to the next future in the queue, the body starts, and wants that permit too: the future has it and is not
//! polled, the body waits behind it. Fetching ahead by more only makes the queue longer.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use taskscope_examples::disease;
use tokio::{sync::Semaphore, time::sleep};

/// Pages that are fetched ahead.
const AHEAD: usize = 3;

/// Asks the host for something, as soon as it is free.
async fn fetch(page: u32, host: Arc<Semaphore>) -> u32 {
    if let Ok(_permit) = host.acquire().await {
        // line: awaits
        sleep(Duration::from_millis(100)).await;
    }
    page
}

async fn crawl(host: Arc<Semaphore>) {
    let mut pages = stream::iter(0..)
        .map(|page| fetch(page, Arc::clone(&host)))
        .buffered(AHEAD);
    while let Some(page) = pages.next().await {
        // Here is the error: the pages that are fetched ahead stand still for as long as this takes.
        fetch(page + 1_000_000, Arc::clone(&host)).await; // its picture
    }
}

/// Crawls another host, one page at a time.
async fn crawl_slowly() {
    let host = Arc::new(Semaphore::new(1)); // creates: other host
    for page in 0.. {
        fetch(page, Arc::clone(&host)).await;
    }
}

async fn crawler() -> io::Result<()> {
    let host = Arc::new(Semaphore::new(1)); // creates: host
    tokio::spawn(crawl_slowly()); // spawns: other crawl
    tokio::spawn(crawl(host)); // spawns: crawl
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(crawler())
}
