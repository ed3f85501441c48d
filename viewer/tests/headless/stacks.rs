//! `taskscope stacks`, and what else tells where tasks wait.

use taskscope_proto::v1;

use crate::command::run;
use crate::target::{Script, Target};
use crate::{dir, scenes};

/// A shop of which two tasks wait at a stack that is not named yet.
fn waiting() -> Script {
    let mut script = scenes::shop();
    for task in &mut script.updates[0].tasks[..2] {
        let vitals = task.vitals.as_mut().expect("it lives");
        (vitals.leaves, vitals.leaf_ages) = (vec![7], vec![0]);
    }
    script
}

fn named() -> v1::WatchUpdate {
    let frame = |function: &str, file: &str, line, code: v1::Code| v1::Frame {
        function: function.to_owned(),
        file: file.to_owned(),
        line,
        column: 9,
        code: code as i32,
    };
    let stack = v1::Stack {
        id: 7,
        frames: vec![
            frame(
                "tokio::sync::notify::Notified::poll",
                "notify.rs",
                9,
                v1::Code::Runtime,
            ),
            frame("shop::work\u{1b}", "src/worker.rs", 71, v1::Code::App),
        ],
        whole: true,
    };
    v1::WatchUpdate {
        sequence: 3,
        now_ns: 192_200_000_000,
        stacks: vec![stack],
        ..Default::default()
    }
}

/// Runs a command, and names the stack once it watches.
fn run_and_name(args: &'static [&'static str]) -> String {
    let dir = dir();
    let target = Target::start(dir.path(), 4242, waiting());
    let path = dir.path().to_owned();
    let running = std::thread::spawn(move || run(&path, args));
    target.watch(0, |watch| watch.tell(named()));
    let ran = running.join().expect("it ran");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    ran.stdout
}

#[test]
fn the_frames_are_waited_for() {
    let text = run_and_name(&["stacks"]);
    assert!(
        text.contains("    2  worker.rs:71  shop::work␛  Notified"),
        "{text}"
    );
    let text = run_and_name(&["tasks", "--filter=at:worker.rs:71"]);
    assert!(text.contains("Notified at worker.rs:71"), "{text}");
    assert!(text.contains("2 of 5 live tasks"), "{text}");
    let text = run_and_name(&["tasks", "--columns=id", "--filter=at:notified"]);
    assert!(text.contains("2 of 5 live tasks"), "{text}");
}

#[test]
fn frames_that_never_come_are_unknown_with_the_reason() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, waiting());
    let ran = run(dir.path(), &["stacks"]);
    assert!(
        ran.code == Some(0) && ran.stdout.contains("did not name that stack"),
        "{ran:?}"
    );
    let json = run(dir.path(), &["stacks", "--format=json"]).json();
    let groups = json["groups"].as_array().expect("groups");
    let of_two = groups
        .iter()
        .find(|group| group["count"] == 2)
        .expect("both");
    assert_eq!(of_two["awaits"][0]["unknown"], "its stack is not named yet");
    assert_eq!(
        of_two["awaits"][0]["frames"].as_array().map(Vec::len),
        Some(0)
    );
}

#[test]
fn a_filter_and_a_limit_choose_the_groups() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let json = run(
        dir.path(),
        &[
            "stacks",
            "--format=json",
            "--limit=1",
            "--filter=state:live",
        ],
    )
    .json();
    assert_eq!(json["groups"].as_array().map(Vec::len), Some(1));
    assert_eq!((&json["matching"], &json["places"]), (&5.into(), &2.into()));
    run(dir.path(), &["stacks", "--filter=stat:x"]).failed(2, "unknown field");
}
