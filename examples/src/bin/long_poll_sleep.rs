//! An uploader that waits before it tries again.
//!
//! The disease: it waits with `std::thread::sleep`, which compiles as well as the other one and stops the worker.

use std::{convert::Infallible, io, net::SocketAddr, thread, time::Duration};

use taskscope_examples::disease;
use tokio::net::TcpStream;

/// How long to wait before the next try.
const BACKOFF: Duration = Duration::from_secs(2);

async fn upload(server: SocketAddr) -> io::Result<()> {
    loop {
        match TcpStream::connect(server).await {
            Ok(_connection) => return Ok(()),
            // Here is the error: this is not `tokio::time::sleep`.
            Err(_) => thread::sleep(BACKOFF), // line: blocks
        }
    }
}

async fn uploader() -> io::Result<()> {
    // A server that is gone: nobody listens at its port any more.
    let server = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    tokio::spawn(upload(server)); // spawns: upload
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(uploader())
}
