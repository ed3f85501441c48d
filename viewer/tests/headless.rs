//! The commands, run as a person or a script runs them, against targets that behave.

#[path = "support/command.rs"]
mod command;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/target.rs"]
mod target;

use std::process::Stdio;

use command::{command, run, run_with};
use target::{Script, Target, until};
use taskscope_proto::v1;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The ids of the tasks that were printed.
fn ids(json: &serde_json::Value) -> Vec<u64> {
    let tasks = json["tasks"].as_array().expect("tasks");
    tasks
        .iter()
        .map(|task| task["tokio_id"].as_u64().expect("an id"))
        .collect()
}

#[test]
fn tasks_are_printed_as_a_table() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["tasks"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("tasks", ran.stdout);
    assert!(
        !ran.stdout.contains('\u{1b}'),
        "there are no colours in a pipe"
    );
}

#[test]
fn a_table_fits_the_columns_that_there_are() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let mut narrow = command(
        env!("CARGO_BIN_EXE_taskscope").as_ref(),
        dir.path(),
        &["tasks"],
    );
    narrow.env("COLUMNS", "60");
    let ran = run_with(narrow);
    insta::assert_snapshot!("tasks_60", ran.stdout);
}

#[test]
fn columns_and_percentiles_are_those_asked_for() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let columns = "--columns=id,name,kind,self,wakers,age,size,runtime,parent";
    let ran = run(
        dir.path(),
        &["tasks", columns, "--percentiles", "--sort=id"],
    );
    insta::assert_snapshot!("tasks_columns", ran.stdout);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn groups_add_up_what_is_listed_and_what_is_past() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["tasks", "--group", "--sort=-live"]);
    insta::assert_snapshot!("tasks_group", ran.stdout);
    run(dir.path(), &["tasks", "--group", "--sort=age"]).failed(2, "--sort age: unknown column");
}

#[test]
fn filter_sort_and_limit_choose_the_tasks() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let of = |args: &[&str]| {
        let json = run(dir.path(), &[&["tasks", "--format=json"], args].concat()).json();
        (ids(&json), json["matching"].as_u64().expect("a count"))
    };
    assert_eq!(of(&["--sort=id"]), (vec![1, 17, 42, 51, 60], 5));
    assert_eq!(of(&["--sort=-id", "--limit=2"]), (vec![60, 51], 5));
    assert_eq!(
        of(&["--filter=state:running busy>1s", "--sort", "-busy"]),
        (vec![42, 60], 2)
    );
    assert_eq!(
        of(&["--ended", "--sort=id"]),
        (vec![1, 17, 42, 51, 60, 61], 6)
    );
    assert_eq!(of(&["--filter=state:done"]), (vec![61], 1));
    assert_eq!(of(&["--filter=nothing-is-called-this"]), (vec![], 0));
}

#[test]
fn what_only_asks_for_is_asked_of_the_target() {
    let dir = dir();
    let target = Target::start(dir.path(), 4242, scenes::shop());
    let args = [
        "tasks",
        "--only=State:run",
        "--filter=upload",
        "--percentiles",
        "--format=json",
    ];
    let json = run(dir.path(), &args).json();
    assert_eq!(
        (json["only"].as_str(), json["filter"].as_str()),
        (Some("state:running"), Some("state:running upload"))
    );
    assert_eq!(ids(&json), [42]);
    let request = target.request(0);
    assert_eq!(
        (request.filter.as_str(), request.sketching()),
        ("state:running", v1::Sketching::All)
    );
}

#[test]
fn numbers_are_the_targets_own() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let json = run(
        dir.path(),
        &[
            "tasks",
            "--format=json",
            "--percentiles",
            "--filter=name:tick",
        ],
    )
    .json();
    assert_eq!(json["target"]["session_id"], (u64::MAX - 7).to_string());
    assert_eq!(json["at_unix_ns"], 1_790_000_192_000_000_000_u64);
    assert_eq!(json["totals"]["spawned"], 1204);
    let tick = &json["tasks"][0];
    assert_eq!(tick["created_unix_ns"], 1_790_000_060_000_000_000_u64);
    assert_eq!(tick["in_state_ns"], 812_000_000);
    // The wait under way is included.
    assert_eq!(tick["scheduled_ns"], 812_010_000);
    assert_eq!(tick["busy_ns"], 14_100_000);
    assert_eq!(
        (&tick["polls"], &tick["wakes"], &tick["self_wakes"]),
        (&1290.into(), &1290.into(), &645.into())
    );
    assert_eq!(tick["parent_tokio_id"], 1);
    assert_eq!(
        (
            tick["last_waker"]["kind"].as_str(),
            &tick["last_waker"]["tokio_id"]
        ),
        (Some("task"), &42.into())
    );
    assert_eq!(tick["poll_time"]["samples"], 1290);
    let p50 = tick["poll_time"]["p50_ns"].as_u64().expect("a length");
    assert!((10_000..11_892).contains(&p50), "{p50}");
    assert_eq!(
        (
            tick["spawned_at"]["file"].as_str(),
            &tick["spawned_at"]["line"]
        ),
        (Some("src/api.rs"), &120.into())
    );
}

