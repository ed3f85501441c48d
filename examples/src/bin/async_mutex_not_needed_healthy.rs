//! A connection that several tasks use, one question at a time.
//!
//! Healthy: the lock is taken as often as that of `async_mutex_not_needed`, but kept while the answer is on its way, and
//! others do wait for it: this is what tokio's mutex is for. What needs no more is counted behind the one of `std`.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io,
    sync::{Arc, Mutex as StdMutex, PoisonError},
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    sync::Mutex,
    time::interval,
};

/// Requests for each path.
type Counters = StdMutex<BTreeMap<&'static str, u64>>;

fn count(counters: &Counters, path: &'static str) {
    let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
    *counters.entry(path).or_default() += 1;
}

async fn ask(connection: &Mutex<DuplexStream>) -> io::Result<u8> {
    let mut connection = connection.lock().await;
    connection.write_u8(7).await?;
    connection.read_u8().await
}

async fn request(connection: Arc<Mutex<DuplexStream>>, counters: Arc<Counters>) -> io::Result<()> {
    let mut pieces = interval(Duration::from_millis(20));
    loop {
        pieces.tick().await;
        for path in ["/", "/items", "/orders"].into_iter().cycle().take(30) {
            count(&counters, path);
            ask(&connection).await?;
        }
    }
}

/// Answers every question.
async fn answer(mut connection: DuplexStream) -> io::Result<()> {
    loop {
        let question = connection.read_u8().await?;
        connection.write_u8(question * 6).await?;
    }
}

async fn service() -> io::Result<()> {
    let (near, far) = duplex(64);
    let connection = Arc::new(Mutex::new(near)); // creates: connection
    let counters = Arc::new(Counters::default());
    tokio::spawn(answer(far)); // spawns: answer
    for _ in 0..2 {
        tokio::spawn(request(Arc::clone(&connection), Arc::clone(&counters))); // spawns: request
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
