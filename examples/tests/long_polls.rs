//! A poll that does not return is shown at its line while it lasts, whatever it does.

#[path = "support/target.rs"]
mod target;
#[path = "support/viewer.rs"]
mod viewer;
#[path = "support/watch.rs"]
mod watch;

use std::{collections::BTreeSet, fs, path::Path, thread, time::Duration};

use taskscope_model::{Code, LongPoll, Place, World};

use crate::{
    target::{Target, folder, until},
    watch::Watch,
};

/// The lines with the mark of this case.
fn marked(case: &str) -> BTreeSet<u32> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/long_polls.rs");
    let text = fs::read_to_string(file).unwrap();
    let mark = format!("// BLOCKS: {case}");
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.ends_with(&mark));
    let lines: BTreeSet<u32> = lines.map(|(number, _)| number).collect();
    assert!(!lines.is_empty(), "`{mark}` marks no line");
    lines
}

/// What is known of the task of a program that runs.
struct Case {
    _target: Target,
    _dir: tempfile::TempDir,
    watch: Watch,
}

impl Case {
    fn start(case: &str) -> Self {
        let dir = folder();
        let options = format!("--runtime multi --workers 2 --case {case}");
        let mut target = Target::start(env!("CARGO_BIN_EXE_long_polls"), &options, dir.path());
        assert_eq!(target.line(), "blocked");
        Self {
            watch: Watch::of(&target),
            _target: target,
            _dir: dir,
        }
    }

    fn world(&self) -> World {
        self.watch.world().unwrap()
    }
}

fn poll_of(world: &World) -> Option<&LongPoll> {
    let mut tasks = world.tasks();
    let task = tasks.find(|task| task.birth.name.as_deref() == Some("blocked"))?;
    world.long_poll(task.id)
}

/// The innermost line of the app.
fn line(world: &World) -> Option<Place> {
    let stack = world.stack(poll_of(world)?.stack?)?;
    let mut frames = stack.frames.iter();
    let frame = frames.find(|frame| frame.code == Code::App)?;
    Some(frame.place.clone())
}

#[track_caller]
fn is_found(case: &str, rule: &str) {
    let marked = marked(case);
    let program = Case::start(case);
    let mut seen = Vec::new();
    until(&format!("{case} at one of {marked:?}"), || {
        let place = line(&program.world());
        let right = place.as_ref().is_some_and(|place| {
            place.file.ends_with("long_polls.rs") && marked.contains(&place.line)
        });
        seen.extend(place);
        right
    });
    // A look at the very moment between two rounds may see something else; what is seen is the app's own at least.
    assert!(
        seen.iter().all(|place| place.file.contains("long_polls")),
        "{seen:?}"
    );
    until(&format!("{case} is found"), || {
        let world = program.world();
        let mut findings = world.findings().iter();
        findings.any(|finding| {
            let names = |line: &u32| {
                let place = format!("long_polls.rs:{line}");
                finding.evidence.iter().any(|line| line.contains(&place))
            };
            &*finding.rule == rule && marked.iter().any(names)
        })
    });
}

#[test]
fn what_waits_in_the_system_is_seen() {
    is_found("sleep", "long-poll");
    is_found("pipe", "long-poll");
    is_found("mutex", "std-lock-in-task");
    is_found("block-on", "long-poll");
    is_found("dns", "long-poll");
}

#[test]
fn what_computes_is_seen() {
    is_found("loop", "long-poll");
    is_found("dependency", "long-poll");
    is_found("malloc", "long-poll");
    is_found("file", "long-poll");
}

#[test]
fn who_hands_its_worker_over_first_is_at_no_fault() {
    let program = Case::start("in-place");
    until("in-place is seen", || {
        poll_of(&program.world()).is_some_and(|poll| poll.doing.in_place)
    });
    let line = line(&program.world()).unwrap();
    assert!(marked("in-place").contains(&line.line), "{line:?}");
    // Longer than it takes to find any of the others.
    thread::sleep(Duration::from_secs(3));
    let world = program.world();
    let findings: Vec<_> = world.findings().iter().collect();
    assert!(findings.is_empty(), "{findings:?}");
}
