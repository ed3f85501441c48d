//! Runs the real binary.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};

use crate::target::DEADLINE;

/// What a run of the binary led to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts that it failed with this code and said this, without a screenful of it.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.stderr.contains(words), "{words:?} is not in {self:?}");
        assert!(
            self.stderr.starts_with("error: ") && self.stderr.len() < 2000,
            "{self:?}"
        );
        assert!(
            !self.stderr.contains(|c: char| c.is_control() && c != '\n'),
            "{self:?}"
        );
        assert_eq!(self.stdout, "");
    }
}

/// Runs `taskscope ARGS`, with the sockets in `dir`.
#[track_caller]
pub(crate) fn run(dir: &Path, args: &[&str]) -> Ran {
    run_with(command(
        Path::new(env!("CARGO_BIN_EXE_taskscope")),
        dir,
        args,
    ))
}

/// The command `executable ARGS` in a plain environment.
pub(crate) fn command(executable: &Path, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(executable);
    command
        .args(args)
        .stdin(Stdio::null())
        .env("TASKSCOPE_DIR", dir);
    for variable in ["COLUMNS", "NO_COLOR", "TASKSCOPE_BIND", "CARGO"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command, and kills it where it takes too long.
#[track_caller]
pub(crate) fn run_with(mut command: Command) -> Ran {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let pid = Pid::from_raw(child.id() as i32).expect("a process id");
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = ended.recv_timeout(DEADLINE) else {
        let _ = kill_process(pid, Signal::KILL);
        panic!("{command:?} hangs");
    };
    let output = output.expect("its output can be read");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("it prints text"),
        stderr: String::from_utf8(output.stderr).expect("it prints text"),
    }
}
