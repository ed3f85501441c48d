//! The server: shows this process to viewers, on a thread and a runtime of its own.
//!
//! It runs in somebody else's program. So it binds a Unix socket that only the same user can open, takes no more than a
//! fixed number of connections, streams and bytes from whoever comes, and when it can't start or ends, the program runs
//! on and [`ServerHandle::status`] says why. Nothing of it is touched by threads of the app: they meet the harvester at
//! most, and the harvester meets the server in the [`Hub`] and the [`EventHub`].

mod about;
mod connection;
mod error;
mod events;
mod folder;
mod limits;
mod listen;
mod seats;
mod service;
mod socket;
mod stream_events;
#[cfg(test)]
mod tests;
mod watch;

use std::any::Any;
use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;

use tokio::runtime::{Builder, Runtime};

pub(crate) use about::{About, HelloFacts, SetupFacts, Sketcher, SourceFacts};
pub(crate) use error::ServerError;
pub(crate) use events::{Batch, EventHub, RawEvent, RawEventKind};
#[allow(unused_imports)] // Until the builder calls it at exit.
pub(crate) use socket::remove_socket;

use crate::hub::Hub;
use connection::Service;
use folder::Folder;
use limits::Limits;
use listen::{Listener, accept_all, bind_tcp};
use seats::Seats;
use service::Viewers;
use socket::SocketFile;

/// How viewers may reach this process.
#[derive(Clone, Debug)]
pub(crate) struct ServerConfig {
    /// The folder for the Unix socket; `None` for the one that viewers look into.
    pub(crate) socket_dir: Option<PathBuf>,
    /// A TCP address to listen on besides; port 0 for any free one.
    pub(crate) bind: Option<SocketAddr>,
    /// Whether `bind` may be an address that other machines can reach.
    pub(crate) allow_remote: bool,
    /// Called first on the server's thread, to mark it as ours.
    pub(crate) on_thread_start: fn(),
}

/// What the server shows.
#[derive(Clone)]
pub(crate) struct Backend {
    /// The world.
    pub(crate) hub: Arc<Hub>,
    /// The raw events.
    pub(crate) events: Arc<EventHub>,
    /// Who we are.
    pub(crate) about: Arc<dyn About>,
    /// How the times of live tasks are distributed.
    pub(crate) sketcher: Arc<dyn Sketcher>,
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

/// How the server is doing.
#[derive(Clone, Debug)]
pub(crate) struct ServerStatus {
    /// The Unix socket, or why there is none.
    pub(crate) socket: Result<PathBuf, Arc<ServerError>>,
    /// The TCP address with its actual port, or why there is none; `None` where none was asked for.
    pub(crate) tcp: Option<Result<SocketAddr, Arc<ServerError>>>,
    /// Why the server is no longer running; `None` while it is.
    pub(crate) stopped: Option<String>,
}

impl ServerStatus {
    /// What is wrong, for people.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let socket = self.socket.as_ref().err().map(|error| error.to_string());
        let tcp = self.tcp.as_ref().and_then(|tcp| tcp.as_ref().err());
        let stopped = self.stopped.as_ref();
        [
            socket,
            tcp.map(|error| error.to_string()),
            stopped.map(|why| format!("viewers can't connect any more: {why}")),
        ]
        .into_iter()
        .flatten()
    }
}

/// A running server. Dropping this ends it and removes its socket, without waiting for the thread.
#[derive(Debug)]
pub(crate) struct ServerHandle {
    socket: Result<SocketFile, Arc<ServerError>>,
    tcp: Option<Result<SocketAddr, Arc<ServerError>>>,
    stopped: Arc<OnceLock<String>>,
    // The server ends when this end is closed. A channel of tokio's would be one that the app's threads touch.
    _stay: UnixStream,
}

impl ServerHandle {
    /// Where the Unix socket is; `None` where there is none.
    pub(crate) fn socket(&self) -> Option<&Path> {
        self.socket.as_ref().ok().map(SocketFile::path)
    }

    /// The TCP address, with its actual port; `None` where there is none.
    pub(crate) fn tcp(&self) -> Option<SocketAddr> {
        self.tcp.as_ref()?.as_ref().ok().copied()
    }

    /// How the server is doing.
    pub(crate) fn status(&self) -> ServerStatus {
        ServerStatus {
            socket: self
                .socket
                .as_ref()
                .map(|socket| socket.path().to_owned())
                .map_err(Arc::clone),
            tcp: self.tcp.clone(),
            stopped: self.stopped.get().cloned(),
        }
    }
}

