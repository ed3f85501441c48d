//! The commands against targets that are broken, wicked or not there: a clear message and an exit code, in time.

#[path = "support/command.rs"]
mod command;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/target.rs"]
mod target;

use std::os::unix::fs::PermissionsExt;

use command::run;
use target::{Script, Target, babbler, stale};
use taskscope_proto::v1;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The commands that connect.
const CONNECTING: [&str; 5] = ["tasks", "findings", "resources", "check", "doctor"];

#[test]
fn garbage_is_told_from_a_target() {
    let babble: [&[u8]; 4] = [
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        &[0xff; 4096],
        // A frame that goes on for 16 MiB.
        &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
    ];
    let dir = dir();
    for (pid, words) in (1..).zip(babble) {
        babbler(dir.path(), pid, words);
        for command in CONNECTING {
            let ran = run(dir.path(), &[command, &format!("pid:{pid}")]);
            assert_eq!(ran.code, Some(3), "{ran:?}");
            ran.failed(3, &format!("pid:{pid}"));
            let told = ran.stderr.contains("is not a taskscope target");
            // A frame that never ends looks like one that is on its way.
            assert!(
                told || (pid == 4 && ran.stderr.contains("says nothing")),
                "{ran:?}"
            );
        }
    }
}

#[test]
fn silence_is_waited_for_only_so_long() {
    let dir = dir();
    babbler(dir.path(), 7, b"");
    run(dir.path(), &["tasks", "pid:7"]).failed(3, "accepts connections but says nothing");
    let json = run(dir.path(), &["ls", "--format=json"]).json();
    assert_eq!(json["processes"][0]["state"], "silent");
    run(dir.path(), &["tasks"]).failed(3, "pid:7 does not answer");
}

#[test]
fn a_picture_that_stops_half_way_is_no_picture() {
    let dir = dir();
    let mut half = scenes::shop();
    half.updates.truncate(1);
    // One goes on to say nothing, the other ends.
    let _stuck = Target::start(dir.path(), 7, half.clone());
    run(dir.path(), &["tasks", "pid:7"]).failed(3, "says nothing");
    let _ending = Target::start(dir.path(), 8, Script { ends: true, ..half });
    run(dir.path(), &["tasks", "pid:8"]).failed(3, "the target ended it before all was told");
}

#[test]
fn a_target_that_dies_half_way_is_lost() {
    let dir = dir();
    let mut half = scenes::shop();
    half.updates.truncate(1);
    let target = Target::start(dir.path(), 7, half);
    let path = dir.path().to_owned();
    let running = std::thread::spawn(move || run(&path, &["tasks", "pid:7"]));
    target.request(0);
    target.kill();
    running
        .join()
        .expect("it ran")
        .failed(3, "the connection broke");
}

#[test]
fn a_gap_in_the_updates_is_an_error_of_the_target() {
    let dir = dir();
    let mut script = scenes::shop();
    script.updates[1].sequence = 7;
    let _target = Target::start(dir.path(), 7, script);
    run(dir.path(), &["tasks"]).failed(3, "update 7 came where update 2 was due");
}

#[test]
fn versions_that_do_not_match_say_which_side_is_to_be_updated() {
    let dir = dir();
    for (pid, version, words) in [
        (7, 99, "update the viewer"),
        (8, 0, "update the crate `taskscope` in the app"),
    ] {
        let mut script = scenes::shop();
        script.hello.protocol_version = version;
        let _target = Target::start(dir.path(), pid, script);
        let address = format!("pid:{pid}");
        run(dir.path(), &["tasks", &address]).failed(3, words);
        let json = run(dir.path(), &["ls", "--format=json"]).json();
        assert_eq!(json["processes"][0]["state"], "incompatible");
        assert!(run(dir.path(), &["ls"]).stdout.contains("incompatible"));
    }
}

#[test]
fn what_a_target_refuses_is_told_with_its_own_words() {
    let dir = dir();
    let refusing = |status| Script {
        refuses: Some(status),
        ..scenes::shop()
    };
    let filter = tonic::Status::invalid_argument("no such \u{1b}[31mterm");
    let _one = Target::start(dir.path(), 7, refusing(filter));
    run(dir.path(), &["tasks", "pid:7"]).failed(2, "the target can't read the filter: no such");
    let _two = Target::start(
        dir.path(),
        8,
        refusing(tonic::Status::resource_exhausted("16 watch")),
    );
    run(dir.path(), &["tasks", "pid:8"]).failed(3, "takes no more viewers now (16 watch)");
}

#[test]
fn names_can_neither_fill_nor_command_a_terminal() {
    let wicked = format!(
        "\u{1b}]0;owned\u{7}\u{1b}[2J\r\n\u{9b}31m\u{202e}{}",
        "x".repeat(1 << 20)
    );
    let mut script = scenes::shop();
    script.hello.name.clone_from(&wicked);
    script.hello.executable.clone_from(&wicked);
    script.hello.sources[0].name.clone_from(&wicked);
    script.hello.sources[1].active = false;
    script.updates[0].sites[1].file.clone_from(&wicked);
    for update in &mut script.updates {
        if let Some(birth) = update.tasks[1].birth.as_mut() {
            birth.name.clone_from(&wicked);
        }
    }
    let dir = dir();
    let _target = Target::start(dir.path(), 7, script);
    for args in [
        &["tasks"][..],
        &["tasks", "--group"],
        &["tasks", "--columns=name,loc"],
        &["tasks", "--format=json"],
        &["doctor"],
        &["doctor", "--format=json"],
        &["ls"],
        &["ls", "--format=json"],
    ] {
        let ran = run(dir.path(), args);
        assert!(matches!(ran.code, Some(0 | 1)), "{args:?}: {ran:?}");
        let unfit = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ran.stdout.contains(unfit), "{args:?}: {:?}", ran.stdout);
        assert!(
            ran.stdout.len() < 64 << 10,
            "{args:?}: {} bytes",
            ran.stdout.len()
        );
    }
}

