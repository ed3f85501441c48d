//! The uploader of `long_poll_sleep`, which leaves its worker to others while it waits.
//!
//! Healthy: tokio's own sleep is a timer. That its task is idle for long is what was asked for.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use taskscope_examples::disease;
use tokio::{net::TcpStream, time::sleep};

/// How long to wait before the next try.
const BACKOFF: Duration = Duration::from_secs(2);

async fn upload(server: SocketAddr) -> io::Result<()> {
    loop {
        match TcpStream::connect(server).await {
            Ok(_connection) => return Ok(()),
            Err(_) => sleep(BACKOFF).await,
        }
    }
}

/// Looks once an hour whether there is something new to upload.
async fn look() {
    loop {
        sleep(Duration::from_secs(3600)).await;
    }
}

async fn uploader() -> io::Result<()> {
    // A server that is gone: nobody listens at its port any more.
    let server = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    tokio::spawn(look()); // spawns: look
    tokio::spawn(upload(server)); // spawns: upload
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(uploader())
}
