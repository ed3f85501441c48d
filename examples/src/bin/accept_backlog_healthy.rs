//! The server of `accept_backlog`, which serves each connection in a task of its own.
//!
//! Healthy: the loop is back at `accept` at once, however long a guest stays.

use std::{convert::Infallible, io, net::SocketAddr, thread, time::Duration};

use taskscope_examples::disease;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

async fn serve(connection: TcpStream) -> io::Result<()> {
    let (questions, mut answers) = connection.into_split();
    let mut questions = BufReader::new(questions).lines();
    while let Some(question) = questions.next_line().await? {
        answers.write_all(question.as_bytes()).await?;
        answers.write_all(b"\n").await?;
    }
    Ok(())
}

async fn accept(listener: TcpListener) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        tokio::spawn(serve(connection)); // spawns: serve
    }
}

/// Connects, and does not leave: a program of somebody else's.
fn guest(server: SocketAddr) -> io::Result<()> {
    // The server has been up for a moment: until `accept` has waited once, nobody knows where the loop accepts.
    thread::sleep(Duration::from_millis(200));
    let _connection = std::net::TcpStream::connect(server)?;
    thread::park();
    Ok(())
}

async fn server() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener)); // spawns: accept
    for _ in 0..10 {
        thread::Builder::new().spawn(move || guest(address))?;
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
