//! The user's logs are the same with taskscope as without it, for many stacks of subscribers, while a viewer looks on.
//!
//! A stack is the global subscriber of its process, so this program starts itself anew for each: once with the stack
//! alone, once with taskscope around it. Without taskscope tokio's own spans and events are kept from
//! those stacks that would take them.

mod calls;
mod child;
mod foreign;
mod program;
mod quiet;
mod stacks;
#[path = "../support/viewer.rs"]
mod viewer;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use taskscope_proto::v1::WatchRequest;

use crate::child::{FLAVOR, OUTPUT, STACK, WITH_TASKSCOPE};

/// Runs the program under a stack in a process of its own. Gives what the stack put out.
fn run(stack: &str, flavor: &str, with_taskscope: bool) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("output");
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--ignored", "--exact", "child", "--nocapture"])
        .env(STACK, stack)
        .env(FLAVOR, flavor)
        .env(OUTPUT, &output)
        .env("TASKSCOPE_DIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if with_taskscope {
        command.env(WITH_TASKSCOPE, "1");
    }
    let mut child = command.spawn().expect("a child process");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut say = |word: &str| writeln!(stdin, "{word}").expect("the child listens");
    let ready = next_word(&mut lines, "ready");
    if with_taskscope {
        let ran = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                next_word(&mut lines, "ran");
                ran.store(true, SeqCst);
            });
            let mut updates = 0;
            viewer::on_a_thread_of_its_own(async || {
                let request = WatchRequest {
                    interval_ms: 10,
                    ..WatchRequest::default()
                };
                let mut client = viewer::connect(&PathBuf::from(&ready)).await;
                viewer::watch_until(&mut client, request, |world| {
                    if updates == 0 {
                        say("go");
                    }
                    updates += 1;
                    let totals = world.totals();
                    // The server had something to say while the program ran and after.
                    ran.load(SeqCst) && totals.spawned > 10 && totals.live() == 0
                })
                .await
            });
        });
    } else {
        say("go");
        next_word(&mut lines, "ran");
    }
    say("end");
    let status = child.wait().expect("the child ends");
    assert!(status.success(), "{stack}: {status}");
    fs::read_to_string(output).expect("the child's output")
}

/// Waits for a line of the child's that begins with a word; gives the rest of it.
fn next_word(lines: &mut impl Iterator<Item = std::io::Result<String>>, word: &str) -> String {
    let mut seen = Vec::new();
    for line in lines {
        let line = line.expect("the child's words are text");
        if let Some(rest) = line.strip_prefix(word) {
            return rest.trim().to_owned();
        }
        seen.push(line);
    }
    panic!("the child ended before it said `{word}`: {seen:#?}");
}

/// What differs from run to run.
fn without_times(text: &str) -> String {
    let begins = [
        "time.busy=",
        "time.idle=",
        "\"time.busy\":\"",
        "\"time.idle\":\"",
        "\"timestamp\":\"",
        "at=",
    ];
    let mut masked = text.to_owned();
    for begin in begins {
        let mut parts = masked.split(begin);
        let mut next = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part
                .find(|c: char| c.is_whitespace() || c == '"' || c == '}')
                .unwrap_or(part.len());
            next.push_str(begin);
            next.push_str(&part[end..]);
        }
        masked = next;
    }
    masked
}

fn same_with_and_without(stack: &str) {
    for flavor in ["current_thread", "multi_thread"] {
        let bare = without_times(&run(stack, flavor, false));
        let scoped = without_times(&run(stack, flavor, true));
        for (n, (bare, scoped)) in bare.lines().zip(scoped.lines()).enumerate() {
            assert_eq!(bare, scoped, "{stack}, {flavor}: line {n}");
        }
        assert_eq!(bare.len(), scoped.len(), "{stack}, {flavor}");
        assert!(bare.contains("the end"), "{bare}");
        for word in ["runtime.", "h2::", "hyper", "taskscope", "tokio::"] {
            assert!(
                !scoped.contains(word),
                "{stack}, {flavor}: {word}: {scoped}"
            );
        }
    }
}

macro_rules! stacks {
    ($($stack:ident),* $(,)?) => {$(
        #[test]
        fn $stack() {
            same_with_and_without(stringify!($stack));
        }
    )*};
}

stacks!(
    plain,
    timed,
    global_env_filter,
    filters_per_layer,
    level_filter,
    json,
    fmt_subscriber,
    every_callback,
    span_trace,
    reload,
    reload_per_layer,
    max_level_hint,
    random_ids,
    log_records,
);

/// Not a test by itself: see [`run`].
#[test]
#[ignore = "the other tests run it as a child process"]
fn child() {
    child::run();
}
