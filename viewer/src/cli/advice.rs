//! What keeps a target from telling more, and what to change: the words of all commands.

use std::time::Duration;

use serde::Serialize;

use crate::feed::{Hello, Source};
use crate::text::{clean, count};

/// How old a target is when its trial is over, and what it has seen can be told; on a busy machine too.
pub(super) const TRIAL_WITHIN: Duration = Duration::from_secs(2);

/// The sources that a level can leave out.
const LOCKS: &str = "locks";
const PERMITS: &str = "permits";
/// The source that can be switched off, or refused by the target, by itself.
const STACKS: &str = "stacks";

/// One thing to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Advice {
    /// A word for programs; the schema lists them.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) problem: String,
    /// What to do, with what is to be written where.
    pub(super) change: String,
}

/// What to change in the set-up of a target; `settled` says whether all its sources deliver that are not switched off.
pub(super) fn of(hello: &Hello, settled: bool) -> Vec<Advice> {
    // What delivers needs no change, whatever the settings say.
    let mut advice = if settled { Vec::new() } else { settings(hello) };
    if !settled && advice.is_empty() {
        advice.push(nothing_arrives());
    }
    let off = |name: &str| {
        let named = |source: &&Source| source.name == name;
        hello
            .sources
            .iter()
            .find(named)
            .is_some_and(|source| is_off(hello, source))
    };
    match (off(LOCKS), off(PERMITS)) {
        (true, _) => advice.push(level(
            "tasks",
            "locks and permits: no holder and no waiter is known, so no deadlock can be found",
        )),
        (false, true) => advice.push(level(
            "locks",
            "permits: who holds those of a semaphore, and who waits to send, is not known",
        )),
        (false, false) => {}
    }
    if off(STACKS) {
        advice.push(no_stacks(&hello.setup.no_stacks));
    } else {
        advice.extend(debug_info(&hello.setup.debug_info));
        advice.extend(no_signals(&hello.setup.no_signals));
    }
    if hello.setup.installed_in_runtime {
        advice.push(installed_late(hello.setup.tasks_before));
    }
    advice
}

/// Whether a source is switched off by the level of the target, or refused by it with a reason, while the target
/// otherwise is set up to tell.
pub(super) fn is_off(hello: &Hello, source: &Source) -> bool {
    let tells = hello
        .sources
        .iter()
        .any(|source| source.name == "tasks" && source.active);
    let refused = source.name == STACKS && !hello.setup.no_stacks.is_empty();
    let by_level = [LOCKS, PERMITS].contains(&source.name.as_str());
    tells && !source.active && (by_level || refused)
}

/// What keeps a target from telling anything at all; empty where something arrives, or may still do so.
pub(super) fn of_silence(hello: &Hello) -> Vec<Advice> {
    // Stacks can be caught where nothing is told of any task.
    let arrived =
        |source: &Source| source.name != STACKS && (source.events > 0 || source.trial_events > 0);
    if hello.sources.iter().any(arrived) {
        return Vec::new();
    }
    let mut advice = settings(hello);
    // One that has only just started has proven nothing yet, and is not to be blamed for that.
    if advice.is_empty() && Duration::from_nanos(hello.now_ns) >= TRIAL_WITHIN {
        advice.push(nothing_arrives());
    }
    advice
}

/// What the settings of a target keep from it.
fn settings(hello: &Hello) -> Vec<Advice> {
    let setup = &hello.setup;
    let mut advice = Vec::new();
    if !setup.tokio_unstable {
        advice.push(tokio_unstable());
    }
    if !setup.static_max_level.is_empty() && setup.static_max_level != "trace" {
        advice.push(static_max_level(&setup.static_max_level));
    }
    if !setup.installed {
        advice.push(not_installed(&setup.install_error));
    }
    advice
}

