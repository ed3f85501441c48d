//! Tests of the benchmark itself: its arithmetic, its limits, its command line.

#![forbid(unsafe_code)]
#![allow(dead_code)] // what only the benchmark's run loop uses

mod args;
mod build;
mod limits;
mod sample;
mod stats;
mod table;
mod variant;
mod watch;

use std::time::{Duration, Instant};

use args::{Args, Viewer};
use sample::{Memory, Speed};
use stats::Spread;
use variant::Variant;
use watch::Watch;

fn parse(line: &str) -> Result<Option<Args>, String> {
    Args::parse(line.split_whitespace().map(String::from))
}

fn speed(variant: Variant, op: &str, round: usize, wall: f64) -> Speed {
    Speed {
        variant,
        runtime: "current".into(),
        op: op.into(),
        round,
        wall,
        thread: wall,
        cpu: wall,
    }
}

#[test]
fn a_spread_is_the_middle_and_the_ends() {
    assert_eq!(Spread::of([]), None);
    assert_eq!(
        Spread::of([3.0, 1.0, 2.0]),
        Some(Spread {
            median: 2.0,
            least: 1.0,
            most: 3.0
        })
    );
    assert_eq!(
        Spread::of([4.0, 1.0, 2.0, 3.0]),
        Some(Spread {
            median: 2.5,
            least: 1.0,
            most: 4.0
        })
    );
}

#[test]
fn ratios_compare_values_of_the_same_round() {
    // The machine was twice as slow in round 1; the ratio is 2 in both.
    let (subject, base) = ([(0, 20.0), (1, 40.0), (2, 1.0)], [(1, 20.0), (0, 10.0)]);
    let ratio = Spread::by_round(&subject, &base, |subject, base| subject / base);
    assert_eq!(
        ratio,
        Some(Spread {
            median: 2.0,
            least: 2.0,
            most: 2.0
        })
    );
    assert_eq!(
        Spread::by_round(&subject, &[], |subject, base| subject / base),
        None
    );
}

#[test]
fn limits_are_kept_or_exceeded() {
    let speeds = |poll, spawn, console| {
        vec![
            speed(Variant::Traced, "poll", 0, 10.0),
            speed(Variant::Taskscope, "poll", 0, poll),
            speed(Variant::Traced, "spawn", 0, 100.0),
            speed(Variant::Taskscope, "spawn", 0, spawn),
            speed(Variant::Console, "spawn", 0, console),
        ]
    };
    let holds = |speeds: &[Speed]| {
        limits::check(speeds, &[])
            .iter()
            .map(limits::Verdict::holds)
            .collect::<Vec<_>>()
    };
    assert_eq!(holds(&speeds(23.0, 180.0, 9_000.0)), [true, true, true]);
    assert_eq!(holds(&speeds(23.1, 181.0, 9_000.0)), [false, false, false]);
    assert!(
        holds(&[speed(Variant::Traced, "poll", 0, 10.0)]).is_empty(),
        "nothing to compare"
    );
}

#[test]
fn memory_is_limited_at_its_highest_and_above_the_traced_program() {
    let memory = |variant, watched, most| Memory {
        variant,
        tasks: 1_000_000,
        round: 0,
        watched,
        bytes: 400.0,
        most,
        spawn: 0.0,
    };
    let verdicts = limits::check(
        &[],
        &[
            memory(Variant::Traced, None, 400.0),
            memory(Variant::Taskscope, None, 912.0),
            memory(Variant::Taskscope, Some(watch::Watched::default()), 913.0),
        ],
    );
    assert_eq!(
        verdicts
            .iter()
            .map(limits::Verdict::holds)
            .collect::<Vec<_>>(),
        [true, false]
    );
    assert!(table::limits(&verdicts).contains("**exceeded**"));
}

#[test]
fn tables_show_what_was_measured_and_nothing_else() {
    let args = parse("--bench --ops poll,spawn --variants traced,bare")
        .unwrap()
        .unwrap();
    let speeds = [
        speed(Variant::Traced, "poll", 0, 10.0),
        speed(Variant::Traced, "poll", 1, 20.0),
        speed(Variant::Bare, "poll", 0, 15.0),
        speed(Variant::Bare, "poll", 1, 30.0),
    ];
    let table = table::speed(&speeds, &args, "current");
    assert!(
        table.contains("| bare | 22.5 · 1.50× (15.0–30.0) | – |"),
        "{table}"
    );
    assert!(!table.contains("console"), "{table}");
    // Tasks of a multi-thread runtime move between threads: no thread's own time says anything of them.
    assert!(table.contains("the thread's CPU time"), "{table}");
    assert!(
        !table::speed(&speeds, &args, "multi").contains("the thread's"),
        "{table}"
    );
}

#[test]
fn the_command_line_says_what_is_wrong_with_it() {
    for (line, complaint) in [
        ("--bench --rounds 0", "`0` is no number of rounds"),
        ("--bench --rounds", "`--rounds` needs a value"),
        ("--bench --ops poll,fly", "`fly` is none of"),
        ("--bench --variants none", "names none"),
        ("--bench --tasks 1,x", "`x` is no number of tasks"),
        ("--bench --settle -1", "`-1` is no number of seconds"),
        ("--bench --viewer-args x", "needs `--viewer`"),
        ("--bench spawn", "there is no option `spawn`"),
    ] {
        let error = parse(line).unwrap_err();
        assert!(error.contains(complaint), "{line}: {error}");
    }
}

#[test]
fn only_cargo_bench_measures() {
    assert_eq!(parse(""), Ok(None));
    let args = parse("--quick --settle 1.5s --tasks 1_000 --viewer v --bench")
        .unwrap()
        .unwrap();
    assert_eq!((args.rounds, args.memory_rounds()), (2, 1));
    assert_eq!(
        (args.settle, args.tasks),
        (Duration::from_millis(1500), vec![1000])
    );
    let words = ["tasks", "pid:{pid}", "--format", "json"]
        .map(String::from)
        .to_vec();
    assert_eq!(
        args.viewer,
        Some(Viewer {
            path: "v".into(),
            args: words
        })
    );
}

#[cfg(unix)]
#[test]
#[allow(clippy::disallowed_methods)] // a deadline
fn a_viewer_that_fails_is_told_from_one_that_works() {
    let run = |script: &str| {
        let script = script.to_owned();
        let marker = tempfile();
        let args = vec![
            "-c".into(),
            format!("{script}; echo >> {marker}; exit $code"),
        ];
        let watch = Watch::start(
            &Viewer {
                path: "sh".into(),
                args,
            },
            42,
        );
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::fs::read(&marker).map_or(0, |text| text.len()) < 2 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let watched = watch.stop().unwrap();
        std::fs::remove_file(&marker).unwrap();
        watched
    };
    let failing = run("echo no {pid} >&2; code=3");
    assert!(failing.failed >= 1 && failing.succeeded == 0, "{failing:?}");
    assert!(failing.proven().unwrap_err().contains("no 42"));
    assert!(failing.complaint.unwrap().contains("no 42"));
    let working = run("code=0");
    assert!(working.succeeded >= 1 && working.failed == 0, "{working:?}");
    assert_eq!(working.proven(), Ok(()));
    assert!(watch::Watched::default().proven().is_err(), "nothing ran");
}

#[cfg(unix)]
fn tempfile() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "cost-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    std::env::temp_dir()
        .join(name)
        .to_string_lossy()
        .into_owned()
}
