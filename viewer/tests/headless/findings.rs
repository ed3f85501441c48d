//! What is wrong, asked for by scripts: exit codes, and what is said where nothing is found.

use crate::command::{command, run, run_with};
use crate::target::Target;
use crate::{dir, scenes};

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
