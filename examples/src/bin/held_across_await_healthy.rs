//! The client of `held_across_await`, which asks for the token first and locks afterwards.
//!
//! Healthy: the server takes its three seconds, and meanwhile requests go on with the token that there is.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

#[derive(Default)]
struct Session {
    token: String,
}

async fn renew(session: Arc<Mutex<Session>>, server: SocketAddr) -> io::Result<()> {
    loop {
        let token = disease::ask(server, "a new token, please").await?;
        session.lock().await.token = token;
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

async fn client() -> io::Result<()> {
    let server = disease::slow_server(Duration::from_secs(3))?;
    let session = Arc::new(Mutex::new(Session::default())); // creates: session
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
