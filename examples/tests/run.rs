//! The examples, run for real: each ends by itself or when told to, and says what it should.

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Far longer than anything here takes; the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running example; killed when dropped.
struct Example {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Example {
    fn start(program: &str, arguments: &str) -> Self {
        let mut child = Command::new(program)
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines
            .next()
            .expect("it ended without another line")
            .unwrap()
    }

    fn terminate(&self) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// The lines that are left, and how it ended.
    #[allow(clippy::disallowed_methods)] // a deadline
    fn end(mut self) -> (Vec<String>, ExitStatus) {
        let lines = self.lines.by_ref().map(Result::unwrap).collect();
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (lines, status);
            }
            assert!(Instant::now() < deadline, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it to its end, which must be a good one.
fn run(program: &str, arguments: &str) -> Vec<String> {
    let (lines, status) = Example::start(program, arguments).end();
    assert!(
        status.success(),
        "{program} {arguments}: {status}, {lines:?}"
    );
    lines
}

fn load(arguments: &str) -> (Value, ExitStatus) {
    let (lines, status) = Example::start(env!("CARGO_BIN_EXE_load"), arguments).end();
    (serde_json::from_str(&lines.concat()).unwrap(), status)
}

#[test]
fn hello_ends_by_itself_and_says_nothing() {
    assert!(run(env!("CARGO_BIN_EXE_hello"), "--for 1s").is_empty());
}

#[test]
fn demo_serves_its_own_customers_on_both_runtimes() {
    for runtime in ["current", "multi --workers 2"] {
        let arguments =
            format!("--for 2500ms --clients 10 --rate 300 --verbose --runtime {runtime}");
        let lines = run(env!("CARGO_BIN_EXE_demo"), &arguments);
        // "N requests: N items loaded, N orders, N refused, N reports"
        let sum = |word: &str| -> u64 {
            let counts = lines.iter().filter_map(|line| {
                let (before, _) = line.split_once(word)?;
                before
                    .rsplit([' ', ','])
                    .find(|text| !text.is_empty())?
                    .parse::<u64>()
                    .ok()
            });
            counts.sum()
        };
        assert!(sum(" requests") > 100, "{runtime}: {lines:?}");
        assert!(sum(" items loaded") > 10, "{runtime}: {lines:?}");
        assert!(sum(" orders") > 10, "{runtime}: {lines:?}");
        assert_eq!(sum(" refused"), 0, "{runtime}: {lines:?}");
    }
}

#[test]
fn demo_is_quiet_and_ends_when_told_to() {
    let lines = run(env!("CARGO_BIN_EXE_demo"), "--for 500ms");
    assert!(lines.is_empty(), "{lines:?}");

    let mut demo = Example::start(env!("CARGO_BIN_EXE_demo"), "--verbose");
    demo.line();
    demo.terminate();
    let (_, status) = demo.end();
    assert!(status.success(), "{status}");
}

#[test]
fn demo_is_loaded_from_another_process() {
    let mut demo = Example::start(env!("CARGO_BIN_EXE_demo"), "--no-load --verbose");
    let listening = demo.line();
    let url = listening.strip_prefix("listening on ").unwrap();

    let (outcome, status) = load(&format!(
        "{url}/items/7 --clients 4 --rate 200 --for 1s --json"
    ));
    assert!(status.success(), "{outcome}");
    let requests = outcome["requests"].as_u64().unwrap();
    assert!(
        (20..=205).contains(&requests),
        "200 a second were due: {outcome}"
    );
    assert_eq!(
        (&outcome["errors"], &outcome["refused"]),
        (&0.into(), &0.into()),
        "{outcome}"
    );
    assert!(outcome["p50_us"].as_u64() >= Some(1), "{outcome}");
    assert!(
        outcome["max_us"].as_u64() >= outcome["p99_us"].as_u64(),
        "{outcome}"
    );

    let (outcome, _) = load(&format!(
        "{url}/nowhere --clients 2 --rate 50 --for 300ms --json"
    ));
    assert!(outcome["requests"].as_u64() > Some(0), "{outcome}");
    assert_eq!(outcome["refused"], outcome["requests"], "{outcome}");

    demo.terminate();
    let (_, status) = demo.end();
    assert!(status.success(), "{status}");
}

#[test]
fn load_fails_and_says_why_if_nobody_answers() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let (outcome, status) = load(&format!(
        "http://127.0.0.1:{port}/ --clients 2 --for 300ms --json"
    ));
    assert_eq!(status.code(), Some(1));
    assert!(outcome["errors"].as_u64() > Some(0), "{outcome}");
    assert!(
        outcome["last_error"]
            .as_str()
            .unwrap()
            .contains("is the server running?"),
        "{outcome}"
    );
}

#[test]
fn idle_sleeps_or_wakes_and_ends() {
    for arguments in [
        "",
        "--every 100ms",
        "--every 100ms --runtime current",
        "--plain",
    ] {
        let arguments = format!("--tasks 2000 --rss --for 1200ms {arguments}");
        let lines = run(env!("CARGO_BIN_EXE_idle"), &arguments);
        assert!(lines[0].starts_with("2000 tasks spawned in "), "{lines:?}");
        let rss = lines
            .iter()
            .filter(|line| line.starts_with("rss_bytes="))
            .count();
        assert!(rss >= 1, "{lines:?}");
    }
}

#[test]
fn burst_counts_every_task() {
    for runtime in ["current", "multi"] {
        let arguments = format!("--tasks 20000 --yields 2 --for 1s --runtime {runtime}");
        let lines = run(env!("CARGO_BIN_EXE_burst"), &arguments);
        let totals: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        let count = |key: &str| totals[key].as_u64().unwrap();
        assert!(count("bursts") >= 1, "{totals}");
        assert_eq!(count("spawned"), count("bursts") * 20_000, "{totals}");
        assert_eq!(count("completed"), count("spawned"), "{totals}");
        assert_eq!(count("polls"), count("spawned") * 3, "{totals}");
        assert_eq!(count("self_wakes"), count("spawned") * 2, "{totals}");
    }
}
