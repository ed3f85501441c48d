//! A client that keeps a session with a server, and renews it under a lock.
//!
//! The disease: the lock is kept while the new token is asked for over the network. The server takes three seconds today,
//! and for so long every request that wants only to read the token waits: one slow server stops everything, and nothing is
//! dead that could be found.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

#[derive(Default)]
struct Session {
    token: String,
}

async fn renew(session: Arc<Mutex<Session>>, server: SocketAddr) -> io::Result<()> {
    loop {
        let mut session = session.lock().await; // line: takes
        // Here is the error: the guard lives on while the server thinks.
        session.token = disease::ask(server, "a new token, please").await?;
        drop(session);
        sleep(Duration::from_millis(100)).await;
    }
}

async fn request(session: Arc<Mutex<Session>>) {
    loop {
        let token = session.lock().await.token.clone();
        // The request itself takes little.
        sleep(Duration::from_millis(50 + token.len() as u64)).await;
    }
}

/// Counts what goes by, under a lock that is never kept for long.
async fn statistics() {
    let requests = Mutex::new(0u64); // creates: requests
    loop {
        *requests.lock().await += 1;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn client() -> io::Result<()> {
    let server = disease::slow_server(Duration::from_secs(3))?;
    let session = Arc::new(Mutex::new(Session::default())); // creates: session
    tokio::spawn(statistics()); // spawns: statistics
    tokio::spawn(renew(Arc::clone(&session), server)); // spawns: renew
    for _ in 0..3 {
        tokio::spawn(request(Arc::clone(&session))); // spawns: request
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(client())
}
