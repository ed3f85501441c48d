//! Where viewers knock: binding, and taking connections in.

use std::io;
use std::net::{self, SocketAddr};
use std::os::unix;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::time::sleep;

use super::ServerError;
use super::connection::{Service, Stream, serve};
use super::seats::Seats;

/// The pauses after connections that could not be taken in: too many open files, most of the time, and the app should
/// have the next free one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Binds a TCP port that only this machine can reach, unless others are let in on purpose.
pub(super) fn bind_tcp(
    address: SocketAddr,
    allow_remote: bool,
) -> Result<net::TcpListener, ServerError> {
    if !allow_remote && !address.ip().to_canonical().is_loopback() {
        return Err(ServerError::Remote { address });
    }
    let bind = || {
        let listener = net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|source| ServerError::Listen { address, source })
}

/// A socket on which viewers connect.
#[derive(Debug)]
pub(super) enum Listener {
    /// In the file system.
    Unix(UnixListener),
    /// On the network.
    Tcp(TcpListener),
}

impl Listener {
    /// To be called within the runtime.
    pub(super) fn unix(listener: unix::net::UnixListener) -> io::Result<Self> {
        UnixListener::from_std(listener).map(Self::Unix)
    }

    /// To be called within the runtime.
    pub(super) fn tcp(listener: net::TcpListener) -> io::Result<Self> {
        TcpListener::from_std(listener).map(Self::Tcp)
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let stream = listener.accept().await?.0;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

/// Takes connections in and serves each, for as long as the runtime lives.
pub(super) async fn accept_all(listener: Listener, seats: Seats, service: Service) {
    let mut pause = FIRST_PAUSE;
    loop {
        match listener.accept().await {
            Ok(stream) => {
                pause = FIRST_PAUSE;
                // Where there is no seat, the connection is closed at once.
                if let Some(seat) = seats.take() {
                    tokio::spawn(serve(stream, seat, service.clone()));
                }
            }
            Err(_) => {
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(2 * pause);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(address: &str, allow_remote: bool) -> Result<net::TcpListener, ServerError> {
        bind_tcp(address.parse().expect("an address"), allow_remote)
    }

    #[test]
    fn only_this_machine_is_let_in_unless_in_so_many_words() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
            assert!(
                matches!(bind(address, false), Err(ServerError::Remote { .. })),
                "{address}"
            );
        }
        for (address, allow_remote) in [
            ("127.0.0.1:0", false),
            ("127.1.2.3:0", false),
            ("0.0.0.0:0", true),
        ] {
            let port = bind(address, allow_remote).and_then(|listener| {
                listener
                    .local_addr()
                    .map_err(|source| ServerError::Thread { source })
            });
            assert_ne!(port.expect("bound").port(), 0);
        }
    }

    #[test]
    fn a_port_in_use_is_said() {
        let taken = bind("127.0.0.1:0", false)
            .expect("a port")
            .local_addr()
            .expect("an address");
        let held = net::TcpListener::bind(taken).expect("the port");
        let error = bind_tcp(taken, false).expect_err("in use");
        assert!(error.to_string().contains("choose another port"), "{error}");
        drop(held);
    }
}
