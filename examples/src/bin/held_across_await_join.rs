//! A catalogue that is loaded in parts, by one task for each part.
//!
//! The disease: who loads it anew keeps the lock until all parts have been loaded, and each part wants that lock to put in
//! what it has read. The parts wait for the lock, its holder for the parts: nothing ever moves again. No two locks are
//! involved, so nobody had thought of a deadlock.

use std::{collections::BTreeMap, convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, task::JoinSet, time::sleep};

/// Cents of each item.
type Catalogue = Arc<Mutex<BTreeMap<u32, u64>>>;

async fn load_part(part: u32, catalogue: Catalogue) {
    sleep(Duration::from_millis(30)).await; // read it
    catalogue.lock().await.insert(part, 1990);
}

async fn reload(catalogue: Catalogue) {
    loop {
        sleep(Duration::from_millis(200)).await;
        let mut items = catalogue.lock().await; // line: takes
        items.clear();
        let mut parts = JoinSet::new();
        for part in 0..4 {
            parts.spawn(load_part(part, Arc::clone(&catalogue))); // spawns: part
        }
        // Here is the error: the guard is still there.
        parts.join_all().await; // line: awaits
        drop(items);
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
