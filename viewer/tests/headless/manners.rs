//! What is expected of every command: help, pipes, terminals.

use std::process::Stdio;

use crate::command::{command, run};
use crate::target::{Target, until};
use crate::{dir, scenes};

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    for args in [&["tasks", "--format=json"][..], &["filters"], &["ls"]] {
        let mut started = command(env!("CARGO_BIN_EXE_taskscope").as_ref(), dir.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(started.stdout.take());
        until("its end", || {
            started.try_wait().expect("it is ours").is_some()
        });
        let output = started.wait_with_output().expect("its output");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{args:?}: {output:?}"
        );
    }
}

#[test]
fn a_screen_needs_a_terminal() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    run(dir.path(), &[]).failed(2, "`taskscope tasks`");
    run(dir.path(), &["demo"]).failed(2, "`taskscope demo --headless`");
}

#[test]
fn help_is_to_be_had() {
    let dir = dir();
    for args in [&["--help"][..], &["tasks", "--help"], &["help", "doctor"]] {
        let ran = run(dir.path(), args);
        assert!(
            ran.code == Some(0) && ran.stdout.contains("Examples:"),
            "{ran:?}"
        );
    }
    for args in [&["filters"][..], &["help", "filters"]] {
        let ran = run(dir.path(), args);
        assert!(
            ran.code == Some(0)
                && ran
                    .stdout
                    .contains("state:running busy>100ms loc:handler.rs"),
            "{ran:?}"
        );
    }
    for shell in ["bash", "zsh", "fish"] {
        let ran = run(dir.path(), &["completions", shell]);
        assert!(
            ran.code == Some(0) && ran.stdout.contains("taskscope"),
            "{ran:?}"
        );
    }
}
