//! `taskscope demo`: a program that is found, started, shown, and ended.

#[path = "support/command.rs"]
mod command;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/target.rs"]
mod target;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use command::{Ran, command, run_with};
use rustix::process::{Pid, Signal, kill_process};
use target::{Target, until};

/// A folder with the viewer, and a script beside it in place of the demo.
struct Place {
    dir: tempfile::TempDir,
    // A process that is started while a script is written keeps it open for a moment, and then it can't be run.
    _alone: MutexGuard<'static, ()>,
}

impl Place {
    fn with(script: Option<&str>) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().expect("a folder");
        let (built, here) = (
            env!("CARGO_BIN_EXE_taskscope"),
            dir.path().join("taskscope"),
        );
        // A link only works within one file system.
        std::fs::hard_link(built, &here)
            .or_else(|_| std::fs::copy(built, &here).map(drop))
            .expect("the viewer");
        if let Some(script) = script {
            let demo = dir.path().join("demo");
            std::fs::write(&demo, format!("#!/bin/sh\n{script}\n")).expect("it is written");
            std::fs::set_permissions(&demo, std::fs::Permissions::from_mode(0o700))
                .expect("it is ours");
        }
        Self { dir, _alone: alone }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn demo(&self, args: &[&str]) -> Ran {
        let mut command = command(
            &self.path().join("taskscope"),
            self.path(),
            &["demo", "--headless"],
        );
        command
            .args(args)
            .env("TMPDIR", self.path())
            .env("HERE", self.path());
        command.env("SERVE", std::env::current_exe().expect("this test"));
        run_with(command)
    }

    /// The files that are left, but for those that were put there.
    fn left(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.path())
            .expect("the folder")
            .flatten();
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names
            .filter(|name| name != "taskscope" && name != "demo")
            .collect()
    }
}

const SERVE: &str = "echo $$ > $HERE/pid; echo \"$@\" > $HERE/args
echo noise; echo noise >&2
exec \"$SERVE\" --exact stands_in_for_the_demo --ignored";

/// Not a test: the process that the script above becomes.
#[test]
#[ignore = "another test runs it as a process"]
fn stands_in_for_the_demo() {
    let dir = std::env::var("TASKSCOPE_DIR").expect("the folder for sockets");
    assert!(
        std::env::var_os("TASKSCOPE_BIND").is_none(),
        "no port is taken"
    );
    let _target = Target::start(dir.as_ref(), std::process::id(), scenes::shop());
    loop {
        std::thread::park();
    }
}

#[test]
fn it_is_started_shown_and_ended() {
    let place = Place::with(Some(SERVE));
    let ran = place.demo(&["--format=json", "--filter=tick", "--", "--tasks", "7"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(ran.json()["tasks"][0]["name"], "tick");
    let read =
        |name| std::fs::read_to_string(place.path().join(name)).expect("the script wrote it");
    assert_eq!(read("args"), "--until-eof --tasks 7\n");
    let pid = read("pid");
    assert!(
        !Path::new("/proc").join(pid.trim()).exists(),
        "{pid} lives on"
    );
    let mut left = place.left();
    left.sort();
    assert_eq!(left, ["args", "pid"]);
}

#[test]
fn one_that_fails_leaves_what_it_said() {
    let place = Place::with(Some("echo 'the port is in use' >&2; exit 9"));
    let ran = place.demo(&[]);
    ran.failed(3, "the demo ended at once (exit status: 9)");
    let log = ran.stderr.split_whitespace().last().expect("words");
    assert_eq!(
        std::fs::read_to_string(log).expect("the log"),
        "the port is in use\n"
    );
}

#[test]
fn without_one_it_is_said_where_to_have_it() {
    let place = Place::with(None);
    place
        .demo(&[])
        .failed(3, "there is no program `demo` beside");
}

/// The viewer while it waits for a demo that never answers, and the process id of that.
fn waiting(place: &Place) -> (Child, String) {
    let mut command = command(
        &place.path().join("taskscope"),
        place.path(),
        &["demo", "--headless"],
    );
    command
        .env("TMPDIR", place.path())
        .env("HERE", place.path());
    let viewer = command.stderr(Stdio::null()).spawn().expect("it starts");
    let mut pid = String::new();
    until("the demo", || {
        pid = std::fs::read_to_string(place.path().join("pid")).unwrap_or_default();
        !pid.is_empty()
    });
    (viewer, pid.trim().to_owned())
}

#[test]
fn it_ends_with_a_viewer_that_is_stopped() {
    let place = Place::with(Some(
        "echo $$ > $HERE/new; mv $HERE/new $HERE/pid; exec sleep 1000",
    ));
    let (mut viewer, pid) = waiting(&place);
    let own = Pid::from_raw(viewer.id() as i32).expect("a process id");
    kill_process(own, Signal::INT).expect("it runs");
    until("the end of the viewer", || {
        viewer.try_wait().expect("it is ours").is_some()
    });
    assert_eq!(viewer.wait().expect("it is ours").code(), Some(3));
    assert!(!Path::new("/proc").join(&pid).exists(), "{pid} lives on");
}

#[test]
fn it_learns_that_its_viewer_was_killed() {
    let place = Place::with(Some(
        "echo $$ > $HERE/new; mv $HERE/new $HERE/pid; cat; touch $HERE/heard",
    ));
    let (mut viewer, _) = waiting(&place);
    assert!(
        !place.path().join("heard").exists(),
        "the viewer lives: its end of the pipe is open"
    );
    viewer.kill().expect("it is ours");
    viewer.wait().expect("it is ours");
    until("the end of its input", || {
        place.path().join("heard").exists()
    });
}
