//! A server that counts the requests under way, and gives up on those that take too long.
//!
//! The disease: the count goes up before a request and down after it, with an await between. A request that is given up
//! ends at that await: its guard is dropped, the lock is free again, and the count is wrong for ever. One day it reaches the
//! limit, and nobody gets in any more.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

/// How long a request may take.
const LIMIT: Duration = Duration::from_millis(120);

#[derive(Default)]
struct Gate {
    under_way: u32,
}

async fn request(gate: Arc<Mutex<Gate>>, server: SocketAddr) -> io::Result<()> {
    let mut gate = gate.lock().await;
    gate.under_way += 1;
    // Here is the error: if the task ends here, what comes next does not happen.
    disease::ask(server, "may they enter?").await?; // line: awaits
    gate.under_way -= 1;
    Ok(())
}

async fn serve(gate: Arc<Mutex<Gate>>, server: SocketAddr) {
    loop {
        let mut work = tokio::spawn(request(Arc::clone(&gate), server)); // spawns: request
        tokio::select! {
            _ = &mut work => {}
            () = sleep(LIMIT) => work.abort(),
        }
        sleep(Duration::from_millis(80)).await;
    }
}

/// Follows the news, until there is something newer; to be given up is all that ever happens to it.
async fn follow() {
    loop {
        let news = tokio::spawn(sleep(Duration::from_secs(60))); // spawns: news
        sleep(Duration::from_millis(200)).await;
        news.abort();
    }
}

async fn server() -> io::Result<()> {
    let server = disease::slow_server(Duration::from_secs(1))?;
    let gate = Arc::new(Mutex::new(Gate::default())); // creates: gate
    tokio::spawn(follow()); // spawns: follow
    tokio::spawn(serve(gate, server)); // spawns: serve
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
