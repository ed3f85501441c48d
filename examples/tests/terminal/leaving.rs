//! Every way out gives the terminal back, and where there is no terminal it is said.

use std::{fs, path::Path, process::Command};

use portable_pty::CommandBuilder;
use rustix::process::Signal;

use crate::{
    target::{Target, folder, until},
    terminal::{Terminal, plain, viewer_command},
    viewer::{command, run_command, viewer},
};

#[test]
fn keys_leave() {
    let dir = folder();
    let target = Target::hello(dir.path());
    for keys in ["q", "\u{3}", "?q", "jg\r\r\u{3}"] {
        let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
        terminal.is_taken();
        terminal.shows("postman");
        terminal.press(keys);
        let ended = terminal.end();
        assert!(ended.success(), "{keys:?}: {ended}");
        terminal.is_given_back();
    }
}

#[test]
fn signals_give_the_terminal_back() {
    let dir = folder();
    let target = Target::hello(dir.path());
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
        terminal.is_taken();
        terminal.shows("postman");
        terminal.signal(signal);
        terminal.end();
        terminal.is_given_back();
    }
}

#[test]
fn a_signal_before_anything_is_connected_gives_it_back_too() {
    let dir = folder();
    let mut terminal = Terminal::viewer(dir.path(), &["pid:4194305"]);
    terminal.shows("Not connected");
    terminal.signal(Signal::TERM);
    terminal.end();
    terminal.is_given_back();
}

/// In a shell with job control, as people have it.
#[test]
fn ctrl_z_suspends_and_fg_comes_back() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut shell = plain(CommandBuilder::new("bash"));
    shell.args(["--norc", "--noprofile", "--noediting", "-i"]);
    shell.env("PS1", "shell> ");
    shell.env("TASKSCOPE_DIR", dir.path());
    let mut terminal = Terminal::start(shell, 100, 30);
    terminal.shows("shell>");
    terminal.press(&format!(
        "{} {} --sort=-busy\n",
        viewer().display(),
        target.address()
    ));
    for _ in 0..2 {
        terminal.shows("postman");
        terminal.is_taken();
        terminal.press("\u{1a}");
        // The shell's own screen again, and it answers.
        let picture = terminal.shows("Stopped");
        assert!(!picture.alternate, "{picture}");
        terminal.is_given_back();
        terminal.press("echo still $((40 + 2))\n");
        terminal.shows("still 42");
        terminal.press("fg\n");
        terminal.wait("the viewer", |p| p.alternate && p.contains("postman"));
    }
    terminal.press("?");
    terminal.shows("─ help ─");
    terminal.press("q");
    terminal.is_given_back();
    terminal.press("echo ended with $?.\n");
    terminal.shows("ended with 0.");
    terminal.press("exit\n");
    terminal.end();
}

/// Without a shell nobody could wake it, so the system does not let it stop.
#[test]
fn ctrl_z_without_a_shell_changes_nothing() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("postman");
    terminal.press("\u{1a}?");
    terminal.shows("─ help ─");
    terminal.is_taken();
    terminal.quit();
}

#[test]
fn stopped_and_continued_by_others_it_takes_the_terminal_again() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("postman");
    terminal.signal(Signal::STOP);
    terminal.press("?");
    terminal.signal(Signal::CONT);
    terminal.shows("─ help ─");
    terminal.is_taken();
    terminal.quit();
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let cases: [&[&str]; 2] = [&[target.address()], &["demo"]];
    for args in cases {
        let ran = run_command(command(dir.path(), args));
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("needs a terminal"), "{ran:?}");
        assert!(ran.stdout.is_empty(), "{ran:?}");
    }
    // The one that is a terminal does not make up for the one that is none.
    for redirect in ["< /dev/null", "> out", "2> /dev/null | cat"] {
        let mut shell = plain(CommandBuilder::new("sh"));
        let script = format!(
            "cd {}; {} {} --sort=-busy {redirect}; echo ended with $?.",
            dir.path().display(),
            viewer().display(),
            target.address()
        );
        shell.args(["-c", &script]);
        shell.env("TASKSCOPE_DIR", dir.path());
        let mut terminal = Terminal::start(shell, 120, 20);
        let expected = if redirect.ends_with("cat") {
            "ended with 0."
        } else {
            "ended with 2."
        };
        terminal.shows(expected);
        terminal.end();
        let picture = terminal.is_given_back();
        assert!(
            !String::from_utf8(terminal.bytes())
                .unwrap()
                .contains("\u{1b}["),
            "{picture}"
        );
    }
}

#[test]
fn an_error_that_comes_before_the_screen_leaves_the_terminal_alone() {
    let dir = folder();
    let cases: [(&[&str], &str, u32); 5] = [
        (&[], "taskscope::init();", 3),
        (&["nonsense"], "neither a command", 2),
        (&["pid:1", "--filter", "nonsense:"], "nonsense", 2),
        (&["pid:1", "--sort", "colour"], "colour", 2),
        (&["pid:1", "--interval", "1"], "200ms", 2),
    ];
    for (args, says, code) in cases {
        let mut terminal = Terminal::viewer(dir.path(), args);
        assert_eq!(terminal.end().exit_code(), code, "{args:?}");
        terminal.shows(says);
        let picture = terminal.is_given_back();
        let written = terminal.bytes();
        let alternate = b"\x1b[?1049h";
        assert!(
            !written.windows(alternate.len()).any(|w| w == alternate),
            "{picture}"
        );
    }
}

#[test]
fn a_terminal_that_can_do_nothing_gets_something_sensible() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut command = viewer_command(dir.path(), &[target.address()]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::start(command, 100, 30);
    let picture = terminal.wait("an end in words", |p| p.contains("TERM"));
    assert!(picture.contains("taskscope tasks"), "{picture}");
    assert_eq!(terminal.end().exit_code(), 2);
    assert!(!terminal.bytes().contains(&0x1b));
}

/// Nothing is left to tell the demo: it has to see for itself.
#[test]
fn the_demo_does_not_outlive_a_viewer_that_is_killed() {
    let dir = folder();
    let mut terminal = Terminal::viewer(dir.path(), &["demo"]);
    terminal.shows("customer");
    let sockets = || fs::read_dir(dir.path()).unwrap().map(Result::unwrap);
    let socket = sockets().next().expect("the demo's").path();
    let pid = socket.file_stem().unwrap().to_owned();
    terminal.signal(Signal::KILL);
    terminal.end();
    until("the demo's end", || !Path::new("/proc").join(&pid).exists());
    assert_eq!(sockets().count(), 0, "it has tidied up");
}

#[test]
fn a_terminal_that_vanishes_ends_it() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut terminal = Terminal::viewer(dir.path(), &[target.address()]);
    terminal.shows("postman");
    terminal.hang_up();
}

/// Where the output is full, as a disk can be, it is an error and no hang.
#[test]
fn an_output_that_is_full_is_an_error() {
    let dir = folder();
    let target = Target::hello(dir.path());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec \"$@\" > /dev/full", "sh"])
        .arg(viewer())
        .args(["tasks", target.address()])
        .env("TASKSCOPE_DIR", dir.path());
    let ran = run_command(shell);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.stderr.starts_with("error: "), "{ran:?}");
}