#[test]
fn a_message_beyond_all_bounds_is_refused() {
    let mut script = scenes::shop();
    let long = v1::Site {
        file: "x".repeat(5 << 20),
        ..Default::default()
    };
    script.updates[0].sites.push(long);
    let dir = dir();
    let _target = Target::start(dir.path(), 7, script);
    run(dir.path(), &["tasks"]).failed(3, "the connection broke");
}

#[test]
fn a_socket_that_was_left_behind_is_taken_away() {
    let dir = dir();
    // No process has this id: it is beyond the largest that Linux gives out.
    let gone = stale(dir.path(), 4_194_305);
    let ours = stale(dir.path(), std::process::id());
    run(dir.path(), &["tasks", "pid:4194305"]).failed(3, "nobody listens at pid:4194305");
    assert!(gone.exists(), "only a search tidies up");
    let json = run(dir.path(), &["ls", "--format=json"]).json();
    assert!(!gone.exists());
    assert!(ours.exists(), "the process is there, and may yet listen");
    assert_eq!(json["processes"][0]["pid"], std::process::id());
    assert_eq!(json["processes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let (dir, elsewhere) = (dir(), dir());
    let target = Target::start(elsewhere.path(), 9, scenes::shop());
    std::fs::write(dir.path().join("7.sock"), "a file").expect("it is written");
    std::fs::create_dir(dir.path().join("8.sock")).expect("it is made");
    std::os::unix::fs::symlink(&target.socket, dir.path().join("9.sock")).expect("it is linked");
    std::os::unix::fs::symlink(
        stale(elsewhere.path(), 4_194_305),
        dir.path().join("4194305.sock"),
    )
    .expect("linked");
    std::fs::write(dir.path().join("notes"), "").expect("it is written");
    assert_eq!(
        run(dir.path(), &["ls", "--format=json"]).json()["processes"],
        serde_json::json!([])
    );
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("the folder").count(),
        5
    );
    run(dir.path(), &["tasks", "pid:7"]).failed(3, "is no socket");
    run(dir.path(), &["tasks", "pid:10"]).failed(3, "there is no socket");
}

#[test]
fn a_folder_that_can_not_be_read_is_said_to_be_one() {
    let dir = dir();
    let file = dir.path().join("file");
    std::fs::write(&file, "").expect("it is written");
    // A file stands for a folder without permission, which root, as whom tests may run, can read all the same.
    let ran = run(&file, &["ls"]);
    assert!(
        ran.code == Some(0) && ran.stdout.contains("can't be read"),
        "{ran:?}"
    );
    run(&file, &["tasks"]).failed(3, "can't be read");
    assert!(run(&file, &["ls", "--format=json"]).json()["trouble"].is_string());
}

#[test]
fn a_socket_without_permission_is_said_to_be_one() {
    if rustix::process::getuid().is_root() {
        eprintln!("skipped: root may reach every socket");
        return;
    }
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    std::fs::set_permissions(&target.socket, std::fs::Permissions::from_mode(0o0))
        .expect("it is ours");
    run(dir.path(), &["tasks", "pid:7"]).failed(3, "no permission");
    assert_eq!(
        run(dir.path(), &["ls", "--format=json"]).json()["processes"][0]["state"],
        "no_permission"
    );
}

#[test]
fn wrong_arguments_end_with_2() {
    let dir = dir();
    for address in [
        "lss",
        "pid:",
        "pid:x",
        "4242",
        "http://",
        "http://localhost",
        "https://localhost:1",
        "localhost:0",
        "",
    ] {
        for args in [&[address][..], &["tasks", address], &["doctor", address]] {
            run(dir.path(), args).failed(2, "error: ");
        }
    }
    run(dir.path(), &["4242"]).failed(2, "`pid:4242`");
    run(dir.path(), &["tasks", "--nonsense"]).failed(2, "--nonsense");
    run(dir.path(), &["tasks", "--format=xml"]).failed(2, "xml");
    run(dir.path(), &["tasks", "--columns=id,shoe"]).failed(2, "shoe");
    run(dir.path(), &["tasks", "--sort=shoe"]).failed(2, "shoe");
    run(dir.path(), &["check", "--interval=1h"]).failed(2, "1h");
    run(dir.path(), &["--filter=x", "tasks"]).failed(2, "write it behind");
    run(dir.path(), &["check", "--filter=x"]).failed(2, "--filter");
    run(dir.path(), &["tasks", "--filter=state:asleep"]).failed(2, "^");
    run(dir.path(), &["tasks", "--only=busy>soon"]).failed(2, "--only");
    run(dir.path(), &["schema", "cake"]).failed(2, "cake");
}

#[test]
fn nobody_at_a_port_is_no_connection() {
    let dir = dir();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("its number")
        .port();
    run(dir.path(), &["tasks", &format!("http://127.0.0.1:{port}")]).failed(3, "nobody listens");
    run(dir.path(), &["tasks", "no-such-host.invalid:6670"]).failed(3, "can't be reached");
}
