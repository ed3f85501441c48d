//! What well-behaved targets say.

#![allow(dead_code, reason = "each test uses a part")]

use taskscope_proto::v1::{self, TaskKind, TaskState};

use crate::target::Script;

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// A hello of which nothing is to be complained about.
pub(crate) fn hello() -> v1::HelloResponse {
    let source = |name: &str| v1::Source {
        name: name.to_owned(),
        active: true,
        events: 1290,
        trial_events: 3,
    };
    v1::HelloResponse {
        protocol_version: 1,
        instrument_version: "0.1.0".to_owned(),
        pid: 4242,
        executable: "/srv/bin/shop".to_owned(),
        name: "shop".to_owned(),
        started_unix_ns: 1_790_000_000 * S,
        session_id: u64::MAX - 7,
        now_ns: 192 * S,
        sources: [
            "tasks", "polls", "wakes", "wakers", "locks", "permits", "stacks",
        ]
        .map(source)
        .to_vec(),
        setup: Some(v1::Setup {
            tokio_unstable: true,
            static_max_level: "trace".to_owned(),
            installed: true,
            clock: "tsc".to_owned(),
            debug_info: "full".to_owned(),
            ..Default::default()
        }),
        limits: Some(v1::Limits {
            max_tasks: 1 << 22,
            ended_for_ns: 10 * S,
            ended_bytes: 16 << 20,
            max_name_bytes: 256,
            max_watchers: 16,
        }),
    }
}

/// A shop with a few tasks of each kind.
pub(crate) fn shop() -> Script {
    let first = v1::WatchUpdate {
        sequence: 1,
        now_ns: 192 * S,
        restart: true,
        sites: vec![
            site(0, "src/api.rs", 120, TaskKind::Task),
            site(
                1,
                "/home/me/.cargo/registry/src/hyper/serve.rs",
                40,
                TaskKind::Task,
            ),
            v1::Site {
                type_name: "shop::hash_password::{{closure}}".to_owned(),
                ..site(2, "src/hash.rs", 9, TaskKind::Blocking)
            },
            site(3, "src/main.rs", 12, TaskKind::BlockOn),
        ],
        tasks: vec![
            task(1, 1, 3, "", idle(191 * S, 3, MS)),
            task(2, 17, 1, "", idle(151 * S, 4, 1_210_000)),
            task(3, 42, 0, "handle_upload", running(189 * S)),
        ],
        ..Default::default()
    };
    let second = v1::WatchUpdate {
        sequence: 2,
        now_ns: 192 * S,
        complete: true,
        tasks: vec![
            v1::Task {
                sketches: Some(sketches()),
                ..task(4, 51, 0, "tick", scheduled(192 * S - 812 * MS))
            },
            task(
                5,
                60,
                2,
                "",
                v1::Vitals {
                    state: TaskState::Running as i32,
                    ..idle(190 * S, 0, 0)
                },
            ),
            task(
                6,
                61,
                0,
                "greet",
                v1::Vitals {
                    state: TaskState::Done as i32,
                    ..idle(180 * S, 2, 300)
                },
            ),
        ],
        totals: Some(v1::Totals {
            spawned: 1204,
            scheduled: 1,
            running: 2,
            idle: 2,
            done: 1199,
            polls: 9001,
            wakes: 8000,
            workers: 2,
            ..Default::default()
        }),
        ..Default::default()
    };
    Script {
        hello: hello(),
        updates: vec![first, second],
        ends: false,
        later: None,
        refuses: None,
    }
}

