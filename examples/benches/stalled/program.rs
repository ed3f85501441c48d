//! The program that is measured, and what it takes.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    thread,
};

use clap::ValueEnum as _;
use taskscope_examples::clock;
use taskscope_proto::place;
use tempfile::TempDir;

use crate::{Options, PATIENCE, STEP};

/// What the program says of its bursts.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Outcome {
    pub(crate) spawned: u64,
    pub(crate) completed: u64,
    pub(crate) seconds: f64,
}

/// `burst`, waiting for the word to begin; it is killed when dropped.
pub(crate) struct Program {
    child: Child,
    // Of the socket.
    folder: TempDir,
}

impl Program {
    pub(crate) fn start(options: &Options) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let name = options.runtime.to_possible_value();
        let runtime = name.as_ref().map_or("current", |name| name.get_name());
        let child = Command::new(env!("CARGO_BIN_EXE_burst"))
            .args(["--wait", "--hold", "5m", "--runtime", runtime])
            .args(["--tasks", &options.tasks.to_string()])
            .args(["--for", &format!("{}ms", options.duration.as_millis())])
            .env("TASKSCOPE_DIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let program = Self { child, folder };
        let (socket, start) = (program.socket(), clock::now());
        while !socket.exists() {
            if start.elapsed() > PATIENCE {
                return Err(io::Error::other(format!(
                    "burst made no socket at {}",
                    socket.display()
                )));
            }
            thread::sleep(STEP);
        }
        Ok(program)
    }

    pub(crate) fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join(place::socket_name(self.child.id()))
    }

    /// Lets the bursts begin.
    pub(crate) fn go(&mut self) -> io::Result<()> {
        match self.child.stdin.take() {
            Some(mut input) => input.write_all(b"\n"),
            None => Err(io::Error::other("burst was told to begin already")),
        }
    }

    /// Waits until the bursts are over.
    pub(crate) fn outcome(&mut self) -> io::Result<Outcome> {
        let printed = self.child.stdout.take();
        let printed =
            printed.ok_or_else(|| io::Error::other("burst has told its outcome already"))?;
        for line in BufReader::new(printed).lines() {
            if let Ok(outcome) = serde_json::from_str(&line?) {
                return Ok(outcome);
            }
        }
        Err(io::Error::other("burst ended without an outcome"))
    }

    /// Bytes, as Linux counts them.
    pub(crate) fn memory(&self, field: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| {
            io::Error::other(format!("the process's status says no {field}: {status:?}"))
        })
    }

    /// CPU time of its threads that live.
    pub(crate) fn cpu(&self) -> io::Result<Cpu> {
        let mut cpu = Cpu::default();
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let thread = thread?.path();
            // The first number is the time on a CPU.
            let schedstat = fs::read_to_string(thread.join("schedstat"))?;
            let first = schedstat.split_whitespace().next();
            let time: u64 = first.and_then(|time| time.parse().ok()).ok_or_else(|| {
                io::Error::other(format!("a thread's schedstat reads {schedstat:?}"))
            })?;
            let ours = fs::read_to_string(thread.join("comm"))?.starts_with("taskscope");
            *if ours { &mut cpu.ours } else { &mut cpu.own } += time;
        }
        Ok(cpu)
    }
}

/// CPU time of threads, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    /// Of the program's own.
    pub(crate) own: u64,
    /// Of taskscope's.
    pub(crate) ours: u64,
}

impl Cpu {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            own: self.own.saturating_sub(before.own),
            ours: self.ours.saturating_sub(before.ours),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // If it is gone already, so much the better.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
