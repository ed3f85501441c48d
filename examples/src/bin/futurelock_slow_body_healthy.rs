//! The crawler of `futurelock_slow_body`, where each page is fetched by a task.
//!
//! Healthy: tasks are polled by the runtime, whatever the body of the loop does. The index is as slow, pages wait for it, and
//! the host is free for others meanwhile.

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

/// Adds a page to the index, with all its words.
async fn index(page: u32) {
    sleep(Duration::from_millis(3000 + u64::from(page % 2))).await;
}

async fn crawl(host: Arc<Semaphore>) -> io::Result<()> {
    let mut pages = stream::iter(0..)
        .map(|page| tokio::spawn(fetch(page, Arc::clone(&host)))) // spawns: page
        .buffered(AHEAD);
    while let Some(page) = pages.next().await {
        index(page?).await;
    }
    Ok(())
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
