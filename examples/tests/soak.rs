//! A program that is hard to look into is looked into all the time, and comes to no harm by it.
//!
//! A minute; `TASKSCOPE_SOAK=10m cargo test -p taskscope-examples --release --test soak` takes longer.
#![cfg(target_os = "linux")]

#[path = "support/debugger.rs"]
mod debugger;
#[path = "support/target.rs"]
mod target;
#[path = "support/viewer.rs"]
mod viewer;
#[path = "support/watch.rs"]
mod watch;

use std::{
    collections::BTreeMap,
    env, thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use taskscope_examples::clock;
use tempfile::TempDir;

use crate::{
    debugger::Debugger,
    target::{Target, folder, until},
    watch::Watch,
};

/// Everything that the program does, but what only signals of its own bring about.
const DONE: [&str; 10] = [
    "computed",
    "recursed",
    "grown",
    "loaded",
    "panicked",
    "threads",
    "processes",
    "slept",
    "read",
    "polled",
];

/// The program, as it soaks.
struct Soak {
    options: String,
    end: Instant,
    target: Target,
    _dir: TempDir,
}

impl Soak {
    fn start(options: &str) -> Self {
        let length = env::var("TASKSCOPE_SOAK").unwrap_or_else(|_| "1m".to_owned());
        let time = humantime::parse_duration(&length).expect("TASKSCOPE_SOAK is a time, like 10m");
        let dir = folder();
        let options = format!("--for {length} {options}");
        let mut target = Target::start(env!("CARGO_BIN_EXE_soak"), &options, dir.path());
        assert_eq!(target.line(), "soaking");
        Self {
            options,
            end: clock::now() + time,
            target,
            _dir: dir,
        }
    }

    /// Looks on until it ends, and says how often it did what.
    fn look_on(&mut self) -> BTreeMap<String, u64> {
        let watch = Watch::of(&self.target);
        let (mut looks, mut seen) = (0_u64, 0_u64);
        while clock::now() < self.end {
            // Names are given while somebody watches.
            let Some(world) = watch.world() else {
                break; // it has ended
            };
            looks += 1;
            let polls = world.tasks().filter_map(|task| world.long_poll(task.id));
            seen += polls.filter(|poll| poll.stack.is_some()).count() as u64;
            thread::sleep(Duration::from_millis(200));
        }
        let mut done: BTreeMap<String, u64> = BTreeMap::new();
        while done.len() < DONE.len() + 2 {
            let line = self.target.line();
            let (what, times) = line.split_once(' ').expect("a count");
            done.insert(what.to_owned(), times.parse().expect("a count"));
        }
        self.ends_well();
        let options = &self.options;
        println!("{options}: {done:?}, {looks} looks with {seen} long polls");
        assert!(seen > 0, "no long poll was seen in {looks} looks");
        for what in DONE {
            assert!(done[what] > 0, "{what}: {done:?}");
        }
        done
    }

    fn ends_well(&self) {
        let pid = self.target.pid().try_into().ok().and_then(Pid::from_raw);
        let process = WaitId::Pid(pid.expect("a process"));
        // It is left for the debugger, if there is one, to be told too.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let mut ended = None;
        until("the program's end", || {
            ended = waitid(process.clone(), options).expect("a child of this process");
            ended.is_some()
        });
        assert_eq!(ended.and_then(|status| status.exit_status()), Some(0));
    }
}

#[test]
fn what_is_looked_into_is_not_interrupted() {
    thread::scope(|scope| {
        // Not a test of its own: no more than two run at once on two processors, and all of this is to take a minute.
        scope.spawn(a_debugger_beside_it_does_no_harm);
        assert_eq!(Soak::start("").look_on()["interrupted"], 0);
    });
}

fn a_debugger_beside_it_does_no_harm() {
    let mut soak = Soak::start("");
    let debugger = Debugger::attach(soak.target.pid());
    let done = soak.look_on();
    let stops = debugger.end();
    println!("stopped {stops} times by a debugger: {done:?}");
    assert!(stops > 0);
    // The kernel starts all of these calls anew after a stop that brings no signal along.
    assert_eq!(done["interrupted"], 0);
}

#[test]
fn signals_of_the_programs_own_are_all_heard() {
    assert!(Soak::start("--signals").look_on()["signals"] > 100);
}
