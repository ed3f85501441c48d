//! A small world to look at: a web service a few minutes after its start.

use std::num::NonZeroU16;

use taskscope_model::{
    Birth, Bucket, Change, Kind, LastWaker, Nanos, RuntimeId, Site, SiteId, Sketch, Sketches,
    Stamp, State, Tally, TaskId, Totals, Vitals,
};

use crate::feed::{Hello, Limits, Setup, Source};

pub(super) const MS: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000 * MS;
/// When the demo world is looked at.
pub(super) const NOW: u64 = 192 * SECOND;

pub(super) fn hello() -> Hello {
    let source = |name: &str| Source {
        name: name.to_owned(),
        active: true,
        events: 1,
        trial_events: 1,
    };
    Hello {
        session: 1,
        pid: 4242,
        name: "demo".to_owned(),
        executable: "/usr/bin/demo".to_owned(),
        protocol_version: 1,
        instrument_version: "0.1.0".to_owned(),
        now_ns: NOW,
        sources: ["tasks", "polls", "wakes", "wakers"].map(source).to_vec(),
        setup: Setup {
            tokio_unstable: true,
            static_max_level: "trace".to_owned(),
            installed: true,
            ..Setup::default()
        },
        limits: Limits::default(),
        ..Hello::default()
    }
}

/// The id of the task with this tokio id.
pub(super) fn id(tokio: u64) -> TaskId {
    TaskId::new(0x1000 + tokio).unwrap()
}

pub(super) fn site(n: u32, file: &str, line: u32, kind: Kind, size: u64) -> Change {
    let site = Site {
        file: file.into(),
        line,
        column: 5,
        kind,
        size,
        ..Site::default()
    };
    Change::Site(SiteId(n), Box::new(site))
}

pub(super) fn vitals(state: State, ago: u64) -> Vitals {
    Vitals {
        state,
        since: Stamp(NOW - ago),
        polls: 4,
        busy: Nanos(1_210_000),
        scheduled: Nanos(31_000),
        wakes: 3,
        wakers: 1,
        runtime: NonZeroU16::new(1).map(RuntimeId),
        last_waker: LastWaker::NoTask,
        ..Vitals::at_birth(Stamp(0))
    }
}

pub(super) fn born(
    tokio: u64,
    name: &str,
    site: u32,
    parent: Option<u64>,
    age: u64,
    vitals: Vitals,
) -> Change {
    let birth = Birth {
        tokio_id: tokio.try_into().ok(),
        parent: parent.map(id),
        name: (!name.is_empty()).then(|| name.into()),
        site: SiteId(site),
        created: Stamp(NOW - age),
    };
    Change::Born(id(tokio), Box::new(birth), vitals)
}

pub(super) fn now(stamp: u64) -> Change {
    Change::Now(Stamp(stamp))
}

pub(super) fn demo() -> Vec<Change> {
    use Kind::{BlockOn, Blocking, Local, Task};
    use State::{Cancelled, Done, Idle, Panicked, Running, Scheduled};
    let mut changes = vec![
        site(0, "src/main.rs", 31, BlockOn, 2_048),
        site(1, "src/server.rs", 44, Task, 312),
        site(2, "src/server.rs", 71, Task, 1_264),
        site(3, "src/pool/worker.rs", 18, Task, 840),
        site(4, "src/api/upload.rs", 120, Blocking, 64),
        site(5, "src/cache.rs", 9, Local, 512),
    ];
    if let Some(Change::Site(_, site)) = changes.get_mut(4) {
        site.type_name = Some("demo::api::upload::hash::{{closure}}".into());
    }
    if let Some(Change::Site(_, site)) = changes.get_mut(3) {
        site.boxed_from = Some(20_480);
    }
    let long = 190 * SECOND;
    let polls = |polls, busy, vitals: Vitals| Vitals {
        polls,
        busy: Nanos(busy),
        wakes: polls,
        ..vitals
    };
    changes.extend([
        born(
            1,
            "",
            0,
            None,
            NOW,
            polls(12, 3 * MS, vitals(Idle, 41 * SECOND)),
        ),
        born(
            3,
            "accept",
            1,
            Some(1),
            long,
            polls(1_002, 8 * MS, vitals(Idle, 812 * MS)),
        ),
        born(
            4,
            "worker-0",
            3,
            Some(1),
            long,
            polls(48_210, 41 * SECOND, vitals(Running, 3 * MS)),
        ),
        born(
            5,
            "worker-1",
            3,
            Some(1),
            long,
            polls(47_911, 40 * SECOND, vitals(Running, 3_100 * MS)),
        ),
        born(
            6,
            "worker-2",
            3,
            Some(1),
            long,
            polls(48_004, 39 * SECOND, vitals(Scheduled, 940 * MS)),
        ),
        born(
            7,
            "refresh",
            5,
            Some(1),
            long,
            Vitals {
                wakers: 0,
                ..polls(190, 21 * MS, vitals(Idle, 12 * SECOND))
            },
        ),
        born(
            42,
            "",
            4,
            Some(4),
            2 * SECOND,
            Vitals {
                polls: 0,
                ..vitals(Running, 2 * SECOND)
            },
        ),
        born(
            43,
            "",
            4,
            Some(4),
            SECOND,
            Vitals::at_birth(Stamp(NOW - SECOND)),
        ),
        born(51, "conn", 2, Some(3), 5 * SECOND, vitals(Done, 2 * SECOND)),
        born(
            52,
            "conn",
            2,
            Some(3),
            4 * SECOND,
            vitals(Cancelled, SECOND),
        ),
        born(
            53,
            "conn",
            2,
            Some(3),
            3 * SECOND,
            vitals(Panicked, 500 * MS),
        ),
    ]);
    for n in 0..12 {
        let mut vitals = polls(
            31 + n,
            220_000 + n * 31_000,
            vitals(Idle, (n + 1) * 371 * MS),
        );
        if n % 3 == 0 {
            vitals.last_waker = LastWaker::Task(id(3));
        }
        changes.push(born(60 + n, "conn", 2, Some(3), (20 + n) * SECOND, vitals));
    }
    changes.push(Change::Past(
        SiteId(2),
        Tally {
            done: 1_180,
            polls: 36_000,
            busy: Nanos(SECOND),
            ..Tally::default()
        },
    ));
    changes.push(Change::Totals(Box::new(totals())));
    changes.push(now(NOW));
    changes
}

pub(super) fn totals() -> Totals {
    Totals {
        spawned: 1_204,
        scheduled: 2,
        running: 3,
        idle: 15,
        done: 1_181,
        cancelled: 1,
        panicked: 1,
        workers: 2,
        worker_busy: Nanos(80 * SECOND),
        polls: 181_000,
        ..Totals::default()
    }
}

/// Distributions as a target would tell them.
pub(super) fn sketches() -> Sketches {
    let sketch = |from: f64, counts: &[u64]| {
        let bucket = |(i, count): (usize, &u64)| {
            let from = from * 2f64.powf(i as f64 / 4.0);
            Bucket {
                from: Nanos(from as u64),
                to: Nanos((from * 2f64.powf(0.25)) as u64),
                count: *count,
            }
        };
        Sketch::new(counts.iter().enumerate().map(bucket))
    };
    Sketches {
        polls: sketch(
            20_000.0,
            &[
                1, 3, 9, 22, 61, 140, 230, 190, 122, 75, 44, 31, 40, 52, 38, 17, 6, 2, 0, 0, 0, 1,
            ],
        ),
        delays: sketch(900.0, &[4, 60, 410, 320, 110, 30, 12, 4, 0, 1]),
    }
}
