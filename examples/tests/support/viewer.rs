//! The viewer's binary: found or built, and run without a terminal.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    env::consts::EXE_SUFFIX,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{OnceLock, mpsc},
    time::SystemTime,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::target::DEADLINE;

/// Variables that would change what the viewer or a target does.
pub(crate) const VARIABLES: [&str; 13] = [
    "CARGO",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "TASKSCOPE",
    "TASKSCOPE_ALLOW_REMOTE",
    "TASKSCOPE_BIND",
    "TASKSCOPE_DIR",
    "TASKSCOPE_ENDED_BYTES",
    "TASKSCOPE_ENDED_SECONDS",
    "TASKSCOPE_NAME",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
];

/// The viewer, as it is in the sources: cargo builds it for the viewer's own tests, not for ours.
pub(crate) fn viewer() -> &'static Path {
    static VIEWER: OnceLock<PathBuf> = OnceLock::new();
    VIEWER.get_or_init(|| {
        let profile = Path::new(env!("CARGO_BIN_EXE_hello")).parent().unwrap();
        let viewer = profile.join(format!("taskscope{EXE_SUFFIX}"));
        if modified(&viewer) < newest_source() {
            build(profile);
        }
        viewer
    })
}

fn build(profile: &Path) {
    let name = profile.file_name().unwrap().to_str().unwrap();
    let ended = Command::new(env!("CARGO"))
        .args(["build", "-p", "taskscope-viewer", "--bin", "taskscope"])
        .args(["--profile", if name == "debug" { "dev" } else { name }])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(ended.success(), "the viewer can't be built: {ended}");
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// When something of which the viewer is made was last changed.
fn newest_source() -> Option<SystemTime> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<_> = ["viewer/src", "model/src", "proto/src"]
        .map(|folder| workspace.join(folder))
        .into();
    let mut newest = modified(&workspace.join("viewer/Cargo.toml"));
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                newest = newest.max(modified(&entry.path()));
            }
        }
    }
    newest
}

/// What a run led to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The command `taskscope ARGS` in a plain environment, with the sockets in `dir`.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(viewer());
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
        .args(args)
        .env("TASKSCOPE_DIR", dir)
        .stdin(Stdio::null());
    command
}

/// Runs `taskscope ARGS` to its end.
#[track_caller]
pub(crate) fn run(dir: &Path, args: &[&str]) -> Ran {
    run_command(command(dir, args))
}

/// Runs a command to its end, and kills it where that does not come.
#[track_caller]
pub(crate) fn run_command(mut command: Command) -> Ran {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(DEADLINE) else {
        let _ = kill_process(pid, Signal::KILL);
        panic!("{command:?} hangs");
    };
    let output = output.unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The characters of a text that a terminal would take for commands, or that make it show something else.
pub(crate) fn commands(text: &str) -> Vec<char> {
    let hides = |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|c| (c.is_control() && *c != '\n') || hides(c))
        .collect()
}
