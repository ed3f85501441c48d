//! Laws: whatever is applied, expired and read in whatever order, readers end up with the world as it is, and no task
//! that ever was is missing from what the sites add up to.

pub(crate) mod shared;
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use taskscope_model::query::Filter;
use taskscope_model::{
    Birth, Bucket, Change, Kind, Nanos, Revision, Site, SiteId, Sketch, Sketches, Stamp, State,
    Task, TaskId, Vitals, World,
};

use super::books::Books;
use super::gone::Departed;
use super::reader::Pace;
use super::retention::cost;
use truth::{Op, Truth, op};

use super::{Chunk, Hub, Reader, Retention, Sketching};

const SITES: u32 = 3;
const SMALL: Retention = Retention {
    ended_for: Nanos(50),
    ended_bytes: 4000,
};
const SLOW: Pace = Pace {
    tasks: 5,
    looks: 70,
    gone: 4,
    shared: 3,
};

fn id(number: u64) -> TaskId {
    TaskId::new(number).expect("not 0")
}

fn birth(number: u64, created: Stamp) -> Birth {
    Birth {
        tokio_id: std::num::NonZeroU64::new(number),
        parent: None,
        name: number
            .is_multiple_of(3)
            .then(|| Arc::from(format!("task {number}"))),
        site: SiteId((number % u64::from(SITES)) as u32),
        created,
    }
}

fn sketches(samples: u64) -> Sketches {
    let sketch = || {
        Sketch::new([Bucket {
            from: Nanos(10),
            to: Nanos(12),
            count: samples,
        }])
    };
    Sketches {
        polls: sketch(),
        delays: sketch(),
    }
}

/// The client's side: what a viewer does with a chunk.
fn replay(world: &mut World, chunk: Chunk) {
    if chunk.restart {
        *world = World::new();
    }
    chunk
        .sites
        .into_iter()
        .for_each(|(id, site)| world.apply(Change::Site(id, Box::new(site))));
    chunk
        .gone
        .into_iter()
        .for_each(|id| world.apply(Change::Gone(id)));
    shared::replay(world, chunk.shared);
    for told in chunk.tasks {
        match told.birth {
            Some(birth) => world.apply(Change::Born(told.id, Box::new(birth), told.vitals)),
            None => world.apply(Change::Lived(told.id, told.vitals)),
        }
        if let Some(sketches) = told.sketches {
            world.apply(Change::Sketched(told.id, sketches));
        }
    }
    if let Some(totals) = chunk.totals {
        world.apply(Change::Totals(Box::new(totals)));
    }
    world.apply(Change::Now(chunk.now));
}

fn tasks<'a>(
    tasks: impl Iterator<Item = &'a Task>,
) -> BTreeMap<TaskId, (Birth, Vitals, Option<Box<Sketches>>)> {
    tasks
        .map(|task| {
            (
                task.id,
                (task.birth.clone(), task.vitals, task.sketches.clone()),
            )
        })
        .collect()
}

fn sites(world: &World) -> Vec<(SiteId, Site)> {
    world.sites().map(|(id, site)| (id, site.clone())).collect()
}

struct Client {
    reader: Reader,
    filter: Filter,
    world: World,
}

impl Client {
    fn new(filter: &str) -> Self {
        let filter: Filter = filter.parse().expect("a filter");
        let reader = Reader::new(filter.clone(), Sketching::All, Arc::default()).with_pace(SLOW);
        Self {
            reader,
            filter,
            world: World::new(),
        }
    }

    fn read(&mut self, books: &Books) -> bool {
        let chunk = self.reader.read(books);
        let complete = chunk.complete;
        replay(&mut self.world, chunk);
        complete
    }

    /// Reads until a whole round has been told.
    fn catch_up(&mut self, books: &Books) {
        // What is left of the round under way, then one round.
        for _ in 0..2 {
            assert!((0..100_000).any(|_| self.read(books)), "a round ends");
        }
    }

