//! Where on a machine the sockets of instrumented processes are found.
//!
//! Each process has a Unix socket named `PID.sock` in one folder per user: `$TASKSCOPE_DIR` where that is set, otherwise
//! `$XDG_RUNTIME_DIR/taskscope`, otherwise `taskscope-UID` in the folder for temporary files. Both sides take the
//! environment and the user id as arguments, so that neither reads what the other would not.

use std::path::{Path, PathBuf};

/// The folder for the sockets of the user with the id `uid`. `env` looks up a variable of the environment; variables
/// that are empty count as not set.
///
/// ```
/// use std::path::Path;
/// use taskscope_proto::place::socket_dir;
///
/// let dir = socket_dir(|name| (name == "XDG_RUNTIME_DIR").then(|| "/run/user/1000".into()), 1000);
/// assert_eq!(dir, Path::new("/run/user/1000/taskscope"));
/// ```
pub fn socket_dir(env: impl Fn(&str) -> Option<std::ffi::OsString>, uid: u32) -> PathBuf {
    let var = |name| {
        env(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(dir) = var("TASKSCOPE_DIR") {
        return dir;
    }
    if let Some(dir) = var("XDG_RUNTIME_DIR") {
        return dir.join("taskscope");
    }
    var("TMPDIR")
        .unwrap_or_else(|| "/tmp".into())
        .join(format!("taskscope-{uid}"))
}

/// The name of the socket of the process `pid`, within the folder.
#[must_use]
pub fn socket_name(pid: u32) -> String {
    format!("{pid}.sock")
}

/// The process whose socket this is, by its name; `None` for a file that is no such socket.
#[must_use]
pub fn pid_of(socket: &Path) -> Option<u32> {
    socket
        .file_name()?
        .to_str()?
        .strip_suffix(".sock")?
        .parse()
        .ok()
}
