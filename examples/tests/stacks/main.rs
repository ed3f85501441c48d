//! How right await stacks are: tasks that are stuck at lines that are known, and the lines that are told of them over the
//! wire.
//!
//! Run it with `--release` too: other frames are there then. `--nocapture` shows the table, and with
//! `TASKSCOPE_STACKS=name` all stacks of one task.

#[path = "../support/target.rs"]
mod target;
#[path = "../support/viewer.rs"]
mod viewer;
#[path = "../support/watch.rs"]
mod watch;

mod known;
mod markers;
mod verdict;

use std::collections::BTreeMap;

use taskscope_model::{Code, State, Task, World};

use crate::{
    known::KNOWN,
    markers::{Line, Marked, markers},
    target::{Target, folder, until},
    verdict::{Row, Shown, Verdict},
    watch::Watch,
};

/// What the tasks are called that axum spawns, which have no name.
const OF_AXUM: &str = "a task of axum::serve";

#[test]
fn stuck_tasks_are_shown_at_their_lines_on_one_thread() {
    check("current");
}

#[test]
fn stuck_tasks_are_shown_at_their_lines_on_two_workers() {
    check("multi --workers 2");
}

#[track_caller]
fn check(runtime: &str) {
    let marked = markers();
    let shown = look(runtime, &marked);
    let rows: Vec<Row> = marked
        .iter()
        .map(|(name, marked)| Row::new(name, marked, &shown[name]))
        .collect();
    let good = rows.iter().filter(|row| row.verdict.is_good()).count();
    println!("on runtime {runtime}:");
    rows.iter().for_each(|row| println!("{row}"));
    for verdict in Verdict::ALL {
        let count = rows.iter().filter(|row| row.verdict == verdict).count();
        println!("{count:4} {verdict}");
    }
    println!("{:4} tasks", rows.len());

    assert!(rows.len() >= 60, "{} tasks", rows.len());
    let cut: Vec<_> = rows.iter().filter(|row| row.cut > 0).collect();
    assert!(cut.is_empty(), "not whole: {cut:?}");
    let bad = rows.iter().filter(|row| !row.verdict.is_good());
    let bad: BTreeMap<_, _> = bad.map(|row| (row.name.as_str(), row.verdict)).collect();
    let known = KNOWN.iter().map(|known| (known.name, known.verdict));
    assert_eq!(bad, known.collect());
    assert!(good * 100 >= rows.len() * 95, "{good} of {}", rows.len());
}

/// Runs the program, and waits until each of its tasks has settled, with a stack at each await.
fn look(runtime: &str, marked: &BTreeMap<String, Marked>) -> BTreeMap<String, Shown> {
    let dir = folder();
    let program = env!("CARGO_BIN_EXE_stuck");
    let mut target = Target::start(program, &format!("--runtime {runtime}"), dir.path());
    assert_eq!(target.line(), "stuck");
    let watch = Watch::of(&target);
    let mut before = None;
    until("stacks at all awaits", || {
        let world = watch.world().unwrap();
        let now = all_shown(&world);
        let is_settled = |name| now.get(name).is_some_and(|shown| shown.is_settled);
        let all_are = marked.keys().all(is_settled);
        let same = before.as_ref() == Some(&now);
        before = Some(now);
        all_are && same
    });
    before.unwrap()
}

/// What is shown of each task that has a name.
fn all_shown(world: &World) -> BTreeMap<String, Shown> {
    let named = world.tasks().filter_map(|task| {
        let site = world.site(task.birth.site);
        let name = match &task.birth.name {
            Some(name) => name.to_string(),
            None if site?.file.contains("/axum-") => OF_AXUM.to_owned(),
            None => return None,
        };
        Some((name, task_shown(world, task)))
    });
    named.collect()
}

fn task_shown(world: &World, task: &Task) -> Shown {
    let awaits = world.awaits(task);
    let mut shown = Shown {
        is_settled: task.vitals.state == State::Idle && !awaits.is_empty(),
        ..Shown::default()
    };
    for place in awaits {
        let Some(stack) = place.stack.and_then(|id| world.stack(id)) else {
            shown.is_settled = false;
            continue;
        };
        shown.cut += u32::from(!stack.whole);
        let of_app = |frame: &&taskscope_model::Frame| frame.code == Code::App;
        let lines = if place.sure {
            &mut shown.sure
        } else {
            &mut shown.maybe
        };
        match stack.frames.iter().find(of_app) {
            Some(frame) => drop(lines.insert(Line::of(&frame.place))),
            None => shown.elsewhere += 1,
        }
        if std::env::var("TASKSCOPE_STACKS")
            .is_ok_and(|name| task.birth.name.as_deref() == Some(name.as_str()))
        {
            eprintln!("{place:?} {:?} {stack:#?}", task.vitals);
        }
    }
    shown
}
