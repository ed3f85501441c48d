//! A server that serves each connection where it accepts it, and whose guests are there before it is ready.
//!
//! The disease is that of `accept_backlog`. Here no `accept` ever has to wait, so nobody can tell from outside which task
//! accepts: connections wait, and that is all that can be said.

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
        // Here is the error: nobody else is accepted until this one has left.
        serve(connection).await?;
    }
}

/// Connects, and does not leave: a program of somebody else's.
fn guest(server: SocketAddr) -> io::Result<()> {
    let _connection = std::net::TcpStream::connect(server)?;
    thread::park();
    Ok(())
}

async fn server() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    for _ in 0..10 {
        thread::Builder::new().spawn(move || guest(address))?;
    }
    // What it needs is loaded meanwhile.
    tokio::time::sleep(Duration::from_millis(200)).await;
    tokio::spawn(accept(listener));
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
