//! A bank whose tasks wait for each other, for tests to look at.

mod findings;

use std::num::NonZeroU64;

use serde_json::Value;
use taskscope_model::{
    Birth, Change, Hold, Holder, Kind, Mode, Nanos, Origin, Place, PlaceId, Resource, ResourceId,
    ResourceKind, Site, SiteId, Stamp, State, Sureness, TaskId, Totals, Usage, Vitals, Wait,
    WaitId, World,
};

use crate::feed::{Hello, Source};

pub(crate) use self::findings::findings;

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const SECOND: u64 = 1_000 * MS;
/// When the bank is looked at.
pub(crate) const NOW: u64 = 192 * SECOND;

pub(crate) fn hello() -> Hello {
    let source = |name: &str| Source {
        name: name.to_owned(),
        active: true,
        events: 1,
        trial_events: 1,
    };
    let mut hello = Hello {
        session: 7,
        pid: 4242,
        name: "bank".to_owned(),
        executable: "/usr/bin/bank".to_owned(),
        protocol_version: 1,
        instrument_version: "0.1.0".to_owned(),
        now_ns: NOW,
        sources: ["tasks", "polls", "wakes", "wakers", "locks", "permits"]
            .map(source)
            .to_vec(),
        ..Hello::default()
    };
    hello.setup.tokio_unstable = true;
    hello.setup.static_max_level = "trace".to_owned();
    hello.setup.installed = true;
    hello
}

/// The id of the task with this tokio id.
pub(crate) fn task(tokio: u64) -> TaskId {
    TaskId::new(0x1000 + tokio).unwrap()
}

pub(crate) fn resource_id(number: u64) -> ResourceId {
    ResourceId::new(number).unwrap()
}

pub(crate) fn born(tokio: u64, name: &str, site: u32, state: State, ago: u64) -> Change {
    let birth = Birth {
        tokio_id: NonZeroU64::new(tokio),
        parent: None,
        name: (!name.is_empty()).then(|| name.into()),
        site: SiteId(site),
        created: Stamp(NOW - 60 * SECOND),
    };
    let vitals = Vitals {
        state,
        since: Stamp(NOW - ago),
        polls: 4,
        busy: Nanos(1_210_000),
        wakes: 3,
        wakers: 1,
        ..Vitals::at_birth(Stamp(0))
    };
    Change::Born(task(tokio), Box::new(birth), vitals)
}

fn site(id: u32, file: &str, line: u32) -> Change {
    let site = Site {
        file: file.into(),
        line,
        column: 5,
        kind: Kind::Task,
        size: 312,
        ..Site::default()
    };
    Change::Site(SiteId(id), Box::new(site))
}

fn place(id: u32, file: &str, line: u32) -> Change {
    let place = Place {
        file: file.into(),
        line,
        column: 17,
    };
    Change::Place(PlaceId(id), place)
}

pub(crate) fn hold(holder: Holder, mode: Mode, ago: u64) -> Hold {
    Hold {
        holder,
        mode,
        permits: 1,
        since: Stamp(NOW - ago),
        awaits: 1,
        stack: None,
    }
}

pub(crate) fn resource(number: u64, kind: ResourceKind, place: u32, usage: Usage) -> Change {
    Change::Resource(Box::new(Resource {
        id: resource_id(number),
        origin: Origin {
            kind,
            place: PlaceId(place),
            created: Stamp(SECOND),
            creator: (kind == ResourceKind::Mpsc).then(|| task(3)),
        },
        usage,
    }))
}

pub(crate) fn wait(number: u64, resource: u64, of: u64, ago: u64) -> Wait {
    Wait {
        id: WaitId::new(number).unwrap(),
        resource: resource_id(resource),
        task: Some(task(of)),
        mode: Mode::Exclusive,
        permits: 1,
        since: Stamp(NOW - ago),
        polled: Stamp(NOW - ago),
        order: number,
        granted: None,
        timed: false,
        stack: None,
    }
}

