//! The demo's process: found or built, started, and ended with us, however we end.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use taskscope_proto::place::socket_name;

use crate::cli::failure::Failure;
use crate::client::socket_dir;

/// The name of the demo's executable.
const NAME: &str = "demo";

/// It ends when its standard input does, of which we hold the other end: that closes though we be killed.
const TIED: &str = "--until-eof";

/// How often a process that was asked to end is looked at, and how many times before it is ended by force.
const LOOKS: (Duration, u32) = (Duration::from_millis(10), 100);

/// The running demo; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    /// What it prints goes here, so that it does not go to the screen.
    log: PathBuf,
    keep_log: bool,
}

impl Program {
    /// Starts the demo with these arguments.
    ///
    /// # Errors
    ///
    /// Where there is none, or it can't be built or started.
    pub(super) fn start(args: &[String]) -> Result<Self, Failure> {
        let executable = find()?;
        let (log, output) = log()?;
        let child = Command::new(&executable)
            .arg(TIED)
            .args(args)
            // A port that was meant for the app would be taken by the demo.
            .env_remove("TASKSCOPE_BIND")
            // Keys that end us are not for it: it is ended by us.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        match child {
            Ok(child) => Ok(Self {
                child,
                log,
                keep_log: false,
            }),
            Err(error) => {
                let _ = std::fs::remove_file(log);
                Err(Failure::Demo(format!(
                    "{} can't be started: {error}",
                    executable.display()
                )))
            }
        }
    }

    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, where it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// The failure, and where to read more about it.
    pub(super) fn explain(mut self, failure: Failure) -> Failure {
        self.keep_log = true;
        Failure::Demo(format!(
            "{failure}\nwhat the demo printed is in {}",
            self.log.display()
        ))
    }

    fn end(&mut self) -> io::Result<()> {
        // Asked first, so that it takes its socket away.
        if self.child.try_wait()?.is_none()
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        let (pause, looks) = LOOKS;
        for _ in 0..looks {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(pause);
        }
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // There is nobody left to tell, and nothing left to do, where one of these fails.
        let _ = self.end();
        let _ = std::fs::remove_file(socket_dir().join(socket_name(self.child.id())));
        if !self.keep_log {
            let _ = std::fs::remove_file(&self.log);
        }
    }
}

/// The demo's executable: beside ours, or built in the workspace that ours comes from.
fn find() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let beside = own.parent().unwrap_or(Path::new("."));
    let places = [
        beside.join(NAME),
        beside.join("examples").join(NAME),
        beside.join("../examples").join(NAME),
    ];
    if let Some(found) = places.into_iter().find(|place| place.is_file()) {
        return Ok(found);
    }
    build(beside)
}

fn build(beside: &Path) -> Result<PathBuf, Failure> {
    let missing = || {
        Failure::Demo(format!(
            "there is no program `{NAME}` beside {}: install it with `cargo install taskscope-examples --bin {NAME}`, or \
             run `cargo run -p taskscope-viewer -- demo` in a checkout",
            beside.display()
        ))
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or_else(missing)?;
    // A folder named as cargo names those of its profiles, in the folder for what it builds.
    let profile = beside
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(missing)?;
    let target = beside
        .parent()
        .filter(|dir| dir.join("CACHEDIR.TAG").is_file())
        .ok_or_else(missing)?;
    if !workspace.join("examples/Cargo.toml").is_file() {
        return Err(missing());
    }
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--package", "taskscope-examples", "--bin", NAME])
        .args([
            "--profile",
            if profile == "debug" { "dev" } else { profile },
        ])
        .arg("--target-dir")
        .arg(target)
        // The workspace's own flags count there: without them tokio says nothing.
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    match built {
        Ok(status) if status.success() => Ok(beside.join(NAME)),
        Ok(status) => Err(Failure::Demo(format!(
            "the demo could not be built ({status}); cargo says why above"
        ))),
        Err(_) => Err(missing()),
    }
}

/// A new file in the folder for temporary files, which is everybody's: one that is there already is not touched.
fn log() -> io::Result<(PathBuf, File)> {
    let own = std::process::id();
    let mut number = 0;
    loop {
        let path = std::env::temp_dir().join(format!("taskscope-demo-{own}-{number}.log"));
        match OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number += 1
            }
            opened => return opened.map(|file| (path, file)),
        }
    }
}
