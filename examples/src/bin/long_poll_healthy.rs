//! The service of `long_poll`, with a client library that awaits.
//!
//! Healthy: the other service takes as long to answer, and the task is idle meanwhile. The worker has nothing to do.

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use taskscope_examples::disease;
use tokio::{net::TcpListener, time::sleep};

/// The client library.
struct Inventory {
    server: SocketAddr,
}

impl Inventory {
    async fn stock(&self, item: &str) -> io::Result<String> {
        disease::ask(self.server, item).await
    }
}

async fn refresh(inventory: Inventory) -> io::Result<()> {
    for item in ["tea", "cup", "pot"].iter().cycle() {
        sleep(Duration::from_millis(200)).await;
        inventory.stock(item).await?;
    }
    Ok(())
}

/// Waits for people who never come today.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        drop(connection);
    }
}

async fn shop() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = disease::slow_server(Duration::from_secs(3))?;
    tokio::spawn(serve(listener)); // spawns: serve
    tokio::spawn(refresh(Inventory { server })); // spawns: refresh
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(shop())
}
