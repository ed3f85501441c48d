//! The socket of this process, in the folder for sockets; and what other processes left there.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use taskscope_proto::place;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::ServerError;

/// Bytes of a path that fit into a Unix socket's address, beside the 0 that ends it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LONGEST_PATH: usize = 107;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const LONGEST_PATH: usize = 103;

/// Entries of the folder that are looked at for leftovers.
const MOST_LEFTOVERS: usize = 100;

/// A socket of ours in the file system, removed when this is dropped.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    // Somebody else can have put another one in its place.
    device: u64,
    inode: u64,
    // A fork of this process has a copy of this, and no server.
    owner: u32,
}

impl SocketFile {
    /// Makes the socket of the process `pid` in `folder`, which is ready. Nobody but our user can connect to it, at no
    /// moment. A leftover of an earlier process of the same number is replaced.
    pub(super) fn bind(folder: &Path, pid: u32) -> Result<(Self, UnixListener), ServerError> {
        let path = folder.join(place::socket_name(pid));
        if path.as_os_str().len() > LONGEST_PATH {
            return Err(ServerError::PathTooLong {
                path,
                most: LONGEST_PATH,
            });
        }
        // A socket is born with the permissions that the process's umask leaves it, and the umask is not ours to change.
        // So it is born where only we can go, and moves out when it has its own permissions.
        let nursery = nursery(folder, pid);
        clear(&nursery);
        let made = Self::bind_in(&nursery, &path);
        clear(&nursery);
        made.map_err(|source| ServerError::Socket { path, source })
    }

    fn bind_in(nursery: &Path, path: &Path) -> io::Result<(Self, UnixListener)> {
        DirBuilder::new().mode(0o700).create(nursery)?;
        fs::set_permissions(nursery, Permissions::from_mode(0o700))?;
        let born = nursery.join("s");
        let listener = UnixListener::bind(&born)?;
        listener.set_nonblocking(true)?;
        fs::set_permissions(&born, Permissions::from_mode(0o600))?;
        let facts = fs::symlink_metadata(&born)?;
        fs::rename(&born, path)?;
        let file = Self {
            path: path.to_owned(),
            device: facts.dev(),
            inode: facts.ino(),
            owner: std::process::id(),
        };
        Ok((file, listener))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.owner != std::process::id() {
            return;
        }
        let facts = fs::symlink_metadata(&self.path);
        if facts.is_ok_and(|facts| (facts.dev(), facts.ino()) == (self.device, self.inode)) {
            // Where it can't be removed, it is a leftover that others recognize.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the socket of this process, for use at the process's exit. The socket of another process (that of our parent,
/// where we are a fork of it) is left alone.
pub(crate) fn remove_socket(path: &Path) {
    if place::pid_of(path) == Some(std::process::id()) {
        let _ = fs::remove_file(path);
    }
}

/// Removes the sockets of processes that are no more. Errors are left for the next process to meet.
pub(super) async fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().take(MOST_LEFTOVERS) {
        let path = entry.path();
        if let Some(pid) = nursed_pid(&path).filter(|pid| !lives(*pid)) {
            clear(&nursery(folder, pid));
        }
        if place::pid_of(&path).is_some_and(|pid| !lives(pid)) && refuses(&path).await {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Whether there is such a process, as far as we can see: it can also live where we see no processes of.
fn lives(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Whether nobody listens on this socket any more.
async fn refuses(path: &Path) -> bool {
    // A stopped process with a full queue of connections neither refuses nor accepts.
    let answer = timeout(Duration::from_millis(100), UnixStream::connect(path)).await;
    matches!(answer, Ok(Err(e)) if e.kind() == ErrorKind::ConnectionRefused)
}

/// Where the socket of a process is made. Its path is not longer than the socket's own.
fn nursery(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!(".{pid}"))
}

fn nursed_pid(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix('.')?.parse().ok()
}

fn clear(nursery: &Path) {
    // Mostly there is nothing to remove.
    let _ = fs::remove_file(nursery.join("s"));
    let _ = fs::remove_dir(nursery);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt;

    use super::*;

    /// A process id that no process has: larger than the kernel gives out.
    const NOBODY: u32 = 4_194_305;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_socket_is_for_us_alone_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, _listener) = SocketFile::bind(folder.path(), 42).expect("a socket");
        let facts = fs::symlink_metadata(file.path()).expect("there");
        assert!(facts.file_type().is_socket());
        assert_eq!(facts.mode() & 0o7777, 0o600);
        assert_eq!(names(folder.path()), ["42.sock"]);
        std::os::unix::net::UnixStream::connect(file.path()).expect("somebody listens");
        drop(file);
        assert_eq!(names(folder.path()), [] as [&str; 0]);
    }

    #[test]
    fn leftovers_of_the_same_number_are_replaced_and_not_removed_by_the_old_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("42.sock"), "").expect("a file in the way");
        let nursery = nursery(folder.path(), 42);
        fs::create_dir(&nursery).expect("a folder in the way");
        fs::write(nursery.join("s"), "").expect("a file in the way");
        let (old, _old_listener) = SocketFile::bind(folder.path(), 42).expect("a socket");
        let (new, _listener) = SocketFile::bind(folder.path(), 42).expect("another socket");
        drop(old);
        assert_eq!(names(folder.path()), ["42.sock"]);
        std::os::unix::net::UnixStream::connect(new.path()).expect("the new one listens");
    }

    #[test]
    fn a_path_that_is_too_long_is_refused_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = "n".repeat(LONGEST_PATH - folder.path().as_os_str().len() - "//42.sock".len());
        let long = folder.path().join(&name);
        fs::create_dir(&long).expect("a folder");
        SocketFile::bind(&long, 42).expect("it just fits");
        let error = SocketFile::bind(&long, 421).expect_err("it does not fit");
        assert!(
            error
                .to_string()
                .contains("set TASKSCOPE_DIR to a shorter path"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn only_dead_sockets_of_dead_processes_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: String| folder.path().join(name);
        let dead = |name: String| drop(UnixListener::bind(at(name)).expect("a socket"));
        let us = std::process::id();
        dead(place::socket_name(NOBODY));
        dead(place::socket_name(us));
        fs::create_dir(at(format!(".{}", NOBODY + 1))).expect("a folder");
        fs::create_dir(at(format!(".{us}"))).expect("a folder");
        fs::write(at("notes.txt".into()), "").expect("a file");
        // Of a process in another container, say.
        let _alive = UnixListener::bind(at(place::socket_name(NOBODY + 2))).expect("a socket");
        remove_leftovers(folder.path()).await;
        let mut left = vec![
            format!(".{us}"),
            place::socket_name(us),
            place::socket_name(NOBODY + 2),
            "notes.txt".into(),
        ];
        left.sort_unstable();
        assert_eq!(names(folder.path()), left);
    }

    #[test]
    fn only_our_own_socket_is_removed_at_exit() {
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, parents) = (
            folder.path().join(place::socket_name(std::process::id())),
            folder.path().join("1.sock"),
        );
        fs::write(&ours, "").expect("a file");
        fs::write(&parents, "").expect("a file");
        remove_socket(&ours);
        remove_socket(&parents);
        assert_eq!(names(folder.path()), ["1.sock"]);
    }
}
