//! Runs one process of one variant, and reads what it prints.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use crate::{
    args::{Args, Viewer},
    build::Subjects,
    variant::Variant,
    watch::{Watch, Watched},
};

/// One operation in one process.
#[derive(Clone, Debug)]
pub(crate) struct Speed {
    /// What was measured.
    pub(crate) variant: Variant,
    /// `current` or `multi`.
    pub(crate) runtime: String,
    /// The operation's name.
    pub(crate) op: String,
    /// Which round the process belonged to.
    pub(crate) round: usize,
    /// Nanoseconds per operation on the wall clock.
    pub(crate) wall: f64,
    /// Nanoseconds of CPU time of the measuring thread per operation; means something on `current` alone.
    pub(crate) thread: f64,
    /// Nanoseconds of CPU time of the whole process per operation.
    pub(crate) cpu: f64,
}

/// One process with many idle tasks.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// What was measured.
    pub(crate) variant: Variant,
    /// How many tasks were alive.
    pub(crate) tasks: u64,
    /// Which round the process belonged to.
    pub(crate) round: usize,
    /// What a viewer did meanwhile; `None` if there was none.
    pub(crate) watched: Option<Watched>,
    /// Resident bytes per task at the end of the rest.
    pub(crate) bytes: f64,
    /// Resident bytes per task, at most, during the rest.
    pub(crate) most: f64,
    /// How long it took to spawn them all, in milliseconds of wall time.
    pub(crate) spawn: f64,
}

/// Measures every operation of `ops` in one process.
pub(crate) fn speed(
    subjects: &Subjects,
    variant: Variant,
    runtime: &str,
    ops: &[String],
    round: usize,
) -> Result<Vec<Speed>, String> {
    let list = ops.join(",");
    let mut process = Process::start(subjects, variant, &["ops", variant.name(), runtime, &list])?;
    let mut speeds = Vec::new();
    while let Some(line) = process.line()? {
        speeds.push(Speed {
            variant,
            runtime: runtime.into(),
            op: text(&line, "op")?.into(),
            round,
            wall: number(&line, "wall_ns")?,
            thread: number(&line, "thread_ns")?,
            cpu: number(&line, "cpu_ns")?,
        });
    }
    process.finish()?;
    if speeds.len() == ops.len() {
        Ok(speeds)
    } else {
        Err(format!(
            "`{variant}` measured {} of {} operations",
            speeds.len(),
            ops.len()
        ))
    }
}

/// Measures memory in one process, with `viewer` run beside it from when all tasks are there.
pub(crate) fn memory(
    subjects: &Subjects,
    variant: Variant,
    tasks: u64,
    round: usize,
    args: &Args,
    viewer: Option<&Viewer>,
) -> Result<Memory, String> {
    let settle = args.settle.as_millis().to_string();
    let words = [
        "memory",
        variant.name(),
        "current",
        &tasks.to_string(),
        &settle,
    ];
    let mut process = Process::start(subjects, variant, &words)?;
    let mut watch = None;
    while let Some(line) = process.line()? {
        if line.starts_with("ready") {
            watch = viewer.map(|viewer| Watch::start(viewer, process.child.id()));
            continue;
        }
        let watched = watch.take().map(Watch::stop).transpose()?;
        if let Some(watched) = &watched {
            watched.proven()?;
        }
        let (before, count) = (number(&line, "before")?, tasks as f64);
        let memory = Memory {
            variant,
            tasks,
            round,
            watched,
            bytes: (number(&line, "after")? - before) / count,
            most: (number(&line, "most")? - before) / count,
            spawn: number(&line, "spawn_ms")?,
        };
        process.finish()?;
        return Ok(memory);
    }
    process.finish()?;
    Err(format!("`{variant}` said nothing about its memory"))
}

/// A measured program that is running; ended when dropped.
struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    variant: Variant,
}

impl Process {
    fn start(subjects: &Subjects, variant: Variant, words: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(subjects.binary(variant)?);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        // The defaults are what is measured.
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if ["TASKSCOPE_", "TOKIO_CONSOLE_", "RUST_LOG"]
                .iter()
                .any(|start| name.starts_with(start))
            {
                command.env_remove(&key);
            }
        }
        let mut child = command
            .spawn()
            .map_err(|error| format!("`{variant}` does not start: {error}"))?;
        let output = child
            .stdout
            .take()
            .ok_or("a pipe was asked for, and there is none")?;
        Ok(Self {
            child,
            lines: BufReader::new(output).lines(),
            variant,
        })
    }

    fn line(&mut self) -> Result<Option<String>, String> {
        self.lines
            .next()
            .transpose()
            .map_err(|error| format!("what `{}` prints can't be read: {error}", self.variant))
    }

    fn finish(mut self) -> Result<(), String> {
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("`{}` failed: {status}", self.variant))
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Does nothing to one that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text<'a>(line: &'a str, key: &str) -> Result<&'a str, String> {
    line.split_whitespace()
        .filter_map(|word| word.split_once('='))
        .find_map(|(name, value)| (name == key).then_some(value))
        .ok_or_else(|| format!("`{key}` is missing from what a measured program printed: {line}"))
}

fn number(line: &str, key: &str) -> Result<f64, String> {
    let value = text(line, key)?;
    value
        .parse()
        .map_err(|_| format!("`{key}` is no number in what a measured program printed: {line}"))
}
