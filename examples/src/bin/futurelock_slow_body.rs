//! A crawler that fetches a few pages ahead, and takes its time over each.
//!
//! The disease: while the body of the loop works on a page, nobody polls the pages that are fetched ahead. The host takes one
//! request at a time; its permit goes to the next of these pages, which does not get to know. For three seconds a page the
//! host is free, and whoever else wants to ask it waits.

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
        sleep(Duration::from_millis(50)).await;
    }
    page
}

/// Adds a page to the index, with all its words.
async fn index(page: u32) {
    sleep(Duration::from_millis(3000 + u64::from(page % 2))).await;
}

async fn crawl(host: Arc<Semaphore>) {
    let mut pages = stream::iter(0..)
        .map(|page| fetch(page, Arc::clone(&host)))
        .buffered(AHEAD);
    while let Some(page) = pages.next().await {
        // Here is the error: the pages that are fetched ahead stand still for as long as this takes.
        index(page).await;
    }
}

/// Asks the same host now and then.
async fn search(host: Arc<Semaphore>) {
    for question in 0.. {
        sleep(Duration::from_millis(100)).await;
        fetch(question, Arc::clone(&host)).await;
    }
}

async fn crawler() -> io::Result<()> {
    let host = Arc::new(Semaphore::new(1)); // creates: host
    tokio::spawn(crawl(Arc::clone(&host))); // spawns: crawl
    tokio::spawn(search(host)); // spawns: search
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(crawler())
}
