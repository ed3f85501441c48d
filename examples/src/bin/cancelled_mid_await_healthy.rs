//! The server of `cancelled_mid_await`, which counts right whatever happens to a request.
//!
//! Healthy: requests are given up as often, but none has a lock at its awaits, and the count goes down by the drop of a
//! value that each of them has.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

/// How long a request may take.
const LIMIT: Duration = Duration::from_millis(120);

/// The requests under way, this one among them.
struct UnderWay(Arc<AtomicU32>);

impl UnderWay {
    fn new(count: Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn request(names: Arc<Mutex<u64>>, count: Arc<AtomicU32>, server: SocketAddr) {
    let _under_way = UnderWay::new(count);
    *names.lock().await += 1; // the guard ends here
    // Who is given up needs no answer.
    let _ = disease::ask(server, "may they enter?").await;
}

async fn serve(server: SocketAddr) {
    let count = Arc::new(AtomicU32::new(0));
    let names = Arc::new(Mutex::new(0)); // creates: names
    loop {
        let mut work = tokio::spawn(request(Arc::clone(&names), Arc::clone(&count), server)); // spawns: request
        tokio::select! {
            _ = &mut work => {}
            () = sleep(LIMIT) => work.abort(),
        }
        sleep(Duration::from_millis(80)).await;
    }
}

async fn server() -> io::Result<()> {
    let server = disease::slow_server(Duration::from_secs(1))?;
    tokio::spawn(serve(server)); // spawns: serve
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
