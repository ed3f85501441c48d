//! Tasks and groups of them: which are printed, and with which numbers.

use taskscope_proto::v1;

use crate::command::{command, run, run_with};
use crate::target::{Script, Target};
use crate::{dir, scenes};

/// The ids of the tasks that were printed.
fn ids(json: &serde_json::Value) -> Vec<u64> {
    let tasks = json["tasks"].as_array().expect("tasks");
    tasks
        .iter()
        .map(|task| task["tokio_id"].as_u64().expect("an id"))
        .collect()
}

#[test]
fn tasks_are_printed_as_a_table() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["tasks"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!("tasks", ran.stdout);
    assert!(
        !ran.stdout.contains('\u{1b}'),
        "there are no colours in a pipe"
    );
}

#[test]
fn a_table_fits_the_columns_that_there_are() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let mut narrow = command(
        env!("CARGO_BIN_EXE_taskscope").as_ref(),
        dir.path(),
        &["tasks"],
    );
    narrow.env("COLUMNS", "60");
    let ran = run_with(narrow);
    insta::assert_snapshot!("tasks_60", ran.stdout);
}

#[test]
fn columns_and_percentiles_are_those_asked_for() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let columns = "--columns=id,name,kind,self,wakers,age,size,runtime,parent";
    let ran = run(
        dir.path(),
        &["tasks", columns, "--percentiles", "--sort=id"],
    );
    insta::assert_snapshot!("tasks_columns", ran.stdout);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn groups_add_up_what_is_listed_and_what_is_past() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let ran = run(dir.path(), &["tasks", "--group", "--sort=-live"]);
    insta::assert_snapshot!("tasks_group", ran.stdout);
    run(dir.path(), &["tasks", "--group", "--sort=age"]).failed(2, "--sort age: unknown column");
}

#[test]
fn places_can_be_read_where_there_is_little_room() {
    let dir = dir();
    let mut script = scenes::shop();
    script.updates[0].sites[0].file = "src/handlers/websocket_sessions.rs".to_owned();
    let _target = Target::start(dir.path(), 4242, script);
    let lines = |columns: &str| {
        let mut narrow = command(
            env!("CARGO_BIN_EXE_taskscope").as_ref(),
            dir.path(),
            &["tasks", "--group"],
        );
        narrow.env("COLUMNS", columns);
        let lines = run_with(narrow).stdout;
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let narrow = lines("80");
    assert!(
        narrow[1].ends_with(" websocket_sessions.rs:120"),
        "{narrow:?}"
    );
    assert!(!narrow[0].contains("WAKES"), "{narrow:?}");
    for column in ["LIVE", "ENDED", "POLLS", "BUSY", "KIND", "LOC"] {
        assert!(narrow[0].contains(column), "{narrow:?}");
    }
    assert!(lines("140")[0].contains("WAKES"));
}

#[test]
fn a_place_with_tasks_of_several_kinds_is_mixed() {
    let dir = dir();
    let mut script = scenes::shop();
    // The line of another site, as where a macro spawns both.
    let blocking = scenes::site(4, "src/api.rs", 120, v1::TaskKind::Blocking);
    script.updates[0].sites.push(blocking);
    let _target = Target::start(dir.path(), 4242, script);
    let ran = run(dir.path(), &["tasks", "--group", "--filter=state:running"]);
    assert!(ran.stdout.contains(" task      api.rs:120"), "{ran:?}");
    let ran = run(dir.path(), &["tasks", "--group"]);
    assert!(ran.stdout.contains(" mixed     api.rs:120"), "{ran:?}");
    let json = run(
        dir.path(),
        &["tasks", "--group", "--format=json", "--sort=-live"],
    )
    .json();
    assert_eq!(json["groups"][0]["kind"], "mixed");
    assert_eq!(json["groups"][0]["wakes"], 1292);
    // What is known of the wakes there is not all.
    let mut script = scenes::shop();
    let future = scenes::site(4, "src/api.rs", 120, v1::TaskKind::BlockOn);
    script.updates[0].sites.push(future);
    let _target = Target::start(dir.path(), 4243, script);
    let args = [
        "tasks",
        "pid:4243",
        "--group",
        "--format=json",
        "--sort=-live",
    ];
    let json = run(dir.path(), &args).json();
    assert_eq!(json["groups"][0]["kind"], "mixed");
    assert!(json["groups"][0]["wakes"].is_null(), "{json}");
}

#[test]
fn filter_sort_and_limit_choose_the_tasks() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let of = |args: &[&str]| {
        let json = run(dir.path(), &[&["tasks", "--format=json"], args].concat()).json();
        (ids(&json), json["matching"].as_u64().expect("a count"))
    };
    assert_eq!(of(&["--sort=id"]), (vec![1, 17, 42, 51, 60], 5));
    assert_eq!(of(&["--sort=-id", "--limit=2"]), (vec![60, 51], 5));
    assert_eq!(
        of(&["--filter=state:running busy>1s", "--sort", "-busy"]),
        (vec![42, 60], 2)
    );
    assert_eq!(
        of(&["--ended", "--sort=id"]),
        (vec![1, 17, 42, 51, 60, 61], 6)
    );
    assert_eq!(of(&["--filter=state:done"]), (vec![61], 1));
    assert_eq!(of(&["--filter=nothing-is-called-this"]), (vec![], 0));
}

