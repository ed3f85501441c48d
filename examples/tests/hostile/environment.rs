//! Environments that make no sense or allow too little: the program runs on, and says what is wrong where it is asked.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _, path::Path};

use crate::{
    target::{Target, command, folder, until},
    viewer::run,
};

/// The example `hostile` with these variables, when it has begun its work.
fn with(dir: &Path, variables: &[(&str, &str)]) -> Target {
    let mut command = command(env!("CARGO_BIN_EXE_hostile"), "", dir);
    command.envs(variables.iter().copied());
    let mut target = Target::spawn(command, dir);
    target.goes_on();
    target
}

#[track_caller]
fn says(target: &mut Target, words: &str) {
    let problems = target.problems();
    let said = problems
        .iter()
        .filter(|problem| problem.contains(words))
        .count();
    assert_eq!(said, 1, "{words:?} in {problems:?}");
}

#[test]
fn a_port_in_use_leaves_the_socket() {
    let dir = folder();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut target = with(dir.path(), &[("TASKSCOPE_BIND", &address)]);
    says(&mut target, &format!("cannot listen on {address}"));
    assert_eq!(target.problems().len(), 1);
    assert!(target.status()["tcp"].is_null());
    assert_eq!(run(dir.path(), &["tasks"]).code, Some(0));
    target.ends_well();
}

#[test]
fn other_machines_are_let_in_by_words_alone() {
    let dir = folder();
    let bind = ("TASKSCOPE_BIND", "0.0.0.0:0");
    for consent in ["", "1", "yes"] {
        let mut target = with(dir.path(), &[bind, ("TASKSCOPE_ALLOW_REMOTE", consent)]);
        says(&mut target, "0.0.0.0:0 can be reached from other machines");
        assert!(target.status()["tcp"].is_null());
        target.ends_well();
    }
    let consent = ("TASKSCOPE_ALLOW_REMOTE", "anyone-may-read-this-process");
    let mut target = with(dir.path(), &[bind, consent]);
    let status = target.status();
    let port = status["tcp"].as_str().unwrap().rsplit_once(':').unwrap().1;
    let ran = run(dir.path(), &["tasks", &format!("127.0.0.1:{port}")]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    target.ends_well();
}

#[test]
fn nonsense_in_every_variable_is_told_and_left_out() {
    let dir = folder();
    let nonsense = "\u{1b}[31mperhaps\n-1";
    let variables = [
        "TASKSCOPE",
        "TASKSCOPE_BIND",
        "TASKSCOPE_ALLOW_REMOTE",
        "TASKSCOPE_ENDED_SECONDS",
        "TASKSCOPE_ENDED_BYTES",
    ];
    let mut settings = variables.map(|name| (name, nonsense)).to_vec();
    settings.push(("TASKSCOPE_NAME", nonsense));
    let mut target = with(dir.path(), &settings);
    for name in variables {
        says(&mut target, &format!("{name} is `"));
    }
    let ran = run(dir.path(), &["tasks"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(crate::viewer::commands(&ran.stdout), [], "{ran:?}");
    let ran = run(dir.path(), &["ls"]);
    assert_eq!(crate::viewer::commands(&ran.stdout), [], "{ran:?}");
    target.ends_well();

    let settings = variables.map(|name| (name, "99999999999999999999999999"));
    with(dir.path(), &settings).ends_well();
    // Text that is none.
    let mut command = command(env!("CARGO_BIN_EXE_hostile"), "", dir.path());
    let broken: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![0xff, 0xfe]);
    command.envs(variables.map(|name| (name, &broken)));
    Target::spawn(command, dir.path()).ends_well();
}

#[test]
fn switched_off_it_is_not_there() {
    let dir = folder();
    let mut target = with(dir.path(), &[("TASKSCOPE", "off")]);
    assert_eq!(target.status()["socket"], serde_json::Value::Null);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    target.ends_well();
}

#[test]
fn a_folder_for_sockets_that_is_none_is_told() {
    let dir = folder();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let long = dir.path().join("n".repeat(200));
    let loose = dir.path().join("loose");
    std::os::unix::fs::symlink(dir.path().join("nowhere"), &loose).unwrap();
    let cases = [
        (file.clone(), "is not a folder"),
        (file.join("below"), "cannot use the folder"),
        ("/proc/taskscope".into(), "cannot use the folder"),
        (long, "set TASKSCOPE_DIR to a shorter path"),
        (loose, "cannot use the folder"),
    ];
    for (folder, words) in cases {
        let mut target = with(&folder, &[]);
        says(&mut target, words);
        says(&mut target, "no viewer can connect to this process");
        target.ends_well();
    }
    // Without a socket, a port still does.
    let mut target = with(&file, &[("TASKSCOPE_BIND", "127.0.0.1:0")]);
    let status = target.status();
    let ran = run(dir.path(), &["tasks", status["tcp"].as_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    target.ends_well();
}

#[test]
fn a_folder_behind_a_link_is_used() {
    let dir = folder();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let mut target = with(&link, &[]);
    assert!(target.problems().is_empty());
    assert_eq!(run(&real, &["tasks"]).code, Some(0));
    target.ends_well();
    until("its socket's end", || {
        fs::read_dir(&real).unwrap().count() == 0
    });
}

/// As a user that may not write there. Only root can become another user, and others can't look into its folders.
#[test]
fn a_folder_that_may_not_be_written_is_told() {
    let dir = folder();
    let locked = dir.path().join("locked");
    fs::create_dir(&locked).unwrap();
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
        let mut target = with(&locked, &[]);
        says(&mut target, "cannot make the socket");
        target.ends_well();
        return;
    }
    // The program itself has to be where the other user may go.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = dir.path().join("hostile");
    fs::copy(env!("CARGO_BIN_EXE_hostile"), &program).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    for (folder, words) in [
        (locked.clone(), "belongs to user 0"),
        (locked.join("below"), "cannot use the folder"),
    ] {
        let arguments = format!("--reuid 65534 --regid 65534 --clear-groups {program}");
        let mut target = Target::spawn(command("setpriv", &arguments, &folder), &folder);
        target.goes_on();
        says(&mut target, words);
        target.ends_well();
    }
}

#[test]
fn set_up_within_the_runtime_it_says_how_many_tasks_it_missed() {
    let dir = folder();
    let target = Target::hostile("--late 1234", dir.path());
    let ran = run(dir.path(), &["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout.contains(
            "1,234 tasks that lived before, and the future in its `block_on`, are invisible"
        ),
        "{ran:?}"
    );
    let json = run(dir.path(), &["doctor", "--format", "json"]).json();
    assert_eq!(json["advice"][0]["code"], "installed_late", "{json}");
    assert_eq!(json["setup"]["tasks_before"], 1234, "{json}");
    target.ends_well();
}

#[test]
fn with_another_subscriber_before_it_says_so() {
    let dir = folder();
    let target = Target::hostile("--taken", dir.path());
    let ran = run(dir.path(), &["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.stdout
            .contains("another subscriber is the process's global one"),
        "{ran:?}"
    );
    let json = run(dir.path(), &["doctor", "--format", "json"]).json();
    assert_eq!(json["advice"][0]["code"], "not_installed", "{json}");
    let tasks = run(dir.path(), &["tasks"]);
    assert_eq!(tasks.code, Some(0), "{tasks:?}");
    assert!(
        tasks
            .stdout
            .contains("`taskscope doctor` says what to change"),
        "{tasks:?}"
    );
    assert!(
        tasks
            .stderr
            .contains("no task can be seen: taskscope is not the app's global subscriber"),
        "{tasks:?}"
    );
    target.ends_well();
}
