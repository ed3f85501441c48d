//! The proxy of `large_future`, whose buffers are on the heap.
//!
//! Healthy: the future has a pointer to its buffer. The memory is the same, and nothing large is moved.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

async fn proxy(mut connection: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = connection.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        connection.write_all(&buffer[..length]).await?;
    }
}

async fn accept(listener: TcpListener) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        tokio::spawn(proxy(connection)); // spawns: proxy
    }
}

/// Connects, and says something now and then.
async fn guest(listener: std::net::SocketAddr) -> io::Result<()> {
    let mut connection = TcpStream::connect(listener).await?;
    loop {
        connection.write_all(b"are you there?").await?;
        connection.read_exact(&mut [0; 14]).await?;
        sleep(Duration::from_millis(200)).await;
    }
}

async fn server() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener)); // spawns: accept
    for _ in 0..8 {
        tokio::spawn(guest(address)); // spawns: guest
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