/// All that the bank has told.
pub(crate) fn bank_changes() -> Vec<Change> {
    use ResourceKind::{Mpsc, Mutex, Oneshot, RwLock, Semaphore};
    let one = |holder, mode, ago| vec![hold(holder, mode, ago)];
    let is = |tokio| Holder::Task(task(tokio));
    let long = 41_200 * MS;
    let mut changes = vec![
        site(0, "src/bank.rs", 55),
        site(1, "src/serve.rs", 40),
        place(0, "src/bank.rs", 31),
        place(1, "src/bank.rs", 32),
        place(2, "src/cache.rs", 9),
        place(3, "src/pool.rs", 12),
        place(4, "src/log.rs", 70),
        born(3, "accept", 1, State::Idle, 12 * SECOND),
        born(17, "transfer", 0, State::Idle, long - 100 * MS),
        born(18, "audit", 0, State::Idle, long - 100 * MS),
        born(70, "query", 1, State::Cancelled, 9 * SECOND),
        resource(
            1,
            Mutex,
            0,
            Usage {
                holds: one(is(17), Mode::Exclusive, long),
                acquired: 1_204,
                waits: 210,
                waited: Nanos(9 * SECOND),
                longest_wait: Nanos(SECOND),
                across_awaits: 88,
                ..Usage::default()
            },
        ),
        resource(
            2,
            Mutex,
            1,
            Usage {
                holds: one(is(18), Mode::Exclusive, long),
                acquired: 300,
                waits: 3,
                ..Usage::default()
            },
        ),
        resource(
            3,
            RwLock,
            2,
            Usage {
                holds: one(Holder::NoTask, Mode::Shared, 20 * MS),
                acquired: 1_002,
                longest_hold: Nanos(18 * MS),
                ..Usage::default()
            },
        ),
        resource(
            4,
            Semaphore,
            3,
            Usage {
                holds: one(is(70), Mode::Permits, 10 * SECOND),
                free: Some(0),
                sureness: Sureness::Partial,
                unlisted: 3,
                acquired: 8_811,
                cancelled: 1,
                last_cancelled: Some(task(70)),
                ..Usage::default()
            },
        ),
        resource(
            5,
            Mpsc,
            9,
            Usage {
                free: Some(0),
                receiver: Some(task(18)),
                ..Usage::default()
            },
        ),
        resource(6, Oneshot, 4, Usage::default()),
        resource(
            7,
            Mutex,
            4,
            Usage {
                holds: one(is(3), Mode::Exclusive, 5 * MS),
                sureness: Sureness::Moved,
                acquired: 12,
                ..Usage::default()
            },
        ),
        Change::Wait(wait(1, 1, 18, long - 100 * MS)),
        Change::Wait(wait(2, 2, 17, long - 100 * MS)),
        Change::Wait(Wait {
            timed: true,
            stack: None,
            ..wait(40, 4, 60, 900 * MS)
        }),
        Change::Wait(Wait {
            granted: Some(Stamp(NOW - 100 * MS)),
            ..wait(41, 4, 61, 800 * MS)
        }),
        Change::Wait(wait(42, 5, 62, 700 * MS)),
    ];
    for n in 0..14 {
        changes.push(born(20 + n, "transfer", 0, State::Idle, (30 - n) * SECOND));
        changes.push(Change::Wait(wait(10 + n, 1, 20 + n, (30 - n) * SECOND)));
    }
    for n in 0..3 {
        changes.push(born(60 + n, "conn", 1, State::Idle, 900 * MS));
    }
    changes.extend(
        findings()
            .into_iter()
            .map(|finding| Change::Finding(Box::new(finding))),
    );
    changes.push(Change::Totals(Box::new(Totals {
        spawned: 40,
        idle: 20,
        cancelled: 1,
        workers: 2,
        polls: 9_001,
        ..Totals::default()
    })));
    changes.push(Change::Now(Stamp(NOW)));
    changes
}

/// The bank.
pub(crate) fn bank() -> World {
    world(bank_changes())
}

/// A lock that so many tasks wait for.
pub(crate) fn crowd(waiters: u64) -> World {
    world(crowd_changes(waiters))
}

pub(crate) fn crowd_changes(waiters: u64) -> Vec<Change> {
    let mut changes = vec![
        site(0, "src/bank.rs", 55),
        place(0, "src/bank.rs", 31),
        born(1, "keeper", 0, State::Idle, 50 * SECOND),
        resource(
            1,
            ResourceKind::Mutex,
            0,
            Usage {
                holds: vec![hold(Holder::Task(task(1)), Mode::Exclusive, 50 * SECOND)],
                ..Usage::default()
            },
        ),
    ];
    for n in 2..waiters + 2 {
        changes.push(born(n, "", 0, State::Idle, 40 * SECOND));
        changes.push(Change::Wait(wait(n, 1, n, 40 * SECOND)));
    }
    changes.push(Change::Now(Stamp(NOW)));
    changes
}

/// A ring of so many tasks, each of which holds a lock and waits for that of the next.
pub(crate) fn ring_changes(tasks: u64) -> Vec<Change> {
    let mut changes = vec![site(0, "src/ring.rs", 5), place(0, "src/ring.rs", 3)];
    for n in 1..=tasks {
        changes.push(born(n, "", 0, State::Idle, 40 * SECOND));
        changes.push(resource(
            n,
            ResourceKind::Mutex,
            0,
            Usage {
                holds: vec![hold(Holder::Task(task(n)), Mode::Exclusive, 50 * SECOND)],
                ..Usage::default()
            },
        ));
        changes.push(Change::Wait(wait(n, n % tasks + 1, n, 40 * SECOND)));
    }
    changes.push(Change::Now(Stamp(NOW)));
    changes
}

pub(crate) fn world(changes: Vec<Change>) -> World {
    let mut world = World::new();
    for change in changes {
        world.apply(change);
    }
    world
}

/// Asserts that an output is what its schema says, and that the schema speaks of all of it.
#[track_caller]
pub(crate) fn check(output: &Value, schema: &str) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(output)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    known(output, &schema, &schema, "");
}

#[track_caller]
fn known(value: &Value, part: &Value, schema: &Value, path: &str) {
    let name = part["$ref"]
        .as_str()
        .or_else(|| part["anyOf"][0]["$ref"].as_str());
    let part = name.map_or(part, |name| {
        schema.pointer(name.trim_start_matches('#')).unwrap()
    });
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                let described = &part["properties"][name];
                assert!(described.is_object(), "{path} is not in the schema");
                known(field, described, schema, &path);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| known(item, &part["items"], schema, path)),
        _ => {}
    }
}
