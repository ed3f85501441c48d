//! Waits for sockets and pipes.

use std::error::Error;

use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional,
        duplex,
    },
    net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, unix::pipe},
};

use crate::kept::Kept;

/// Both ends of a connection.
pub(crate) async fn connection() -> Result<(TcpStream, TcpStream), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    tcp(kept).await?;
    others(kept).await?;
    buffered(kept).await
}

async fn tcp(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    kept.task("tcp accept", async move {
        let _ = listener.accept().await; // WAITS: tcp accept
    })?;
    let (client, mut server) = connection().await?;
    kept.keep(client);
    kept.task("tcp read", async move {
        let mut buffer = [0; 8];
        let _ = server.read_exact(&mut buffer).await; // WAITS: tcp read
    })?;
    let (client, mut server) = connection().await?;
    kept.keep(client);
    kept.task("tcp write", async move {
        let buffer = vec![0; 64 << 20];
        let _ = server.write_all(&buffer).await; // WAITS: tcp write
    })?;
    let (client, server) = connection().await?;
    kept.keep(client);
    kept.task("tcp readable", async move {
        // It may say so for nothing.
        while server.try_read(&mut [0u8; 1]).is_err() {
            let _ = server.readable().await; // WAITS: tcp readable
        }
    })?;
    let (client, server) = connection().await?;
    kept.keep(client);
    let (mut read, write) = server.into_split();
    kept.keep(write);
    kept.task("tcp split read", async move {
        let _ = read.read_u32().await; // WAITS: tcp split read
    })?;
    Ok(())
}

async fn others(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (one, mut other) = UnixStream::pair()?;
    kept.keep(one);
    kept.task("unix read", async move {
        let mut buffer = [0; 8];
        let _ = other.read(&mut buffer).await; // WAITS: unix read
    })?;
    let path = std::env::temp_dir().join(format!("stuck-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path)?;
    std::fs::remove_file(path)?;
    kept.task("unix accept", async move {
        let _ = listener.accept().await; // WAITS: unix accept
    })?;
    let (one, other) = UnixDatagram::pair()?;
    kept.keep(one);
    kept.task("unix datagram", async move {
        let mut buffer = [0; 8];
        let _ = other.recv(&mut buffer).await; // WAITS: unix datagram
    })?;
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    kept.task("udp recv", async move {
        let mut buffer = [0; 8];
        let _ = socket.recv_from(&mut buffer).await; // WAITS: udp recv
    })?;
    let (write, mut read) = pipe::pipe()?;
    kept.keep(write);
    kept.task("pipe read", async move {
        let _ = read.read_u8().await; // WAITS: pipe read
    })?;
    Ok(())
}

async fn buffered(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (one, other) = duplex(16);
    kept.keep(one);
    kept.task("next line", async move {
        let mut lines = BufReader::new(other).lines();
        let _ = lines.next_line().await; // WAITS: next line
    })?;
    let (mut one, other) = duplex(16);
    kept.keep(other);
    kept.task("duplex write", async move {
        let _ = one.write_all(&[0; 64]).await; // WAITS: duplex write
    })?;
    let (client, mut server) = connection().await?;
    let (mut upstream, far) = connection().await?;
    kept.keep((client, far));
    kept.task("copy both ways", async move {
        let _ = copy_bidirectional(&mut server, &mut upstream).await; // WAITS: copy both ways
    })?;
    Ok(())
}