#[test]
fn what_only_asks_for_is_asked_of_the_target() {
    let dir = dir();
    let target = Target::start(dir.path(), 4242, scenes::shop());
    let args = [
        "tasks",
        "--only=State:run",
        "--filter=upload",
        "--percentiles",
        "--format=json",
    ];
    let json = run(dir.path(), &args).json();
    assert_eq!(
        (json["only"].as_str(), json["filter"].as_str()),
        (Some("state:running"), Some("state:running upload"))
    );
    assert_eq!(ids(&json), [42]);
    let request = target.request(0);
    assert_eq!(
        (request.filter.as_str(), request.sketching()),
        ("state:running", v1::Sketching::All)
    );
}

#[test]
fn numbers_are_the_targets_own() {
    let dir = dir();
    let _target = Target::start(dir.path(), 4242, scenes::shop());
    let json = run(
        dir.path(),
        &[
            "tasks",
            "--format=json",
            "--percentiles",
            "--filter=name:tick",
        ],
    )
    .json();
    assert_eq!(json["target"]["session_id"], (u64::MAX - 7).to_string());
    assert_eq!(json["at_unix_ns"], 1_790_000_192_000_000_000_u64);
    assert_eq!(json["totals"]["spawned"], 1204);
    let tick = &json["tasks"][0];
    assert_eq!(tick["created_unix_ns"], 1_790_000_060_000_000_000_u64);
    assert_eq!(tick["in_state_ns"], 812_000_000);
    // The wait under way is included.
    assert_eq!(tick["scheduled_ns"], 812_010_000);
    assert_eq!(tick["busy_ns"], 14_100_000);
    assert_eq!(
        (&tick["polls"], &tick["wakes"], &tick["self_wakes"]),
        (&1290.into(), &1290.into(), &645.into())
    );
    assert_eq!(tick["parent_tokio_id"], 1);
    assert_eq!(
        (
            tick["last_waker"]["kind"].as_str(),
            &tick["last_waker"]["tokio_id"]
        ),
        (Some("task"), &42.into())
    );
    assert_eq!(tick["poll_time"]["samples"], 1290);
    let p50 = tick["poll_time"]["p50_ns"].as_u64().expect("a length");
    assert!((10_000..11_892).contains(&p50), "{p50}");
    assert_eq!(
        (
            tick["spawned_at"]["file"].as_str(),
            &tick["spawned_at"]["line"]
        ),
        (Some("src/api.rs"), &120.into())
    );
}

#[test]
fn what_the_target_can_not_tell_is_unknown() {
    let dir = dir();
    let mut script = scenes::shop();
    script
        .hello
        .sources
        .retain(|source| source.name != "wakers");
    script.hello.sources[1].active = false;
    let _target = Target::start(dir.path(), 4242, script);
    let json = run(dir.path(), &["tasks", "--format=json", "--sort=id"]).json();
    let tick = &json["tasks"][3];
    for unknown in ["polls", "busy_ns", "idle_ns", "wakers"] {
        assert!(tick[unknown].is_null(), "{unknown}");
    }
    assert_eq!(tick["wakes"], 1290);
    // The future of a block_on is woken by means of its own.
    for unknown in ["wakes", "scheduled_ns", "idle_ns"] {
        assert!(json["tasks"][0][unknown].is_null(), "{unknown}");
    }
    let json = run(
        dir.path(),
        &["tasks", "--group", "--format=json", "--sort=loc"],
    )
    .json();
    let groups = json["groups"].as_array().expect("groups");
    for group in groups {
        let block_on = group["kind"] == "block_on";
        for field in ["wakes", "self_wakes"] {
            assert_eq!(group[field].is_null(), block_on, "{field} of {group}");
        }
        for field in ["polls", "busy_ns", "delayed_ns"] {
            assert!(group[field].is_null(), "{field} of {group}");
        }
    }
    assert_eq!(groups.len(), 4);
    let text = run(dir.path(), &["tasks"]).stdout;
    assert!(
        text.contains(" ? ") && text.contains("`taskscope doctor`"),
        "{text}"
    );
}

#[test]
fn a_large_picture_comes_in_whole() {
    const TASKS: u64 = 100_000;
    let dir = dir();
    let chunk = |sequence: u64| {
        let of = |i| scenes::task(i + 1, i + 1, 0, "", scenes::idle(60_000_000_000, 1, i));
        v1::WatchUpdate {
            sequence,
            complete: sequence == 10,
            tasks: ((sequence - 1) * TASKS / 10..sequence * TASKS / 10)
                .map(of)
                .collect(),
            ..Default::default()
        }
    };
    let script = Script {
        updates: (1..=10).map(chunk).collect(),
        ..scenes::shop()
    };
    let _target = Target::start(dir.path(), 4242, script);
    let json = run(dir.path(), &["tasks", "--format=json", "--limit=3"]).json();
    assert_eq!(json["matching"], TASKS);
    assert_eq!(ids(&json), [TASKS, TASKS - 1, TASKS - 2]);
}