#[test]
fn what_the_target_can_not_tell_is_unknown() {
    let dir = dir();
    let mut script = scenes::shop();
    script
        .hello
        .sources
        .retain(|source| source.name != "wakers");
    script.hello.sources[1].active = false;
    let _target = Target::start(dir.path(), 4242, script);
    let json = run(dir.path(), &["tasks", "--format=json", "--sort=id"]).json();
    let tick = &json["tasks"][3];
    for unknown in ["polls", "busy_ns", "idle_ns", "wakers"] {
        assert!(tick[unknown].is_null(), "{unknown}");
    }
    assert_eq!(tick["wakes"], 1290);
    // The future of a block_on is woken by means of its own.
    for unknown in ["wakes", "scheduled_ns", "idle_ns"] {
        assert!(json["tasks"][0][unknown].is_null(), "{unknown}");
    }
    let text = run(dir.path(), &["tasks"]).stdout;
    assert!(
        text.contains(" ? ") && text.contains("`taskscope doctor`"),
        "{text}"
    );
}

#[test]
fn programs_are_listed() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["ls"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("ls", ran.stdout);
    let json = run(dir.path(), &["ls", "--format", "json"]).json();
    let process = &json["processes"][0];
    assert_eq!(
        (process["address"].as_str(), process["state"].as_str()),
        (Some("pid:4242"), Some("ok"))
    );
    assert_eq!(process["up_ns"], 192_000_000_000_u64);
}