fn tokio_unstable() -> Advice {
    Advice {
        code: "tokio_unstable",
        problem: "the app was built without `--cfg tokio_unstable`, without which tokio says nothing about its tasks".to_owned(),
        change: "Put these lines into .cargo/config.toml beside the app's Cargo.toml and build again:
  [build]
  rustflags = [\"--cfg\", \"tokio_unstable\"]
If the variable RUSTFLAGS is set it takes the place of those lines: add `--cfg tokio_unstable` to it instead."
            .to_owned(),
    }
}

fn static_max_level(level: &str) -> Advice {
    Advice {
        code: "static_max_level",
        problem: format!("what is more verbose than `{}` was left out when the app was compiled; tokio's events are at `trace`", clean(level)),
        change: "Some crate of the app turns on a feature `max_level_*` or `release_max_level_*` of `tracing`. This finds it:
  cargo tree -e features -i tracing | grep max_level
Take the feature out, at least for the build that is watched; a filter at run time keeps the logs short as well."
            .to_owned(),
    }
}

fn not_installed(error: &str) -> Advice {
    let why = if error.is_empty() {
        "another subscriber was there first".into()
    } else {
        clean(error)
    };
    Advice {
        code: "not_installed",
        problem: format!("taskscope is not the app's global subscriber: {why}"),
        change: "Where the app sets up its logs, put taskscope around them, and take `taskscope::init()` out:
  tracing_subscriber::registry().with(tracing_subscriber::fmt::layer()).with_taskscope().init();"
            .to_owned(),
    }
}

fn level(level: &str, without: &str) -> Advice {
    Advice {
        code: "level",
        problem: format!("the app records at the level `{level}`, which leaves out {without}"),
        change: "Start the app with this variable, or without it, since `permits` is the default:
  TASKSCOPE_LEVEL=permits
If it calls `.level(…)` of taskscope's builder, that takes the place of the variable: take the call out.
If it is meant to record less, to cost less, all is as it should be."
            .to_owned(),
    }
}

fn no_stacks(why: &str) -> Advice {
    Advice {
        code: "no_stacks",
        problem: format!(
            "it is not caught at which lines tasks wait: {}",
            clean(why)
        ),
        change: "That reason says what to change. If it was switched off on purpose, to cost less, all is as it should be."
            .to_owned(),
    }
}

fn no_signals(why: &str) -> Option<Advice> {
    if why.is_empty() {
        return None;
    }
    Some(Advice {
        code: "no_signals",
        problem: format!(
            "threads that compute are not asked where they are, so that only polls that block are seen at a line: {}",
            clean(why)
        ),
        change: "They are asked by a real-time signal that the app does not use (kill -l lists them). If that was switched off \
                 on purpose, all is as it should be."
            .to_owned(),
    })
}

fn debug_info(info: &str) -> Option<Advice> {
    let (problem, strip) = match info {
        "symbols" => (
            "the build tells no lines, and no functions that were inlined",
            "",
        ),
        "stripped" => (
            "the executable is stripped, so that it tells neither lines nor functions",
            "\n  strip = false",
        ),
        _ => return None,
    };
    Some(Advice {
        code: "debug_info",
        problem: format!("{problem}: where tasks wait can hardly be read"),
        change: format!(
            "Put these lines into the app's Cargo.toml and build again, which makes the executable larger and not slower:
  [profile.release]
  debug = \"line-tables-only\"{strip}"
        ),
    })
}

fn nothing_arrives() -> Advice {
    Advice {
        code: "nothing_arrives",
        problem: "the settings look right, yet of some sources no event arrived, not even from the trial".to_owned(),
        change: "See whether the app has two versions of tokio or of tracing-core, of which only one is watched:
  cargo tree -d | grep -E '^(tokio|tracing-core) '
and whether it runs its tasks under a subscriber of their own (`with_default`, `with_subscriber`), which hides them."
            .to_owned(),
    }
}

fn installed_late(tasks: u64) -> Advice {
    // A runtime does not count the future of its `block_on`, which is `main` in most programs.
    let unseen = match tasks {
        0 => "the future in its `block_on` is".to_owned(),
        1 => "1 task that lived before, and the future in its `block_on`, are".to_owned(),
        _ => format!(
            "{} tasks that lived before, and the future in its `block_on`, are",
            count(tasks)
        ),
    };
    Advice {
        code: "installed_late",
        problem: format!("the set-up came late, from within a runtime: {unseen} invisible"),
        change: "Set it up before the runtime. `#[tokio::main] async fn main() { … }` becomes:
  fn main() {
      taskscope::init();
      tokio::runtime::Runtime::new().unwrap().block_on(async { … })
  }"
        .to_owned(),
    }
}
