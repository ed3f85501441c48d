//! What the figures were measured on: a figure without its machine says little.

use std::{fs, path::Path, process::Command, thread};

/// Two lines: the machine, and the versions.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let mut lines = format!(
        "{}, {cores} cores, {:.0} GB, Linux {}, load {} at the start  \n{}",
        cpu(),
        memory("MemTotal").unwrap_or_default() as f64 / 1e9,
        first_word("/proc/sys/kernel/osrelease"),
        first_word("/proc/loadavg"),
        rustc()
    );
    for name in ["tokio", "tracing", "console-subscriber"] {
        if let Some(version) = locked(name) {
            lines.push_str(&format!(", {name} {version}"));
        }
    }
    lines
}

/// Bytes that a new process could take without anyone swapping.
pub(crate) fn available_memory() -> Option<u64> {
    memory("MemAvailable")
}

fn memory(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with(field))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

fn cpu() -> String {
    fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| format!("an unnamed {} CPU", std::env::consts::ARCH))
}

fn first_word(path: &str) -> String {
    fs::read_to_string(path)
        .ok()
        .and_then(|text| Some(text.split_whitespace().next()?.to_owned()))
        .unwrap_or_else(|| "unknown".into())
}

fn rustc() -> String {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "rustc unknown".into(), |text| text.trim().to_owned())
}

/// The version that the measured programs were built with.
fn locked(name: &str) -> Option<String> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/Cargo.lock");
    let text = fs::read_to_string(lock).ok()?;
    let mut lines = text
        .lines()
        .skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1)?;
    Some(
        version
            .strip_prefix("version = ")?
            .trim_matches('"')
            .to_owned(),
    )
}
