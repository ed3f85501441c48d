//! Why a target can't be watched.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use taskscope_proto::PROTOCOL_VERSION;

use super::decode::Violation;
use crate::text;

/// Longest detail that is taken over from a target or the system, in characters.
const MAX_DETAIL: usize = 300;

/// Why a target can't be watched, and what to do. Its text is fit for a terminal.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no such socket.
    #[error(
        "there is no socket {}: its process has ended, or has not started taskscope; `taskscope ls` lists those that can \
         be seen", .0.display()
    )]
    NoSocket(PathBuf),
    /// It is a file, but no socket.
    #[error("{} is no socket: give the path of a target's socket, `pid:N` or `http://host:port`", .0.display())]
    NotASocket(PathBuf),
    /// The system does not let us.
    #[error(
        "no permission to reach {}: a target can be watched by the user that runs it; try it as that user, or with sudo",
        .0.display()
    )]
    NoPermission(PathBuf),
    /// Nobody listens there.
    #[error("nobody listens at {0}: the process has ended, or the address is another one")]
    Refused(String),
    /// The system could not make the connection.
    #[error("{address} can't be reached: {detail}")]
    Io {
        /// What was to be reached.
        address: String,
        /// What the system said.
        detail: String,
    },
    /// It did not answer in time.
    #[error(
        "{0} accepts connections but says nothing: its process is stopped or overloaded, or it is not a taskscope target"
    )]
    Silent(String),
    /// What answers is something else.
    #[error("what answers at {address} is not a taskscope target ({detail})")]
    NotTaskscope {
        /// What was reached.
        address: String,
        /// How that showed.
        detail: String,
    },
    /// The target is newer.
    #[error(
        "the target speaks version {0} of the protocol, this viewer {PROTOCOL_VERSION}: update the viewer \
         (`cargo install taskscope-viewer`)"
    )]
    TooNew(u32),
    /// The target is older.
    #[error(
        "the target speaks version {0} of the protocol, this viewer {PROTOCOL_VERSION}: update the crate `taskscope` in \
         the app (`cargo update -p taskscope`)"
    )]
    TooOld(u32),
    /// The target can't read the filter.
    #[error("the target can't read the filter: {0}")]
    Filter(String),
    /// Too many others watch.
    #[error("the target takes no more viewers now ({0}): close another one")]
    Busy(String),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The target said what can't be.
    #[error("the target breaks the protocol: {0}")]
    Violation(#[from] Violation),
}

impl ConnectError {
    /// Whether trying again can't help.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::TooNew(_) | Self::TooOld(_) | Self::Filter(_) | Self::NotASocket(_)
        )
    }

    /// What the system said when it was asked for a connection to `address`, which is the socket at `path` if at one.
    pub(super) fn connecting(address: String, path: Option<PathBuf>, error: &io::Error) -> Self {
        match (error.kind(), path) {
            (io::ErrorKind::NotFound, Some(path)) => Self::NoSocket(path),
            (io::ErrorKind::PermissionDenied, Some(path)) => Self::NoPermission(path),
            (io::ErrorKind::ConnectionRefused, _) => Self::Refused(address),
            _ => Self::Io {
                address,
                detail: detail(&error.to_string()),
            },
        }
    }

    /// What became of the first call at `address`.
    pub(super) fn greeting(address: String, status: &tonic::Status) -> Self {
        let not_taskscope = |detail| Self::NotTaskscope {
            address: address.clone(),
            detail,
        };
        match status.code() {
            tonic::Code::Unimplemented => {
                not_taskscope("it speaks gRPC, but does not know the service".to_owned())
            }
            tonic::Code::ResourceExhausted => Self::Busy(detail(status.message())),
            // The connection had ended before the call was made, and with it the reason is gone.
            _ if io_error(status)
                .is_some_and(|error| error.kind() == io::ErrorKind::NotConnected) =>
            {
                not_taskscope("it broke off before it said who it is".to_owned())
            }
            // Where the system did not break the connection, what came over it did.
            _ if status.source().is_some() && io_error(status).is_none() => {
                not_taskscope(whole(status))
            }
            tonic::Code::Internal | tonic::Code::OutOfRange => not_taskscope(whole(status)),
            _ => Self::Broken(whole(status)),
        }
    }

    /// What became of a stream.
    pub(super) fn watching(status: &tonic::Status) -> Self {
        match status.code() {
            tonic::Code::InvalidArgument => Self::Filter(detail(status.message())),
            tonic::Code::ResourceExhausted => Self::Busy(detail(status.message())),
            _ => Self::Broken(whole(status)),
        }
    }
}

/// A text of unknown origin: short, and fit for a terminal.
pub(super) fn detail(text: &str) -> String {
    let cut: String = text.chars().take(MAX_DETAIL).collect();
    text::clean(&cut).into_owned()
}

fn io_error(status: &tonic::Status) -> Option<&io::Error> {
    causes(status).find_map(|cause| cause.downcast_ref())
}

/// The status with its causes: the outer ones alone say no more than "transport error".
fn whole(status: &tonic::Status) -> String {
    let mut parts = vec![status.message().to_owned()];
    for cause in causes(status) {
        let part = cause.to_string();
        if parts.iter().all(|known| !known.contains(&part)) {
            parts.push(part);
        }
    }
    parts.retain(|part| !part.is_empty() && part != "transport error");
    if parts.is_empty() {
        parts.push(status.code().description().to_owned());
    }
    detail(&parts.join(": "))
}

fn causes(status: &tonic::Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |cause| {
        let cause: &(dyn Error + 'static) = *cause;
        cause.source()
    })
}
