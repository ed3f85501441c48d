//! What a look of the judge costs: a hundred thousand tasks, of which a thousand wait for locks.
//!
//! ```sh
//! cargo run --release -p taskscope-model --example judge_cost
//! ```
// It measures, so it reads a clock; nothing of the model does.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::time::{Duration, Instant};

use taskscope_model::rules::Judge;
use taskscope_model::{
    Birth, Change, Hold, Holder, Kind, Mode, Origin, Place, PlaceId, Resource, ResourceId,
    ResourceKind, Site, SiteId, Stamp, State, TaskId, Totals, Usage, Vitals, Wait, WaitId, World,
};

const TASKS: u64 = 100_000;
const WAITING: u64 = 1000;
const LOOKS: u64 = 40;

fn task(number: u64) -> TaskId {
    TaskId::new(number).unwrap_or(TaskId::FIRST)
}

fn resource(number: u64) -> ResourceId {
    ResourceId::new(number).unwrap_or(ResourceId::FIRST)
}

fn at(millis: u64) -> Stamp {
    Stamp(millis * 1_000_000)
}

/// Tasks of twenty sites, a thousand locks that are held, and as many waits for them.
fn world(chained: bool, resources: u64) -> World {
    let mut world = World::new();
    for number in 0..20 {
        let site = Site {
            file: format!("src/site{number}.rs").into(),
            line: 1,
            kind: Kind::Task,
            size: 300,
            ..Site::default()
        };
        world.apply(Change::Site(SiteId(number), Box::new(site)));
        let place = Place {
            file: "src/lock.rs".into(),
            line: number + 1,
            column: 1,
        };
        world.apply(Change::Place(PlaceId(number + 1), place));
    }
    for number in 1..=TASKS {
        let birth = Birth {
            tokio_id: None,
            parent: None,
            name: None,
            site: SiteId((number % 20) as u32),
            created: at(0),
        };
        let vitals = Vitals {
            state: State::Idle,
            polls: 1,
            wakers: 1,
            ..Vitals::at_birth(at(0))
        };
        world.apply(Change::Born(task(number), Box::new(birth), vitals));
    }
    for number in 1..=resources {
        let holder = Hold {
            holder: Holder::Task(task(number)),
            mode: Mode::Exclusive,
            permits: 1,
            since: at(1),
            awaits: 1,
            stack: None,
        };
        let held = if number <= WAITING {
            vec![holder]
        } else {
            Vec::new()
        };
        world.apply(Change::Resource(Box::new(Resource {
            id: resource(number),
            origin: Origin {
                kind: ResourceKind::Mutex,
                place: PlaceId((number % 20 + 1) as u32),
                created: at(0),
                creator: None,
            },
            usage: Usage {
                holds: held,
                acquired: 1,
                waits: 1,
                ..Usage::default()
            },
        })));
    }
    for number in 1..=WAITING {
        world.apply(Change::Wait(Wait {
            id: WaitId::new(number).unwrap_or(WaitId::FIRST),
            resource: resource(number),
            task: Some(task(if chained {
                number + 1
            } else {
                number + WAITING
            })),
            mode: Mode::Exclusive,
            permits: 1,
            since: at(2),
            polled: at(2),
            order: number,
            granted: None,
            timed: false,
            stack: None,
        }));
    }
    world
}

fn measure(name: &str, mut world: World, changing: u64) {
    let mut judge = Judge::default();
    let mut worst = Duration::ZERO;
    let mut sum = Duration::ZERO;
    let mut first = Duration::ZERO;
    for look in 0..=LOOKS {
        let now = 1000 + 500 * look;
        for number in 0..changing {
            let id = task(2 * WAITING + 1 + (number * 97) % (TASKS - 2 * WAITING));
            if let Some(vitals) = world.task(id).map(|task| task.vitals) {
                let vitals = Vitals {
                    since: at(now),
                    polls: vitals.polls + 10,
                    self_wakes: vitals.self_wakes + 1,
                    ..vitals
                };
                world.apply(Change::Lived(id, vitals));
            }
        }
        world.apply(Change::Totals(Box::new(Totals {
            workers: 2,
            ..Totals::default()
        })));
        world.apply(Change::Now(at(now)));
        let start = Instant::now();
        let news = judge.look(&world);
        let took = start.elapsed();
        news.into_iter().for_each(|change| world.apply(change));
        if look == 0 {
            first = took;
        } else {
            worst = worst.max(took);
            sum += took;
        }
    }
    let mean = sum / LOOKS as u32;
    println!("{name:<44} first {first:>9.2?}  mean {mean:>9.2?}  worst {worst:>9.2?}");
}

fn main() {
    println!("{TASKS} tasks, {WAITING} of them wait for locks; cost of one look");
    measure("nothing changes, no chains", world(false, WAITING), 0);
    measure(
        "nothing changes, one chain of 1000",
        world(true, WAITING),
        0,
    );
    measure("10,000 tasks change", world(true, WAITING), 10_000);
    measure("all tasks change", world(true, WAITING), TASKS);
    measure(
        "a million resources, nothing changes",
        world(true, 1_000_000),
        0,
    );
}
