//! Environments and builds that keep stacks from being seen: the program runs on as ever, and it is said in words what is
//! missing, and why.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
use serde_json::Value;

use crate::{
    target::{Target, command, folder, until},
    viewer::run,
};

/// The example `hostile`, built as it is or otherwise, when it has begun its work.
fn begun(command: Command, dir: &Path) -> Target {
    let mut target = Target::spawn(command, dir);
    until("its socket", || target.socket.exists());
    target.goes_on();
    target
}

/// What `taskscope COMMAND` says of it: for people, and for programs.
#[track_caller]
fn says(target: &Target, dir: &Path, command: &str) -> (String, Value) {
    let text = run(dir, &[command, target.address()]);
    let json = run(dir, &[command, target.address(), "--format", "json"]);
    (text.stdout.clone(), json.json())
}

/// Makes sure that it tells its tasks, and at which lines none of them waits, for this reason.
#[track_caller]
fn has_no_stacks(mut target: Target, dir: &Path, why: &str) {
    let (text, doctor) = says(&target, dir, "doctor");
    let reason = doctor["setup"]["no_stacks"].as_str();
    assert!(
        reason.is_some_and(|reason| reason.contains(why)),
        "{doctor}"
    );
    assert!(text.contains(why), "{text}");
    let sources = doctor["sources"].as_array().unwrap();
    let proven = |name: &str| {
        sources
            .iter()
            .any(|s| s["name"] == name && s["active"] == true)
    };
    assert!(proven("tasks") && proven("permits") && !proven("stacks"));
    let (text, stacks) = says(&target, dir, "stacks");
    assert!(text.contains(why), "{text}");
    assert!(stacks["live"].as_u64() > Some(0), "{stacks}");
    assert!(target.problems().is_empty(), "{:?}", target.problems());
    target.ends_well();
}

/// The example `hostile`, cut down by `strip OPTION`, when it has begun its work.
fn stripped(option: &str, dir: &Path) -> Target {
    let copy = dir.join("stripped").to_str().unwrap().to_owned();
    let status = Command::new("strip")
        .args([option, "-o", &copy, env!("CARGO_BIN_EXE_hostile")])
        .status()
        .expect("strip comes with every compiler");
    assert!(status.success(), "{status}");
    begun(command(&copy, "", dir), dir)
}

/// The frames of all places at which tasks of `program` wait, when its stacks are named: functions and whether a line is
/// known.
fn frames(target: &Target, dir: &Path) -> Vec<(String, bool)> {
    let mut frames = Vec::new();
    until("the names of its stacks", || {
        let (_, stacks) = says(target, dir, "stacks");
        let groups = stacks["groups"].as_array().unwrap();
        let awaits = groups.iter().flat_map(|g| g["awaits"].as_array().unwrap());
        let found = awaits.flat_map(|await_| await_["frames"].as_array().unwrap());
        let found = found.map(|frame| {
            let function = frame["function"].as_str().unwrap();
            (function.to_owned(), !frame["line"].is_null())
        });
        frames = found.collect();
        !frames.is_empty()
    });
    frames
}

#[test]
fn a_stripped_program_tells_offsets() {
    let dir = folder();
    let target = stripped("--strip-all", dir.path());
    let (text, doctor) = says(&target, dir.path(), "doctor");
    assert_eq!(doctor["setup"]["debug_info"], "stripped");
    assert!(text.contains("strip = false"), "{text}");
    for (function, has_line) in frames(&target, dir.path()) {
        assert!(function.contains("stripped+0x") && !has_line, "{function}");
    }
    target.ends_well();
}

#[test]
fn a_program_without_debug_information_tells_functions() {
    let dir = folder();
    let target = stripped("--strip-debug", dir.path());
    let (text, doctor) = says(&target, dir.path(), "doctor");
    assert_eq!(doctor["setup"]["debug_info"], "symbols");
    assert!(text.contains("line-tables-only"), "{text}");
    let frames = frames(&target, dir.path());
    assert!(frames.iter().all(|(_, has_line)| !has_line), "{frames:?}");
    let known = |(function, _): &(String, bool)| function.contains("hostile::");
    assert!(frames.iter().any(known), "{frames:?}");
    target.ends_well();
}

#[test]
fn where_the_kernel_copies_no_memory_there_are_no_stacks() {
    let refused = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_process_vm_readv, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.cast_unsigned()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let filter = BpfProgram::try_from(refused.unwrap()).unwrap();
    let dir = folder();
    let path = dir.path().to_owned();
    // It holds for this thread, and for what it starts.
    let target = thread::spawn(move || {
        apply_filter(&filter).unwrap();
        begun(command(env!("CARGO_BIN_EXE_hostile"), "", &path), &path)
    });
    has_no_stacks(target.join().unwrap(), dir.path(), "process_vm_readv");
}

#[test]
fn without_proc_there_are_no_stacks() {
    // Within a name space of its own, where it is allowed.
    let hidden = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]);
        command
    };
    let hide = "mount -t tmpfs none /proc";
    let allowed = hidden(hide).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        eprintln!("left out: this system does not let us hide /proc");
        return;
    }
    let dir = folder();
    let mut command = hidden(&format!("{hide} && exec {}", env!("CARGO_BIN_EXE_hostile")));
    command.env("TASKSCOPE_DIR", dir.path());
    has_no_stacks(begun(command, dir.path()), dir.path(), "/proc/self/maps");
}

/// A program to which all real-time signals seem to be in use.
fn without_signals(program: &str, dir: &Path) -> Command {
    let signals: Vec<_> = (34..=64).map(|signal| signal.to_string()).collect();
    let mut outer = Command::new("sh");
    // What is ignored stays so in the program that takes the shell's place.
    let script = format!("trap '' {}; exec \"$0\"", signals.join(" "));
    outer.args(["-c", &script, program]);
    let inner = command(program, "", dir);
    let variables = inner
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.map(OsString::from)));
    for (name, value) in variables {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

#[test]
fn where_no_signal_is_free_only_polls_that_block_have_a_line() {
    let dir = folder();
    let target = begun(
        without_signals(env!("CARGO_BIN_EXE_hostile"), dir.path()),
        dir.path(),
    );
    let why = "no real-time signal is free";
    let (text, doctor) = says(&target, dir.path(), "doctor");
    let reason = doctor["setup"]["no_signals"].as_str();
    assert!(
        reason.is_some_and(|reason| reason.contains(why)),
        "{doctor}"
    );
    assert!(text.contains(why), "{text}");
    target.ends_well();

    let polls = [
        (env!("CARGO_BIN_EXE_long_poll_sleep"), "blocked", true),
        (env!("CARGO_BIN_EXE_long_poll_busy_loop"), "on-cpu", false),
    ];
    for (program, activity, seen) in polls {
        let target = Target::spawn(without_signals(program, dir.path()), dir.path());
        until("its socket", || target.socket.exists());
        let mut poll = Value::Null;
        until(activity, || {
            let (_, tasks) = says(&target, dir.path(), "tasks");
            let mut tasks = tasks["tasks"].as_array().unwrap().iter();
            let found = tasks.find(|task| task["poll"]["activity"] == activity);
            poll = found.map_or(Value::Null, |task| task["poll"].clone());
            !poll.is_null()
        });
        assert_eq!(poll["location"].is_string(), seen, "{poll}");
        let unknown = poll["unknown"].as_str().unwrap_or_default();
        assert_eq!(unknown.contains("not asked by a signal"), !seen, "{poll}");
    }
}
