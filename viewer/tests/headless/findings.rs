//! What is wrong, asked for by scripts: exit codes, and what is said where nothing is found.

use crate::command::{command, run, run_with};
use crate::target::{Script, Target};
use crate::{dir, scenes};

/// A shop that tells neither of locks nor of permits.
fn of_level_tasks() -> Script {
    let mut script = scenes::shop();
    let shared = script.hello.sources.iter_mut().skip(4).take(2);
    shared.for_each(|source| (source.active, source.events, source.trial_events) = (false, 0, 0));
    script
}

#[test]
fn a_level_is_no_fault_and_the_doctor_says_how_to_raise_it() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, of_level_tasks());
    let ran = run(dir.path(), &["doctor", "--format=json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let json = ran.json();
    assert_eq!(json["advice"][0]["code"], "level");
    assert_eq!(json["sources"][4]["name"], "locks");
    assert_eq!(json["sources"][4]["off"], true);
    assert_eq!(json["sources"][0]["off"], false);
}

#[test]
fn a_check_of_a_target_without_findings_is_clean_after_its_time() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, of_level_tasks());
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
    let _target = Target::start(dir.path(), 4242, of_level_tasks());
    let ran = run(dir.path(), &["findings"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("Nothing is wrong: none of "), "{ran:?}");
    assert!(ran.stdout.contains("What can't be seen"), "{ran:?}");
    let ran = run(dir.path(), &["resources", "--sort=-held"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("0 of 0 resources, by -held"), "{ran:?}");
}

/// A shop of which two tasks wait for each other's locks.
fn stuck() -> Script {
    let mut script = scenes::shop();
    script.updates.push(scenes::deadlock(3));
    // What comes before is part of the first picture.
    script.updates[1].complete = false;
    script
}

#[test]
fn a_deadlock_is_told_with_all_that_concerns_it() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, stuck());
    let json = run(dir.path(), &["findings", "--format=json"]).json();
    let finding = &json["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["tier"]),
        (&"deadlock".into(), &"proven".into())
    );
    assert_eq!(finding["stood_for_ns"], 42_000_000_000_u64);
    let subjects: Vec<_> = finding["subjects"]
        .as_array()
        .expect("subjects")
        .iter()
        .map(|subject| {
            (
                subject["kind"].as_str(),
                subject["id"].to_string(),
                subject["location"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        subjects,
        [
            (Some("task"), "17".to_owned(), Some("serve.rs:40")),
            (Some("task"), "42".to_owned(), Some("api.rs:120")),
            (Some("resource"), "\"1\"".to_owned(), Some("cache.rs:31")),
            (Some("resource"), "\"2\"".to_owned(), Some("cache.rs:32")),
        ]
    );
    let text = run(dir.path(), &["findings"]);
    assert_eq!(text.code, Some(0));
    assert!(text.stdout.starts_with("✖ deadlock "), "{text:?}");
    let json = run(
        dir.path(),
        &["resources", "--filter=waiters>0", "--format=json"],
    )
    .json();
    assert_eq!(json["matching"], 2);
    assert_eq!(json["resources"][0]["holders"][0]["task"]["id"], 17);
    let json = run(dir.path(), &["tasks", "--filter=id:17", "--format=json"]).json();
    assert_eq!(json["tasks"][0]["waits_for"][0]["held_by"][0]["id"], 42);
    assert_eq!(
        json["tasks"][0]["holds"][0]["resource"]["location"],
        "cache.rs:31"
    );
    let text = run(dir.path(), &["tasks"]).stdout;
    assert!(
        text.contains("WAITS FOR") && text.contains("Mutex cache.rs:32 ← #42"),
        "{text}"
    );
}

#[test]
fn a_check_fails_on_the_tiers_that_it_is_told() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, stuck());
    for (fail_on, code) in [
        ("proven,persistent", 1),
        ("proven", 1),
        ("persistent,statistical", 0),
        ("none", 0),
    ] {
        let fail_on = format!("--fail-on={fail_on}");
        let ran = run(dir.path(), &["check", "--for=20ms", &fail_on]);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(code), ""),
            "{fail_on}"
        );
        assert!(ran.stdout.contains("found 1 proven"), "{ran:?}");
    }
    let json = run(dir.path(), &["check", "--for=20ms", "--format=json"]);
    assert_eq!((json.code, &json.json()["failed"]), (Some(1), &true.into()));
}

#[test]
fn a_check_counts_what_was_cleared_and_forgotten_while_it_watched() {
    let dir = dir();
    let target = Target::start(dir.path(), 4242, scenes::shop());
    let command = command(
        env!("CARGO_BIN_EXE_taskscope").as_ref(),
        dir.path(),
        &["check", "--for=2s", "--format=json"],
    );
    let running = std::thread::spawn(move || run_with(command));
    let mut cleared = scenes::deadlock(4);
    cleared.now_ns += 1_000_000_000;
    cleared.findings[0].cleared_ns = Some(cleared.now_ns);
    let gone = taskscope_proto::v1::WatchUpdate {
        sequence: 5,
        now_ns: cleared.now_ns,
        complete: true,
        findings_gone: vec![1],
        ..Default::default()
    };
    target.watch(0, |watched| {
        watched.tell(scenes::deadlock(3));
        watched.tell(cleared);
        watched.tell(gone);
    });
    let ran = running.join().expect("it ends");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["cleared_ns"], 194_000_000_000_u64);
    assert_eq!(finding["rule"], "deadlock");
}

#[test]
fn a_check_of_a_target_that_sees_nothing_is_no_check() {
    let dir = dir();
    let mut script = scenes::shop();
    script.updates.truncate(1);
    script.updates[0].tasks.clear();
    script.updates[0].complete = true;
    for source in &mut script.hello.sources {
        (source.active, source.events, source.trial_events) = (false, 0, 0);
    }
    if let Some(setup) = &mut script.hello.setup {
        setup.tokio_unstable = false;
    }
    let _target = Target::start(dir.path(), 4242, script);
    let ran = run(dir.path(), &["check", "--for=20ms"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(
        ran.stderr.contains("no check") && ran.stderr.contains("taskscope doctor"),
        "{ran:?}"
    );
}
