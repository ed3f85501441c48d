//! Runs a viewer beside a measured process, again and again, until told to stop.

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::args::Viewer;

/// How often a running viewer is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Between one run's end and the next.
const PAUSE: Duration = Duration::from_millis(200);

/// What the viewer did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    /// Runs that ended well.
    pub(crate) succeeded: u32,
    /// Runs that ended otherwise: if there are any, the figure is not one with a viewer.
    pub(crate) failed: u32,
    /// Whether a run was still going when the measurement ended.
    pub(crate) interrupted: bool,
    /// What the last failure printed.
    pub(crate) complaint: Option<String>,
}

impl Watched {
    /// Fails if no viewer watched: the figure would be one without.
    pub(crate) fn proven(&self) -> Result<(), String> {
        if self.succeeded > 0 || (self.interrupted && self.failed == 0) {
            return Ok(());
        }
        let said = self
            .complaint
            .as_deref()
            .unwrap_or("it was not run at all; give a longer --settle");
        Err(format!("the viewer never watched: {said}"))
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs done, {} failed", self.succeeded, self.failed)?;
        if self.interrupted {
            f.write_str(", one still running at the end")
        } else {
            Ok(())
        }
    }
}

/// The program that this names. cargo runs a benchmark in the folder of its package; what is written on the command line is
/// meant from that of the workspace.
fn program(path: &str) -> PathBuf {
    match path.contains('/') {
        true => Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path),
        false => path.into(),
    }
}

/// A viewer that is being run.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Watched, String>>,
}

impl Watch {
    /// Starts `viewer` on the process `pid`.
    pub(crate) fn start(viewer: &Viewer, pid: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut command = Command::new(program(&viewer.path));
        command
            .args(
                viewer
                    .args
                    .iter()
                    .map(|arg| arg.replace("{pid}", &pid.to_string())),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let thread = thread::spawn({
            let stop = Arc::clone(&stop);
            move || run(command, &stop)
        });
        Self { stop, thread }
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Result<Watched, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| "the thread that runs the viewer died")?
    }
}

fn run(mut command: Command, stop: &AtomicBool) -> Result<Watched, String> {
    let mut watched = Watched::default();
    while !stop.load(Ordering::Relaxed) {
        let mut child = command.spawn().map_err(|error| {
            format!(
                "the viewer {:?} does not start: {error}",
                command.get_program()
            )
        })?;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if stop.load(Ordering::Relaxed) {
                watched.interrupted = true;
                let _ = child.kill();
                let _ = child.wait();
                return Ok(watched);
            }
            thread::sleep(LOOK);
        };
        if status.success() {
            watched.succeeded += 1;
        } else {
            watched.failed += 1;
            let mut said = String::new();
            if let Some(mut errors) = child.stderr.take() {
                let _ = errors.read_to_string(&mut said);
            }
            watched.complaint = Some(format!("{status}: {}", said.trim()));
        }
        thread::sleep(PAUSE);
    }
    Ok(watched)
}
