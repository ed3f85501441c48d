//! The catalogue of `held_across_await_join`, whose parts give back what they have read.
//!
//! Healthy: the parts need no lock. Who loads the catalogue anew takes the lock when all is there, to put it in.

use std::{collections::BTreeMap, convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, task::JoinSet, time::sleep};

/// Cents of each item.
type Catalogue = Arc<Mutex<BTreeMap<u32, u64>>>;

async fn load_part(part: u32) -> (u32, u64) {
    sleep(Duration::from_millis(30)).await; // read it
    (part, 1990)
}

async fn reload(catalogue: Catalogue) {
    loop {
        sleep(Duration::from_millis(200)).await;
        let mut parts = JoinSet::new();
        for part in 0..4 {
            parts.spawn(load_part(part)); // spawns: part
        }
        let items = parts.join_all().await.into_iter().collect();
        *catalogue.lock().await = items;
    }
}

async fn request(catalogue: Catalogue) {
    loop {
        let items = catalogue.lock().await.len();
        sleep(Duration::from_millis(40 + items as u64)).await;
    }
}

async fn shop() -> io::Result<()> {
    let catalogue = Arc::new(Mutex::new(BTreeMap::new())); // creates: catalogue
    tokio::spawn(request(Arc::clone(&catalogue))); // spawns: request
    tokio::spawn(reload(catalogue)); // spawns: reload
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(shop())
}
