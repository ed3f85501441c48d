//! A server on the other side of a real socket, which takes its time.

use std::{
    io::{self, BufRead as _, BufReader as StdBufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream as StdTcpStream},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// Starts a server that answers each line of each client after `delay`. It lives on plain threads, as if it were another
/// process: nothing that happens on the runtime slows it down.
///
/// # Errors
/// The system's, if it gives no port or no thread.
pub fn slow_server(delay: Duration) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::Builder::new()
        .name("slow server".into())
        .spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // Who is not served sees the connection closed.
                let _ = thread::Builder::new().spawn(move || serve(&client, delay));
            }
        })?;
    Ok(address)
}

/// Serves one client until it leaves.
fn serve(client: &StdTcpStream, delay: Duration) -> io::Result<()> {
    for line in StdBufReader::new(client).lines() {
        let line = line?;
        thread::sleep(delay);
        writeln!(&*client, "done: {line}")?;
    }
    Ok(())
}

/// Asks a server one question over a connection of its own.
///
/// # Errors
/// The connection's.
pub async fn ask(server: SocketAddr, question: &str) -> io::Result<String> {
    let mut connection = BufReader::new(TcpStream::connect(server).await?);
    connection
        .write_all(format!("{question}\n").as_bytes())
        .await?;
    let mut answer = String::new();
    connection.read_line(&mut answer).await?;
    Ok(answer)
}