    fn assert_equal(&self, truth: &World) {
        assert_eq!(
            tasks(self.world.tasks()),
            tasks(
                truth
                    .tasks()
                    .filter(|task| self.filter.matches(task, truth))
            )
        );
        assert_eq!(sites(&self.world), sites(truth));
        assert_eq!(self.world.totals(), truth.totals());
        assert_eq!(self.world.now(), truth.now());
        shared::assert_equal(&self.world, truth);
    }
}

fn books() -> Books {
    let mut books = Books::with_departed(SMALL, Departed::with_most(30));
    for site in 0..SITES {
        let site_facts = Site {
            file: "main.rs".into(),
            line: site + 1,
            kind: Kind::Task,
            ..Site::default()
        };
        books.apply(Change::Site(SiteId(site), Box::new(site_facts)));
    }
    books
}

proptest! {
    #[test]
    fn readers_end_up_with_the_world_as_it_is(ops in prop::collection::vec(op(), 1..300)) {
        let mut books = books();
        let mut truth = Truth::default();
        let mut clients = ["", "state:idle", "idle>0ms", "state:done"].map(Client::new);
        for op in &ops {
            truth.changes(op).into_iter().for_each(|change| books.apply(change));
            match op {
                Op::Expire => while books.expire(Stamp(truth.now), 7) {},
                Op::Read(client, chunks) => {
                    let client = &mut clients[usize::from(*client) % 4];
                    (0..*chunks).for_each(|_| { client.read(&books); });
                }
                _ => {}
            }
            truth.assert_accounted(books.world());
            let ended_bytes: u64 = books.world().tasks().map(cost).sum();
            prop_assert_eq!(books.ended_bytes(), ended_bytes);
            prop_assert!(ended_bytes <= SMALL.ended_bytes);
            prop_assert!(books.departed().len() <= 30);
        }
        for client in &mut clients {
            client.catch_up(&books);
            client.assert_equal(books.world());
        }
        truth.assert_accounted(&clients[0].world);
    }

    /// While the world goes on changing, what a finished round promises is kept.
    #[test]
    fn a_finished_round_has_told_all_that_there_was(ops in prop::collection::vec(op(), 1..300)) {
        let mut books = books();
        let mut truth = Truth::default();
        let mut client = Client::new("");
        let mut began = Revision(0);
        let mut fresh = true;
        for op in &ops {
            truth.changes(op).into_iter().for_each(|change| books.apply(change));
            if let Op::Expire = op {
                while books.expire(Stamp(truth.now), 7) {}
            }
            let chunk = client.reader.read(&books);
            if fresh || chunk.restart {
                began = books.world().revision();
            }
            fresh = chunk.complete;
            replay(&mut client.world, chunk);
            if !fresh {
                continue;
            }
            let listed = books.world().tasks().filter(|task| task.born() <= began);
            for task in listed {
                let told = client.world.task(task.id);
                prop_assert!(told.is_some(), "{:?} is missing", task.id);
                if task.changed() <= began {
                    prop_assert_eq!(told.map(|told| told.vitals), Some(task.vitals));
                }
            }
            // No ghosts either: what the client lists is still there.
            prop_assert!(client.world.tasks().all(|told| books.world().task(told.id).is_some()));
        }
    }
}

#[test]
fn a_reader_is_told_only_what_changed() {
    let hub = Hub::new(Retention::default());
    let mut reader = hub.reader(Filter::default(), Sketching::None);
    let born = |n| {
        Change::Born(
            id(n),
            Box::new(birth(n, Stamp(0))),
            Vitals::at_birth(Stamp(0)),
        )
    };
    hub.apply((1..=1000).map(born));
    let first = hub.read(&mut reader);
    assert!((first.restart, first.complete, first.tasks.len()) == (true, true, 1000));
    let second = hub.read(&mut reader);
    assert!(
        !second.restart && second.complete && second.tasks.is_empty() && second.totals.is_none()
    );
    hub.apply([
        Change::Lived(
            id(7),
            Vitals {
                polls: 3,
                ..Vitals::at_birth(Stamp(0))
            },
        ),
        Change::Gone(id(8)),
        born(1001),
    ]);
    let third = hub.read(&mut reader);
    let told: Vec<_> = third
        .tasks
        .iter()
        .map(|told| (told.id, told.birth.is_some(), told.vitals.polls))
        .collect();
    // The new task has the place of the one that went.
    assert_eq!(told, [(id(7), false, 3), (id(1001), true, 0)]);
    assert_eq!(third.gone, [id(8)]);
}