/// Starts the server. When this returns, viewers can connect.
///
/// # Errors
///
/// There is no server where viewers can reach it neither way, or where it can't have a thread. Where one way of two
/// works, there is one, and its status says what is wrong with the other.
pub(crate) fn start(config: &ServerConfig, backend: Backend) -> Result<ServerHandle, ServerError> {
    start_within(Limits::default(), config, backend)
}

fn start_within(
    limits: Limits,
    config: &ServerConfig,
    backend: Backend,
) -> Result<ServerHandle, ServerError> {
    let socket = bind_socket(config);
    let tcp = config.bind.map(|address| {
        let listener = bind_tcp(address, config.allow_remote)?;
        let actual = listener
            .local_addr()
            .map_err(|source| ServerError::Listen { address, source })?;
        Ok((actual, listener))
    });
    let (socket, tcp) = match (socket, tcp) {
        (Err(socket), None) => return Err(socket),
        (Err(socket), Some(Err(tcp))) => {
            return Err(ServerError::Nowhere {
                socket: Box::new(socket),
                tcp: Box::new(tcp),
            });
        }
        both => both,
    };
    let (socket, unix) = match socket {
        Ok((file, listener)) => (Ok(file), Some(listener)),
        Err(e) => (Err(Arc::new(e)), None),
    };
    let (tcp, tcp_listener) = match tcp {
        Some(Ok((address, listener))) => (Some(Ok(address)), Some(listener)),
        Some(Err(e)) => (Some(Err(Arc::new(e))), None),
        None => (None, None),
    };
    let failed = |source| ServerError::Thread { source };
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(1)
        .build();
    let runtime = runtime.map_err(failed)?;
    let (stay, stop) = UnixStream::pair().map_err(failed)?;
    let folder = socket
        .as_ref()
        .ok()
        .and_then(|file| file.path().parent())
        .map(Path::to_owned);
    let stopped = Arc::new(OnceLock::new());
    let handle = ServerHandle {
        socket,
        tcp,
        stopped: Arc::clone(&stopped),
        _stay: stay,
    };
    let doors = Doors {
        unix,
        tcp: tcp_listener,
        stop,
        folder,
        problems: handle.status().problems().collect(),
    };
    let mark = config.on_thread_start;
    thread::Builder::new()
        .name("taskscope-serve".to_owned())
        .spawn(move || {
            mark();
            // A panic would be a bug of ours; it must stay on this thread, and be said.
            let end = catch_unwind(AssertUnwindSafe(|| serve(&runtime, limits, doors, backend)));
            let why = match end {
                Ok(Ok(())) => "it was told to stop".to_owned(),
                Ok(Err(e)) => format!("it could not go on: {e}"),
                Err(panic) => format!("a bug in taskscope: {}", message(&*panic)),
            };
            let _ = stopped.set(why);
        })
        .map_err(failed)?;
    Ok(handle)
}

fn bind_socket(config: &ServerConfig) -> Result<(SocketFile, UnixListener), ServerError> {
    let us = rustix::process::geteuid().as_raw();
    let folder = match &config.socket_dir {
        Some(path) => Folder::chosen(path.clone()),
        None => Folder::usual(|name| std::env::var_os(name), us),
    };
    folder.prepare(us)?;
    SocketFile::bind(folder.path(), std::process::id())
}

/// Where viewers come in, and how the server is told to stop.
struct Doors {
    unix: Option<UnixListener>,
    tcp: Option<net::TcpListener>,
    stop: UnixStream,
    folder: Option<PathBuf>,
    /// Where they can't.
    problems: Vec<String>,
}

fn serve(runtime: &Runtime, limits: Limits, doors: Doors, backend: Backend) -> io::Result<()> {
    runtime.block_on(async {
        doors.stop.set_nonblocking(true)?;
        let stop = tokio::net::UnixStream::from_std(doors.stop)?;
        let unix = doors.unix.map(Listener::unix).transpose()?;
        let tcp = doors.tcp.map(Listener::tcp).transpose()?;
        let (seats, calls) = (
            Seats::new(limits.connections),
            Viewers::service(backend, limits, doors.problems),
        );
        let service = Service {
            calls,
            patience: limits.patience,
        };
        for listener in [unix, tcp].into_iter().flatten() {
            tokio::spawn(accept_all(listener, seats.clone(), service.clone()));
        }
        if let Some(folder) = doors.folder {
            tokio::spawn(async move { socket::remove_leftovers(&folder).await });
        }
        // Nothing is ever sent: readable means closed.
        stop.readable().await
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
