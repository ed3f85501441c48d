//! A few of the diseases in the list of tasks: they are what they are said to be, whatever rules make of them.

use std::path::Path;

use serde_json::Value;

use crate::{
    lines::line,
    programs::RUNTIMES,
    runs::binary,
    target::{Target, folder, until},
    viewer::run,
};

const SECOND: u64 = 1_000_000_000;

/// The tasks that were spawned on the line with a mark, ended ones too.
fn tasks(target: &Target, program: &str, mark: &str, dir: &Path) -> Vec<Value> {
    let listed = ["tasks", target.address(), "--ended", "--format", "json"];
    let mut listed = run(dir, &listed).json();
    let place = (format!("{program}.rs"), line(program, "spawns", mark));
    let Value::Array(tasks) = listed["tasks"].take() else {
        panic!("no tasks: {listed}");
    };
    tasks
        .into_iter()
        .filter(|task| {
            let at = &task["spawned_at"];
            let file = Path::new(at["file"].as_str().unwrap_or_default()).file_name();
            file.is_some_and(|file| *file == *place.0) && at["line"] == place.1
        })
        .collect()
}

/// Waits until the tasks of a mark are as they are said to be, on both runtimes.
#[track_caller]
fn sees(program: &str, mark: &str, so: impl Fn(&[Value]) -> bool) {
    for runtime in RUNTIMES {
        let dir = folder();
        let arguments = format!("--for 60s --runtime {runtime}");
        let target = Target::start(&binary(program), &arguments, dir.path());
        let what = format!("the tasks `{mark}` of {program} on {runtime}");
        until(&what, || so(&tasks(&target, program, mark, dir.path())));
    }
}

/// Whether there are so many in a state, for at least a second.
fn stand(tasks: &[Value], state: &str, count: usize) -> bool {
    let standing = tasks.iter().filter(|task| {
        task["state"] == state && task["in_state_ns"].as_u64().is_some_and(|ns| ns >= SECOND)
    });
    standing.count() == count
}

fn number(task: &Value, key: &str) -> u64 {
    task[key].as_u64().unwrap_or_default()
}

#[test]
fn those_who_wait_for_each_other_stay_idle() {
    for (program, mark, count) in [
        ("deadlock", "alice to bob", 1),
        ("deadlock", "bob to alice", 1),
        ("deadlock_mailboxes", "kitchen", 1),
        ("deadlock_mailboxes", "waiters", 1),
        ("deadlock_permits", "folder", 5),
        ("deadlock_reentrant_read", "reload", 1),
        ("futurelock", "request", 1),
        ("futurelock_buffered", "crawl", 1),
        ("futurelock_slow_body", "search", 1),
        ("held_across_await_join", "part", 4),
    ] {
        sees(program, mark, |tasks| stand(tasks, "idle", count));
    }
}

#[test]
fn who_blocks_stays_running() {
    for (program, mark) in [
        ("long_poll", "refresh"),
        ("long_poll_sleep", "upload"),
        ("long_poll_busy_loop", "resizer"),
    ] {
        sees(program, mark, |tasks| stand(tasks, "running", 1));
    }
}

#[test]
fn those_without_a_waker_have_none() {
    for program in ["lost_waker", "lost_waker_overwritten"] {
        let mark = if program == "lost_waker" {
            "request"
        } else {
            "work"
        };
        sees(program, mark, |tasks| {
            let lost = tasks.iter().filter(|task| task["wakers"] == 0).cloned();
            stand(&lost.collect::<Vec<_>>(), "idle", 3)
        });
    }
}

#[test]
fn who_is_never_polled_stays_scheduled() {
    for (program, mark) in [("never_polled", "renew"), ("never_polled_local", "save")] {
        sees(program, mark, |tasks| {
            stand(tasks, "scheduled", 1) && tasks[0]["polls"] == 0
        });
    }
}

#[test]
fn a_full_pool_has_a_queue() {
    sees("blocking_pool_full", "compress", |tasks| {
        let running = tasks.iter().filter(|task| task["state"] == "running");
        running.count() == 2 && stand(tasks, "scheduled", 4)
    });
}

#[test]
fn some_wait_for_a_worker_where_all_take_turns() {
    sees("starved", "render", |tasks| {
        tasks
            .iter()
            .any(|task| task["state"] == "scheduled" && number(task, "in_state_ns") > SECOND)
    });
}

#[test]
fn a_busy_loop_wakes_itself() {
    sees("busy_wake", "finish", |tasks| {
        let polls = tasks.first().map_or(0, |task| number(task, "polls"));
        polls > 10_000 && number(&tasks[0], "self_wakes") > polls / 2
    });
    // Its wakes come from the runtime, which keeps them back for a moment.
    sees("busy_wake_yield", "consume", |tasks| {
        tasks.first().map_or(0, |task| number(task, "polls")) > 10_000
    });
}

#[test]
fn a_large_future_is_boxed() {
    sees("large_future", "proxy", |tasks| {
        tasks.len() == 8
            && tasks
                .iter()
                .all(|task| number(task, "boxed_from_bytes") > 64 * 1024)
    });
}

#[test]
fn tasks_that_leak_are_many_and_those_that_are_cut_off_are_cancelled() {
    sees("task_leak", "keep-alive", |tasks| {
        tasks.len() > 150 && tasks.iter().all(|task| task["state"] == "idle")
    });
    sees("cancelled_mid_await", "request", |tasks| {
        let cancelled = tasks.iter().filter(|task| task["state"] == "cancelled");
        cancelled.count() >= 2
    });
}