#[test]
fn nothing_is_kept_for_readers_where_there_are_none() {
    let hub = Hub::new(Retention::default());
    let come_and_go = |from: u64| {
        let born = move |n| {
            Change::Born(
                id(n),
                Box::new(birth(n, Stamp(0))),
                Vitals::at_birth(Stamp(0)),
            )
        };
        hub.apply((from..from + 100).flat_map(move |n| [born(n), Change::Gone(id(n))]));
    };
    come_and_go(1);
    assert_eq!(hub.lock().departed().len(), 0);
    let reader = hub.reader(Filter::default(), Sketching::None);
    come_and_go(1000);
    assert_eq!(hub.lock().departed().len(), 100);
    drop(reader);
    come_and_go(2000);
    assert_eq!(hub.lock().departed().len(), 0);
    // Who comes later has missed nothing.
    let mut reader = hub.reader(Filter::default(), Sketching::None);
    let restarts = [(); 3].map(|()| hub.read(&mut reader).restart);
    assert_eq!(restarts, [true, false, false]);
}

#[test]
fn a_burst_of_ends_stays_within_its_bytes_and_is_counted() {
    let hub = Hub::new(Retention {
        ended_bytes: 1 << 20,
        ..Retention::default()
    });
    let vitals = Vitals {
        state: State::Done,
        polls: 2,
        ..Vitals::at_birth(Stamp(0))
    };
    let changes = (1..=100_000).flat_map(|n| {
        [
            Change::Born(
                id(n),
                Box::new(Birth {
                    site: SiteId(0),
                    ..birth(n, Stamp(0))
                }),
                Vitals::at_birth(Stamp(0)),
            ),
            Change::Lived(id(n), vitals),
        ]
    });
    hub.apply(changes);
    let (listed, past) = hub.look(|world| {
        (
            world.len() as u64,
            world.site(SiteId(0)).map_or(0, |site| site.past.done),
        )
    });
    assert_eq!(listed + past, 100_000);
    assert!(
        (1000..10_000).contains(&listed),
        "{listed} tasks are listed within 1 MiB"
    );
    assert!(hub.room() < 1000, "{} bytes are left", hub.room());
    hub.expire(Stamp(20_000_000_000));
    assert_eq!(hub.look(World::len), 0);
    assert_eq!(hub.room(), 1 << 20);
    assert_eq!(
        hub.look(|world| world.site(SiteId(0)).map(|site| site.past.polls)),
        Some(200_000)
    );
}

/// The world gives the room of a burst back while its picture is told: tasks that were to come move to where the reader
/// has been.
#[test]
fn a_round_survives_that_the_world_closes_up() {
    let mut books = Books::new(Retention::default());
    let born = |n| {
        Change::Born(
            id(n),
            Box::new(birth(n, Stamp(0))),
            Vitals::at_birth(Stamp(0)),
        )
    };
    (1..=10_000)
        .map(born)
        .for_each(|change| books.apply(change));
    let mut client = Client::new("");
    for _ in 0..20 {
        assert!(!client.read(&books), "a part of a round");
    }
    let before = books.world().blocks();
    (1..=10_000)
        .filter(|n| n % 10 != 0)
        .for_each(|n| books.apply(Change::Gone(id(n))));
    assert!(books.world().blocks() < before, "the tasks have moved");
    assert!((0..100_000).any(|_| client.read(&books)), "the round ends");
    assert_eq!(client.world.len(), 1000);
    client.assert_equal(books.world());
}
