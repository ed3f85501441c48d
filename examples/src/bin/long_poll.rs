//! A service that asks another one, through a client library that blocks.
//!
//! The disease: the library is from before async Rust; it reads its socket with `std::net`. While it waits, the task does
//! not return to its worker: on one thread nothing else runs at all, on two half is gone.

use std::{
    convert::Infallible,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use taskscope_examples::disease;
use tokio::{net::TcpListener, time::sleep};

/// The client library.
struct Inventory {
    server: SocketAddr,
}

impl Inventory {
    fn stock(&self, item: &str) -> io::Result<String> {
        let connection = TcpStream::connect(self.server)?;
        writeln!(&connection, "{item}")?;
        let mut answer = String::new();
        // Here is the error: this waits, and the worker with it.
        BufReader::new(connection).read_line(&mut answer)?; // line: blocks
        Ok(answer)
    }
}

async fn refresh(inventory: Inventory) -> io::Result<()> {
    for item in ["tea", "cup", "pot"].iter().cycle() {
        sleep(Duration::from_millis(200)).await;
        inventory.stock(item)?;
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
