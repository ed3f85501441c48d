//! A target that can't tell: what keeps it from that is said.

use taskscope_proto::v1;

use crate::command::run;
use crate::target::{Script, Target};
use crate::{dir, scenes};

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

/// A target of which nothing is told, with this set-up.
fn silent(setup: v1::Setup) -> Script {
    let mut script = scenes::shop();
    for source in &mut script.hello.sources {
        (source.active, source.events, source.trial_events) = (false, 0, 0);
    }
    script.hello.setup = Some(setup);
    script.updates = vec![v1::WatchUpdate {
        sequence: 1,
        restart: true,
        complete: true,
        ..Default::default()
    }];
    script
}

#[test]
fn no_tasks_for_want_of_a_set_up_is_not_no_tasks() {
    let dir = dir();
    let setup = v1::Setup {
        tokio_unstable: true,
        static_max_level: "trace".to_owned(),
        install_error: "another one was \u{1b}[2Jthere first".to_owned(),
        ..Default::default()
    };
    let _target = Target::start(dir.path(), 4242, silent(setup));
    let doctor = run(dir.path(), &["doctor", "--format=json"]).json();
    for args in [&["tasks"][..], &["tasks", "--group"]] {
        let ran = run(dir.path(), args);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (
                Some(0),
                "warning: no task can be seen: taskscope is not the app's global subscriber: another one was ␛[2Jthere \
                 first\n`taskscope doctor` says what to change\n"
            )
        );
        let json = run(dir.path(), &[args, &["--format=json"]].concat());
        assert_eq!(json.stderr, "");
        assert_eq!(json.json()["advice"][0]["code"], "not_installed");
        assert_eq!(json.json()["advice"], doctor["advice"]);
    }
}

#[test]
fn one_that_tells_needs_no_reasons() {
    let dir = dir();
    let mut script = silent(v1::Setup::default());
    script.updates = scenes::shop().updates;
    let _target = Target::start(dir.path(), 4242, script);
    let ran = run(dir.path(), &["tasks", "--format=json"]);
    assert_eq!(ran.json()["advice"], serde_json::json!([]));
    assert_eq!(run(dir.path(), &["tasks"]).stderr, "");
}
