//! Which program is meant, and how it is reached.

use crate::command::run;
use crate::target::{Target, stale};
use crate::{dir, scenes};

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
fn a_process_that_has_become_another_program_is_gone() {
    let dir = dir();
    // A socket that nobody listens at, by the number of a process that lives.
    let pid = std::process::id();
    let socket = stale(dir.path(), pid);
    let json = run(dir.path(), &["ls", "--format=json"]).json();
    assert_eq!(json["processes"][0]["state"], "gone");
    run(dir.path(), &["tasks"]).failed(3, &format!("pid:{pid} is another program by now"));
    assert!(socket.exists(), "it may yet listen there");
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
