//! Which targets there are on this machine.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use taskscope_proto::place;
use tokio::time::{sleep, timeout};

use super::address::Address;
use super::connect::connect;
use super::error::ConnectError;
use crate::feed::Hello;

/// How long a process may take to say who it is.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// How soon one at whose socket nobody listens is asked again: there is a moment between making it and listening.
const LISTENS_WITHIN: Duration = Duration::from_millis(100);

/// How many are asked at once.
const AT_ONCE: usize = 64;

/// The processes of a folder that have a socket there.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Where was looked.
    pub dir: PathBuf,
    /// Those that are there, by process id.
    pub processes: Vec<Process>,
    /// Why the folder could not be looked into, for a person.
    pub trouble: Option<String>,
}

/// A process that has a socket.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id, by the name of its socket.
    pub pid: u32,
    /// The socket.
    pub socket: PathBuf,
    /// What it said when asked who it is.
    pub answer: Answer,
}

/// What a process said when asked who it is.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Who it is.
    Hello(Box<Hello>),
    /// Nothing in time: it is stopped, or very busy.
    Silent,
    /// Nobody listens at its socket any more, though the process lives: it has become another program.
    Gone,
    /// We may not ask.
    NoPermission,
    /// It speaks another version of the protocol; why it can't be watched, for a person.
    Incompatible(String),
    /// Something else, for a person.
    Odd(String),
}

impl Listing {
    /// Those that can be watched.
    pub fn watchable(&self) -> impl Iterator<Item = (&Process, &Hello)> {
        self.processes
            .iter()
            .filter_map(|process| match &process.answer {
                Answer::Hello(hello) => Some((process, &**hello)),
                _ => None,
            })
    }
}

/// The folder for the sockets of the user that runs this.
#[must_use]
pub fn socket_dir() -> PathBuf {
    place::socket_dir(
        |name| std::env::var_os(name),
        rustix::process::getuid().as_raw(),
    )
}

/// Asks all processes with a socket in `dir` who they are. Takes about a second at most.
///
/// A socket that was left behind by a process that is gone is not listed, and removed where it is ours. What is no
/// socket is left alone.
pub async fn discover(dir: &Path) -> Listing {
    let mut listing = Listing {
        dir: dir.to_owned(),
        ..Listing::default()
    };
    let sockets = match sockets(dir) {
        Ok(sockets) => sockets,
        Err(trouble) => {
            listing.trouble = trouble;
            return listing;
        }
    };
    let asked = stream::iter(sockets).map(|(pid, socket)| async move {
        let answer = ask(pid, &socket).await?;
        Some(Process {
            pid,
            socket,
            answer,
        })
    });
    listing.processes = asked
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    listing.processes.sort_by_key(|process| process.pid);
    listing
}

fn sockets(dir: &Path) -> Result<Vec<(u32, PathBuf)>, Option<String>> {
    let found = match std::fs::metadata(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(None),
        Err(error) => return Err(Some(format!("{} can't be read: {error}", dir.display()))),
        Ok(found) => found,
    };
    // The folder for temporary files is everybody's: who made ours there could make us talk to what they like.
    if ![0, rustix::process::getuid().as_raw()].contains(&found.uid()) {
        return Err(Some(format!(
            "{} belongs to another user, so it is not trusted",
            dir.display()
        )));
    }
    let entries = std::fs::read_dir(dir)
        .map_err(|error| Some(format!("{} can't be read: {error}", dir.display())))?;
    // The type is the entry's own, not that of what a link leads to.
    let is_socket =
        |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_socket());
    Ok(entries
        .flatten()
        .filter(is_socket)
        .filter_map(|entry| Some((place::pid_of(&entry.path())?, entry.path())))
        .collect())
}

async fn ask(pid: u32, socket: &Path) -> Option<Answer> {
    let address = Address::Socket(socket.to_owned());
    let lives = is_ours(&Path::new("/proc").join(pid.to_string()));
    let mut asked = timeout(ANSWER_WITHIN, connect(&address)).await;
    if lives && matches!(asked, Ok(Err(ConnectError::Refused(_)))) {
        sleep(LISTENS_WITHIN).await;
        asked = timeout(ANSWER_WITHIN, connect(&address)).await;
    }
    Some(match asked {
        Ok(Ok(connection)) => Answer::Hello(Box::new(connection.hello)),
        // It stays: whoever lives under that number may be about to listen again.
        Ok(Err(ConnectError::Refused(_))) if lives => Answer::Gone,
        Ok(Err(ConnectError::Refused(_))) => {
            if is_ours(socket) {
                // Somebody else may have removed it in the meantime, which is as good.
                let _ = std::fs::remove_file(socket);
            }
            return None;
        }
        Ok(Err(ConnectError::NoSocket(_))) => return None,
        Ok(Err(ConnectError::NoPermission(_))) => Answer::NoPermission,
        Ok(Err(error @ (ConnectError::TooNew(_) | ConnectError::TooOld(_)))) => {
            Answer::Incompatible(error.to_string())
        }
        Ok(Err(ConnectError::Silent(_))) | Err(_) => Answer::Silent,
        Ok(Err(error)) => Answer::Odd(error.to_string()),
    })
}

fn is_ours(path: &Path) -> bool {
    std::fs::symlink_metadata(path)
        .is_ok_and(|found| found.uid() == rustix::process::getuid().as_raw())
}
