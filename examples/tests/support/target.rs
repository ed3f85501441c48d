//! A running program that can be watched, and that is asked whether it goes on.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::viewer::VARIABLES;

/// Longer than anything here takes, and shorter than anybody's patience.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for a condition.
#[track_caller]
#[allow(clippy::disallowed_methods)] // a deadline
pub(crate) fn until(what: &str, mut met: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !met() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A folder for sockets.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A running program; killed when dropped.
pub(crate) struct Target {
    child: Child,
    answers: Receiver<String>,
    /// Where its socket is to be.
    pub(crate) socket: PathBuf,
}

impl Target {
    /// Starts one, and waits until it can be watched.
    #[track_caller]
    pub(crate) fn start(program: &str, arguments: &str, dir: &Path) -> Self {
        let target = Self::spawn(command(program, arguments, dir), dir);
        until("its socket", || UnixStream::connect(&target.socket).is_ok());
        target
    }

    /// The example `hostile`.
    #[track_caller]
    pub(crate) fn hostile(arguments: &str, dir: &Path) -> Self {
        Self::start(env!("CARGO_BIN_EXE_hostile"), arguments, dir)
    }

    /// The example `hello`.
    #[track_caller]
    pub(crate) fn hello(dir: &Path) -> Self {
        Self::start(env!("CARGO_BIN_EXE_hello"), "", dir)
    }

    /// Starts one that perhaps can't be watched.
    #[track_caller]
    pub(crate) fn spawn(mut command: Command, dir: &Path) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, answers) = channel();
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            socket: dir.join(format!("{}.sock", child.id())),
            child,
            answers,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address of its socket, for a command line.
    pub(crate) fn address(&self) -> &str {
        self.socket.to_str().unwrap()
    }

    /// Asks it, and returns its answer: only for those that answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, question: &str) -> String {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{question}").unwrap();
        self.line()
    }

    /// The next line that it prints.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        self.answers.recv_timeout(DEADLINE).expect("it answers")
    }

    /// What taskscope says of itself in there.
    #[track_caller]
    pub(crate) fn status(&mut self) -> Value {
        serde_json::from_str(&self.ask("status")).unwrap()
    }

    /// What does not go as it should, as taskscope says in there.
    #[track_caller]
    pub(crate) fn problems(&mut self) -> Vec<String> {
        let status = self.status();
        let problems = status["problems"].as_array().unwrap();
        problems
            .iter()
            .map(|problem| problem.as_str().unwrap().to_owned())
            .collect()
    }

    /// Makes sure that it does its work.
    #[track_caller]
    pub(crate) fn goes_on(&mut self) {
        let rounds = |target: &mut Self| target.ask("rounds").parse::<u64>().unwrap();
        let before = rounds(self);
        until("the target's own work", || rounds(self) > before + 20);
    }

    /// Makes sure that it does its work, and then ends by itself and well.
    #[track_caller]
    pub(crate) fn ends_well(mut self) {
        self.goes_on();
        writeln!(self.child.stdin.as_mut().unwrap(), "quit").unwrap();
        let status = self.wait();
        assert!(status.success(), "{status}");
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        until("the target's end", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Ends it without giving it time for anything.
    pub(crate) fn kill(mut self) -> PathBuf {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.socket.clone()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command `program arguments` in a plain environment, with the sockets in `dir`.
pub(crate) fn command(program: &str, arguments: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
        .args(arguments.split_whitespace())
        .env("TASKSCOPE_DIR", dir);
    command
}