/// A site.
pub(crate) fn site(id: u32, file: &str, line: u32, kind: TaskKind) -> v1::Site {
    v1::Site {
        id,
        file: file.to_owned(),
        line,
        column: 5,
        kind: kind as i32,
        size_bytes: 312,
        past: Some(v1::Tally {
            done: 400,
            polls: 800,
            busy_ns: 3 * S,
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// A task that was spawned a minute after the session began.
pub(crate) fn task(id: u64, tokio_id: u64, site: u32, name: &str, vitals: v1::Vitals) -> v1::Task {
    let birth = v1::Birth {
        tokio_id,
        parent: if id > 1 { 1 } else { 0 },
        name: name.to_owned(),
        site,
        created_ns: 60 * S,
    };
    v1::Task {
        id,
        birth: Some(birth),
        vitals: Some(vitals),
        sketches: None,
    }
}

/// Waits for a wake.
pub(crate) fn idle(since_ns: u64, polls: u64, busy_ns: u64) -> v1::Vitals {
    v1::Vitals {
        state: TaskState::Idle as i32,
        since_ns,
        polls,
        busy_ns,
        scheduled_ns: 10_000,
        wakes: polls,
        self_wakes: polls / 2,
        wakers: 1,
        runtime: 1,
        last_waker: Some(v1::vitals::LastWaker::WokenOutside(true)),
        ..v1::Vitals::default()
    }
}

fn running(since_ns: u64) -> v1::Vitals {
    v1::Vitals {
        state: TaskState::Running as i32,
        ..idle(since_ns, 0, 0)
    }
}

fn scheduled(since_ns: u64) -> v1::Vitals {
    v1::Vitals {
        state: TaskState::Scheduled as i32,
        last_waker: Some(v1::vitals::LastWaker::WokenBy(3)),
        ..idle(since_ns, 1290, 14_100_000)
    }
}

/// The distributions of a task.
pub(crate) fn sketches() -> v1::Sketches {
    let polls = v1::Sketch {
        from_ns: vec![10_000, 600_000],
        to_ns: vec![11_892, 713_525],
        count: vec![1280, 10],
    };
    let delays = v1::Sketch {
        from_ns: vec![3_000],
        to_ns: vec![3_567],
        count: vec![1290],
    };
    v1::Sketches {
        polls: Some(polls),
        delays: Some(delays),
    }
}

/// An update after which two tasks of the shop, 2 and 3, each hold a lock that the other one waits for.
pub(crate) fn deadlock(sequence: u64) -> v1::WatchUpdate {
    let place = |id, line| v1::Place {
        id,
        file: "src/cache.rs".to_owned(),
        line,
        column: 20,
    };
    let lock = |id, holder| v1::Resource {
        id,
        origin: Some(v1::Origin {
            kind: v1::ResourceKind::Mutex as i32,
            place: id as u32,
            created_ns: S,
            creator: 1,
        }),
        usage: Some(v1::Usage {
            holds: vec![v1::Hold {
                task: holder,
                mode: v1::Mode::Exclusive as i32,
                permits: 1,
                since_ns: 150 * S,
                awaits: 1,
                stack: 0,
            }],
            sureness: v1::Sureness::Exact as i32,
            acquired: 20,
            waits: 3,
            ..Default::default()
        }),
    };
    let wait = |id, task, resource| v1::Wait {
        id,
        resource,
        task,
        mode: v1::Mode::Exclusive as i32,
        permits: 1,
        since_ns: 151 * S,
        polled_ns: 151 * S,
        order: id,
        ..Default::default()
    };
    let subject = |of, role: v1::Role| v1::Subject {
        of: Some(of),
        role: role.into(),
    };
    let finding = v1::Finding {
        id: 1,
        rule: "deadlock".to_owned(),
        tier: v1::Tier::Proven as i32,
        subjects: [2, 3]
            .map(|id| subject(v1::subject::Of::Task(id), v1::Role::Deadlocked))
            .into_iter()
            .chain([1, 2].map(|id| subject(v1::subject::Of::Resource(id), v1::Role::Unknown)))
            .collect(),
        since_ns: 151 * S,
        cleared_ns: None,
        summary: "two tasks wait for each other's locks".to_owned(),
        evidence: vec!["it stood in 2 looks, 500ms apart".to_owned()],
        advice: "take both locks in one order".to_owned(),
    };
    v1::WatchUpdate {
        sequence,
        now_ns: 193 * S,
        complete: true,
        places: vec![place(1, 31), place(2, 32)],
        resources: vec![lock(1, 2), lock(2, 3)],
        waits: vec![wait(1, 2, 2), wait(2, 3, 1)],
        findings: vec![finding],
        ..Default::default()
    }
}
