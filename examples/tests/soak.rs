//! A program that is hard to look into is looked into all the time, and comes to no harm by it.
//!
//! A minute; `TASKSCOPE_SOAK=10m cargo test -p taskscope-examples --release --test soak` takes longer.

#[path = "support/target.rs"]
mod target;
#[path = "support/viewer.rs"]
mod viewer;
#[path = "support/watch.rs"]
mod watch;

use std::{collections::BTreeMap, env, thread, time::Duration};

use crate::{
    target::{Target, folder},
    watch::Watch,
};

/// Everything that the program does, but what only signals of its own bring about.
const DONE: [&str; 8] = [
    "computed",
    "recursed",
    "panicked",
    "threads",
    "processes",
    "slept",
    "read",
    "polled",
];

fn soak(options: &str) -> BTreeMap<String, u64> {
    let length = env::var("TASKSCOPE_SOAK").unwrap_or_else(|_| "1m".to_owned());
    let time = humantime::parse_duration(&length).expect("TASKSCOPE_SOAK is a time, like 10m");
    let dir = folder();
    let options = format!("--for {length} {options}");
    let mut target = Target::start(env!("CARGO_BIN_EXE_soak"), &options, dir.path());
    assert_eq!(target.line(), "soaking");
    let watch = Watch::of(&target);
    let mut seen = 0_u64;
    let looks = time.as_secs() * 4;
    for _ in 0..looks {
        // Names are given while somebody watches.
        let Some(world) = watch.world() else {
            break; // it has ended
        };
        let polls = world.tasks().filter_map(|task| world.long_poll(task.id));
        seen += polls.filter(|poll| poll.stack.is_some()).count() as u64;
        thread::sleep(Duration::from_millis(200));
    }
    let mut done: BTreeMap<String, u64> = BTreeMap::new();
    while done.len() < DONE.len() + 2 {
        let line = target.line();
        let (what, times) = line.split_once(' ').expect("a count");
        done.insert(what.to_owned(), times.parse().expect("a count"));
    }
    println!("{options}: {done:?}, {looks} looks with {seen} long polls");
    assert!(seen > 0, "no long poll was seen in {looks} looks");
    for what in DONE {
        assert!(done[what] > 0, "{what}: {done:?}");
    }
    done
}

#[test]
fn what_is_looked_into_is_not_interrupted() {
    assert_eq!(soak("")["interrupted"], 0);
}

#[test]
fn signals_of_the_programs_own_are_all_heard() {
    assert!(soak("--signals")["signals"] > 100);
}
