//! Why viewers can't reach this process, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why viewers can't reach this process. The app runs on in any case.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// The folder could not be made, or not be looked at.
    #[error("cannot use the folder {} for sockets: {source}; set TASKSCOPE_DIR to a folder of your own", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is something else in the folder's place.
    #[error("{} is not a folder; remove it, or set TASKSCOPE_DIR to a folder of your own", path.display())]
    NotAFolder {
        /// What is no folder.
        path: PathBuf,
    },
    /// Whoever owns the folder can put a socket of their own in the place of ours.
    #[error(
        "the folder {} belongs to user {owner}, not to user {us} who runs this process; \
         set TASKSCOPE_DIR to a folder of your own",
        path.display()
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// The id of its owner.
        owner: u32,
        /// The id of our user.
        us: u32,
    },
    /// Others can put a socket of their own in the place of ours.
    #[error(
        "the folder {} can be written by other users (mode {mode:o}); run `chmod 700` on it, \
         or set TASKSCOPE_DIR to a folder of your own",
        path.display()
    )]
    OpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its mode, the permission bits only.
        mode: u32,
    },
    /// Unix sockets have short names.
    #[error(
        "the socket's path {} has {} bytes, and the system allows {most}; set TASKSCOPE_DIR to a shorter path",
        path.display(),
        path.as_os_str().len()
    )]
    PathTooLong {
        /// The path of the socket.
        path: PathBuf,
        /// The most bytes that a path may have.
        most: usize,
    },
    /// The socket could not be made.
    #[error("cannot make the socket {}: {source}", path.display())]
    Socket {
        /// The path of the socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The address is not of this machine, and nobody said that it may be.
    #[error(
        "{address} can be reached from other machines, and whoever reaches it can watch this process: \
         use 127.0.0.1, or allow remote viewers in so many words"
    )]
    Remote {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The port is taken, or may not be used.
    #[error(
        "cannot listen on {address}: {source}; choose another port, or port 0 for any free one"
    )]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Neither way of reaching this process works.
    #[error("{socket}; and {tcp}")]
    Nowhere {
        /// Why there is no socket.
        socket: Box<ServerError>,
        /// Why there is no TCP port.
        tcp: Box<ServerError>,
    },
    /// The system has no more threads or file descriptors for us.
    #[error("cannot start the server's thread: {source}")]
    Thread {
        /// What the system says.
        source: io::Error,
    },
}
