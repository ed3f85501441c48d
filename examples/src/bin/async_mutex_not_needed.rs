//! Counters of a service, behind tokio's mutex since everything else is tokio's too.
//!
//! The disease, a mild one: the lock is taken thousands of times a second, never waited for, and never kept over an await.
//! That is what `std::sync::Mutex` is for, at a fraction of the cost.

use std::{collections::BTreeMap, convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::interval};

/// Requests for each path.
type Counters = BTreeMap<&'static str, u64>;

async fn count(counters: &Mutex<Counters>, path: &'static str) {
    *counters.lock().await.entry(path).or_default() += 1;
}

/// Reads the log of a web server, as it comes: in pieces of 60 lines.
async fn follow(counters: Arc<Mutex<Counters>>) {
    let mut pieces = interval(Duration::from_millis(20));
    loop {
        pieces.tick().await;
        for _line in 0..20 {
            for path in ["/", "/items", "/orders"] {
                count(&counters, path).await;
            }
        }
    }
}

/// Keeps a lock over an await, as only tokio's can be, though seldom.
async fn rotate(file: Mutex<u32>) {
    let mut minutes = interval(Duration::from_millis(500));
    loop {
        let mut file = file.lock().await;
        minutes.tick().await;
        *file += 1;
    }
}

async fn service() -> io::Result<()> {
    let counters = Arc::new(Mutex::new(Counters::new())); // creates: counters
    let file = Mutex::new(1); // creates: file
    tokio::spawn(rotate(file)); // spawns: rotate
    tokio::spawn(follow(counters)); // spawns: follow
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
