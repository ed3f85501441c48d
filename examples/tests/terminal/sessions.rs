//! Targets that are slow, lost, replaced, many, or none.

use std::{fs, net::TcpListener, os::unix::net::UnixListener, path::Path};

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, test_kill_process};
use taskscope_proto::v1;

use crate::{
    fake::Fake,
    target::{Target, command, folder, until},
    terminal::{Terminal, viewer_command},
    viewer::run,
};

/// A target that can be found at a port.
fn at_port(arguments: &str, dir: &Path, port: u16) -> Target {
    let program = env!("CARGO_BIN_EXE_idle");
    let mut command = command(program, arguments, dir);
    command.env("TASKSCOPE_BIND", format!("127.0.0.1:{port}"));
    Target::spawn(command, dir)
}

/// A port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn the_first_frame_waits_for_nobody() {
    let dir = folder();
    let socket = dir.path().join("1.sock");
    // Takes connections and says nothing.
    let listener = UnixListener::bind(&socket).unwrap();
    let mut terminal = Terminal::viewer(dir.path(), &[socket.to_str().unwrap()]);
    let picture = terminal.shows("Connecting to");
    assert!(picture.contains("connecting"), "{picture}");
    // It takes keys meanwhile.
    terminal.press("?");
    terminal.shows("─ help ─");
    terminal.press("\u{1b}");
    terminal.shows("says nothing");
    terminal.quit();
    drop(listener);
}

#[test]
fn a_target_that_is_killed_stays_on_the_screen() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("postman");
    target.kill();
    let lost = terminal.shows("NOT LIVE");
    assert!(
        lost.contains("postman") && lost.contains("not live"),
        "{lost}"
    );
    // The picture can still be walked through.
    terminal.press("j");
    terminal.wait("a selected row", |p| p.selected_id().is_some());
    terminal.press("\r");
    terminal.shows("─ task ─");
    terminal.press("\u{1b}");
    terminal.shows("─ tasks ─");
    terminal.press("g");
    terminal.shows("─ places ─");
    terminal.press("r");
    terminal.shows("NOT LIVE");
    terminal.quit();
}

#[test]
fn a_program_that_is_started_again_is_found_again() {
    let dir = folder();
    let first = Target::hello(dir.path());
    // Without an address, so the program is meant, not the process.
    let terminal = Terminal::viewer(dir.path(), &[]);
    terminal.shows("postman");
    first.kill();
    terminal.shows("has ended");
    let second = Target::hello(dir.path());
    let pid = format!("pid {}", second.pid());
    terminal.wait("the new process, live", |picture| {
        let text = picture.to_string();
        text.contains(&pid) && text.contains("postman") && !text.contains("NOT LIVE")
    });
    terminal.quit();
}

#[test]
fn a_target_that_starts_anew_is_another_session() {
    let dir = folder();
    let port = free_port();
    let first = at_port("--tasks 7", dir.path(), port);
    let address = format!("http://127.0.0.1:{port}");
    let mut terminal = Terminal::viewer(dir.path(), &[&address]);
    let before = terminal.shows("9 tasks");
    assert!(before.contains(&format!("pid {}", first.pid())), "{before}");
    first.kill();
    terminal.shows("NOT LIVE");
    let second = at_port("--tasks 3", dir.path(), port);
    // Sooner than it would by itself, where it has not yet.
    terminal.press("r");
    let after = terminal.wait("the new session", |p| {
        p.contains("5 tasks") && p.contains("· live ·")
    });
    assert!(after.contains(&format!("pid {}", second.pid())), "{after}");
    terminal.wait("the new tasks alone", |p| p.ids().len() == 5);
    terminal.quit();
}

#[test]
fn a_target_that_is_stopped_comes_back_without_a_loss() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("postman");
    target.signal(Signal::STOP);
    terminal.press("?");
    terminal.shows("─ help ─");
    target.signal(Signal::CONT);
    terminal.press("\u{1b}");
    terminal.wait("its tasks", |p| {
        p.contains("postman") && p.contains("· live ·")
    });
    terminal.quit();
}