#[test]
fn the_only_program_needs_no_address_and_any_spelling_of_it_will_do() {
    let dir = dir();
    let target = Target::start(dir.path(), 4242, scenes::shop());
    let socket = target.socket.to_str().expect("a path");
    for args in [
        &["doctor"][..],
        &["doctor", "pid:4242"],
        &["doctor", socket],
        &["pid:4242", "doctor"],
    ] {
        let ran = run(dir.path(), args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert!(ran.stdout.contains("Nothing to change"), "{ran:?}");
    }
    run(dir.path(), &["pid:1", "doctor", "pid:2"]).failed(2, "two addresses");
}

#[test]
fn with_several_programs_one_has_to_be_named() {
    let dir = dir();
    let _one = Target::start(dir.path(), 41, scenes::shop());
    let _other = Target::start(dir.path(), 42, scenes::shop());
    let ran = run(dir.path(), &["tasks"]);
    ran.failed(2, "pid:41");
    ran.failed(2, "pid:42");
    assert_eq!(run(dir.path(), &["tasks", "pid:42"]).code, Some(0));
}

#[test]
fn without_a_program_it_is_said_how_to_have_one() {
    let dir = dir();
    let ran = run(&dir.path().join("none"), &["tasks"]);
    for words in [
        "none",
        "cargo add taskscope",
        "taskscope::init()",
        "tokio_unstable",
        "taskscope demo",
    ] {
        ran.failed(3, words);
    }
    let ran = run(dir.path(), &["ls"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("no program"), "{ran:?}");
    assert_eq!(
        run(dir.path(), &["ls", "--format=json"]).json()["processes"],
        serde_json::json!([])
    );
}

#[test]
fn a_port_is_an_address_too() {
    // The same service behind a port: what differs is only how it is reached.
    let dir = dir();
    let target = Target::start(dir.path(), 4242, scenes::shop());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let socket = target.socket.clone();
    std::thread::spawn(move || {
        for outer in listener.incoming().flatten() {
            let inner = std::os::unix::net::UnixStream::connect(&socket).expect("the target");
            let (mut from, mut to) = (
                outer.try_clone().expect("it"),
                inner.try_clone().expect("it"),
            );
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to) = (inner, outer);
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    for address in [
        format!("http://127.0.0.1:{port}"),
        format!("localhost:{port}"),
    ] {
        assert_eq!(
            run(dir.path(), &["doctor", &address]).code,
            Some(0),
            "{address}"
        );
    }
}

#[test]
fn a_doctor_that_finds_something_says_so_with_its_exit_code() {
    let dir = dir();
    let mut script = scenes::shop();
    for source in &mut script.hello.sources {
        (source.events, source.trial_events) = (0, 0);
    }
    if let Some(setup) = &mut script.hello.setup {
        setup.tokio_unstable = false;
    }
    let _target = Target::start(dir.path(), 4242, script);
    let ran = run(dir.path(), &["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert!(
        ran.stdout
            .contains(r#"rustflags = ["--cfg", "tokio_unstable"]"#),
        "{ran:?}"
    );
    let json = run(dir.path(), &["doctor", "--format=json"]);
    assert_eq!(
        (json.code, json.json()["advice"][0]["code"].as_str()),
        (Some(1), Some("tokio_unstable"))
    );
}

#[test]
fn a_check_of_a_target_without_findings_is_clean_after_its_time() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["check", "--for=50ms"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("found nothing: clean"), "{ran:?}");
    // What can't be seen is said, lest silence be taken for health.
    assert!(ran.stdout.contains("no deadlock"), "{ran:?}");
    for wrong in [
        &["check", "--for=1h"][..],
        &["check", "--fail-on=all"],
        &["check", "--fail-on="],
        &["resources", "--filter=waiter>0"],
        &["resources", "--sort=busy"],
        &["resources", "--only=x"],
        &["explain"],
        &["explain", "no-such-rule"],
    ] {
        assert_eq!(run(dir.path(), wrong).code, Some(2), "{wrong:?}");
    }
    run(dir.path(), &["resources", "--filter=waiter>0"]).failed(2, "did you mean `waiters`?");
}

#[test]
fn a_check_that_loses_its_target_is_not_clean() {
    let dir = dir();
    let target = Target::start(dir.path(), 4242, scenes::shop());
    let command = command(
        env!("CARGO_BIN_EXE_taskscope").as_ref(),
        dir.path(),
        &["check", "--for=30s", "--format=json"],
    );
    let running = std::thread::spawn(move || run_with(command));
    let _ = target.request(0);
    target.kill();
    let ran = running.join().expect("it ends");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.stderr.contains("before the end of the watch"),
        "{ran:?}"
    );
    run(dir.path(), &["check", "pid:1"]).failed(3, "there is no socket");
}

#[test]
fn rules_are_explained_without_a_target() {
    let dir = dir();
    let list = run(dir.path(), &["explain", "--list"]);
    assert!(
        list.code == Some(0) && list.stdout.contains("deadlock"),
        "{list:?}"
    );
    let one = run(dir.path(), &["explain", "DEADLOCK"]);
    assert!(
        one.code == Some(0) && one.stdout.starts_with("deadlock (proven)\n"),
        "{one:?}"
    );
}

#[test]
fn findings_and_resources_of_a_target_that_tells_of_none() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["findings"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("Nothing is wrong: none of "), "{ran:?}");
    assert!(ran.stdout.contains("What can't be seen"), "{ran:?}");
    let ran = run(dir.path(), &["resources", "--sort=-held"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("0 of 0 resources, by -held"), "{ran:?}");
}

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

#[test]
fn a_large_picture_comes_in_whole() {
    const TASKS: u64 = 100_000;
    let dir = dir();
    let chunk = |sequence: u64| {
        let of = |i| scenes::task(i + 1, i + 1, 0, "", scenes::idle(60_000_000_000, 1, i));
        v1::WatchUpdate {
            sequence,
            complete: sequence == 10,
            tasks: ((sequence - 1) * TASKS / 10..sequence * TASKS / 10)
                .map(of)
                .collect(),
            ..Default::default()
        }
    };
    let script = Script {
        updates: (1..=10).map(chunk).collect(),
        ..scenes::shop()
    };
    let _target = Target::start(dir.path(), 4242, script);
    let json = run(dir.path(), &["tasks", "--format=json", "--limit=3"]).json();
    assert_eq!(json["matching"], TASKS);
    assert_eq!(ids(&json), [TASKS, TASKS - 1, TASKS - 2]);
}
