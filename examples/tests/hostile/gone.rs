//! Programs that are killed, and readers that go away.

use std::process::Stdio;

use crate::{
    target::{Target, folder, until},
    viewer::{command, run},
};

#[test]
fn a_target_killed_while_it_tells_is_an_error_and_its_socket_is_cleared_away() {
    let dir = folder();
    let target = Target::start(env!("CARGO_BIN_EXE_idle"), "--tasks 200000", dir.path());
    let mut viewers: Vec<_> = (0..4)
        .map(|_| {
            command(dir.path(), &["tasks", target.address(), "--format", "json"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    // Whenever it is: before, while or after it tells.
    let socket = target.kill();
    for viewer in &mut viewers {
        until("the viewer's end", || viewer.try_wait().unwrap().is_some());
    }
    for viewer in viewers {
        let output = viewer.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => assert_eq!(said, ""),
            Some(3) => assert!(
                said.starts_with("error: ") && !said.contains("panicked"),
                "{said}"
            ),
            other => panic!("{other:?}: {said}"),
        }
    }
    assert!(socket.exists());
    let ran = run(dir.path(), &["ls"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!socket.exists(), "{ran:?}");
}

#[test]
fn a_socket_left_behind_is_cleared_away_by_the_next_program() {
    let dir = folder();
    let socket = Target::hostile("", dir.path()).kill();
    assert!(socket.exists());
    let ran = run(dir.path(), &["tasks", socket.to_str().unwrap()]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.contains("nobody listens"), "{ran:?}");
    let next = Target::hostile("", dir.path());
    until("the socket's end", || !socket.exists());
    assert_eq!(run(dir.path(), &["tasks"]).code, Some(0));
    next.ends_well();
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = folder();
    let target = Target::start(env!("CARGO_BIN_EXE_idle"), "--tasks 20000", dir.path());
    for args in [
        &["tasks"][..],
        &["tasks", "--format", "json"],
        &["doctor"],
        &["ls"],
    ] {
        let mut viewer = command(dir.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(viewer.stdout.take());
        until("the viewer's end", || viewer.try_wait().unwrap().is_some());
        let output = viewer.wait_with_output().unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{args:?}: {output:?}"
        );
    }
    drop(target);
}