#[test]
fn nobody_there_is_said_and_waited_for() {
    let dir = folder();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let stale = dir.path().join("4194305.sock");
    drop(UnixListener::bind(&stale).unwrap());
    let port = format!("127.0.0.1:{}", free_port());
    let cases = [
        (dir.path().join("none.sock"), "there is no socket"),
        (stale, "nobody listens"),
        (file, "is no socket"),
        (port.into(), "nobody listens"),
        ("pid:4194304".into(), "there is no socket"),
    ];
    for (address, says) in cases {
        let mut terminal = Terminal::viewer(dir.path(), &[address.to_str().unwrap()]);
        terminal.shows(says);
        terminal.press("jkG/x\ra?");
        terminal.shows("─ help ─");
        terminal.quit();
    }
}

#[test]
fn a_target_that_is_too_new_says_what_to_update() {
    let dir = folder();
    let hello = v1::HelloResponse {
        protocol_version: 99,
        ..Default::default()
    };
    let fake = Fake::start(dir.path(), hello);
    let terminal = Terminal::viewer(dir.path(), &[fake.address()]);
    terminal.shows("can't be watched");
    terminal.shows("version 99 of the protocol");
    terminal.quit();
}

#[test]
fn the_only_program_is_opened_and_of_several_one_is_picked() {
    let dir = folder();
    let hello = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[]);
    terminal.shows("postman");
    terminal.press("q");
    assert!(terminal.end().success());

    let idle = Target::start(env!("CARGO_BIN_EXE_idle"), "--tasks 7", dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[]);
    let picker = terminal.shows("Which program?");
    assert!(
        picker.contains(" hello") && picker.contains(" idle"),
        "{picker}"
    );
    // They are listed by their numbers.
    let wanted = idle.pid().to_string();
    terminal.press(if idle.pid() > hello.pid() { "G" } else { "Gg" });
    terminal.wait("the other one", |p| {
        p.rows
            .iter()
            .any(|row| row.starts_with('▸') && row.contains(&wanted))
    });
    terminal.press("\r");
    terminal.shows("9 tasks");
    terminal.is_taken();
    terminal.quit();

    for leave in ["q", "\u{1b}", "\u{3}"] {
        let mut terminal = Terminal::viewer(dir.path(), &[]);
        terminal.shows("Which program?");
        terminal.press(leave);
        assert!(terminal.end().success());
        terminal.is_given_back();
    }
    for signal in [Signal::TERM, Signal::HUP] {
        let mut terminal = Terminal::viewer(dir.path(), &[]);
        terminal.shows("Which program?");
        terminal.signal(signal);
        terminal.end();
        terminal.is_given_back();
    }
    drop(hello);
}

/// The process whose socket is in the folder, as soon as there is one.
fn started(dir: &Path) -> Pid {
    let mut found = None;
    until("the demo's socket", || {
        let files = fs::read_dir(dir).unwrap().flatten();
        found = files
            .filter_map(|file| {
                file.file_name()
                    .to_str()?
                    .strip_suffix(".sock")?
                    .parse()
                    .ok()
            })
            .next();
        found.is_some()
    });
    Pid::from_raw(found.unwrap()).unwrap()
}

fn is_gone(pid: Pid) -> bool {
    test_kill_process(pid).is_err()
}

#[test]
fn the_demo_comes_and_goes_with_the_viewer() {
    // By its key, by a signal, and by force, after which at least the terminal's hangup is heard.
    for signal in [None, Some(Signal::TERM), Some(Signal::HUP)] {
        let dir = folder();
        let mut terminal = Terminal::start(demo(dir.path()), 120, 40);
        terminal.shows("customers.rs:");
        let pid = started(dir.path());
        match signal {
            None => {
                terminal.press("q");
                assert!(terminal.end().success());
            }
            Some(signal) => {
                terminal.signal(signal);
                terminal.end();
            }
        }
        terminal.is_given_back();
        assert!(is_gone(pid), "{signal:?} leaves the demo behind");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            0,
            "{signal:?} leaves files behind"
        );
    }
}

fn demo(dir: &Path) -> CommandBuilder {
    let mut command = viewer_command(dir, &["demo"]);
    command.env("TMPDIR", dir);
    command
}

#[test]
fn the_demo_without_a_screen_prints_and_ends() {
    let dir = folder();
    let ran = run(dir.path(), &["demo", "--headless", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let tasks = ran.json();
    let tasks = tasks["tasks"].as_array().unwrap();
    assert!(
        tasks.iter().any(|task| task["name"] == "journal"),
        "{tasks:?}"
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "it leaves files behind"
    );
}
