//! What it costs, to be read by a person:
//! `cargo test --release -p taskscope -- --ignored --nocapture figures`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use prost::Message;
use taskscope_model::query::Filter;
use taskscope_model::{Change, State};

use super::rig::{born, lived, ten_sites, tick};
use crate::hub::{Hub, Reader, Retention, Sketching};
use crate::wire;

const TASKS: u64 = 1_000_000;

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("a number");
    pages * 4096
}

#[allow(clippy::disallowed_methods, reason = "this measures")]
fn timed<R>(what: &str, run: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = run();
    println!("{:>10.3} ms  {what}", start.elapsed().as_secs_f64() * 1e3);
    result
}

/// A round to its end: tasks told, and bytes.
fn round(hub: &Hub, reader: &mut Reader) -> (usize, usize) {
    let (mut tasks, mut bytes) = (0, 0);
    loop {
        let chunk = hub.read(reader);
        tasks += chunk.tasks.len();
        bytes += wire::updates(&chunk)
            .iter()
            .map(|m| m.encode_to_vec().len())
            .sum::<usize>();
        if chunk.complete {
            return (tasks, bytes);
        }
    }
}

#[test]
#[ignore = "figures for people"]
fn figures() {
    let before = resident();
    let hub = Hub::new(Retention::default());
    hub.apply(ten_sites());
    let unnamed = |n: u64| match born(n, n) {
        Change::Born(id, mut birth, vitals) => {
            birth.name = None;
            Change::Born(id, birth, vitals)
        }
        other => other,
    };
    timed("apply 1,000,000 births", || {
        hub.apply((1..=TASKS).map(unnamed))
    });
    timed("apply 1,000,000 vitals, in order", || {
        hub.apply((1..=TASKS).map(|n| lived(n, State::Idle, 1, n)))
    });
    // A million, mixed by a prime.
    let mixed = |n: u64| n * 7_368_787 % TASKS + 1;
    timed("apply 100,000 vitals, anywhere", || {
        hub.apply(
            (0..100_000)
                .map(|n| lived(mixed(n), State::Idle, 2, n))
                .chain(tick(1, 1)),
        );
    });
    println!(
        "{:>10}     bytes per task in the hub",
        (resident() - before) / TASKS
    );

    let mut reader = hub.reader(Filter::default(), Sketching::None);
    let with_reader = resident();
    let chunk = timed("take a chunk, under the lock", || hub.read(&mut reader));
    println!("{:>10}     tasks in it", chunk.tasks.len());
    let messages = timed("make its messages", || wire::updates(&chunk));
    let bytes: usize = timed("encode them", || {
        messages.iter().map(|m| m.encode_to_vec().len()).sum()
    });
    println!("{:>10}     bytes in {} messages", bytes, messages.len());
    drop((chunk, messages));
    let (tasks, bytes) = timed("the rest of the picture of 1,000,000", || {
        round(&hub, &mut reader)
    });
    println!("{:>10}     tasks in {bytes} bytes", tasks);
    let (tasks, _) = timed("a round when nothing changed", || round(&hub, &mut reader));
    assert_eq!(tasks, 0);
    hub.apply([lived(5, State::Idle, 3, 1)]);
    timed("a round when 1 task changed", || round(&hub, &mut reader));
    hub.apply((0..10_000).map(|n| lived(mixed(n), State::Idle, 3, n)));
    timed("a round when 10,000 changed, anywhere", || {
        round(&hub, &mut reader)
    });
    hub.apply((1..=TASKS).map(|n| lived(n, State::Idle, 4, n)));
    let (_, bytes) = timed("a round when all changed", || round(&hub, &mut reader));
    println!("{bytes:>10}     bytes");
    println!(
        "{:>10}     bytes more than without a reader",
        resident().saturating_sub(with_reader)
    );

    let filter: Filter = "for>1h".parse().expect("a filter");
    let mut reader = hub.reader(filter, Sketching::None);
    timed("a round of a filter on time that matches none", || {
        round(&hub, &mut reader)
    });

    waits(&hub);
}

/// How long the harvester waits for the lock while three viewers do nothing but read.
#[allow(clippy::disallowed_methods, reason = "this measures")]
fn waits(hub: &Hub) {
    let done = AtomicBool::new(false);
    let mut waits: Vec<_> = std::thread::scope(|scope| {
        // The server has one thread for all viewers.
        scope.spawn(|| {
            let mut readers = [(); 3].map(|()| hub.reader(Filter::default(), Sketching::None));
            while !done.load(Ordering::Relaxed) {
                readers.iter_mut().for_each(|reader| {
                    let _ = wire::updates(&hub.read(reader));
                });
            }
        });
        let waits = (0..5000)
            .map(|step| {
                let change = lived(step % TASKS + 1, State::Idle, 10 + step, step);
                let start = Instant::now();
                hub.apply([change]);
                let waited = start.elapsed();
                std::thread::sleep(std::time::Duration::from_micros(200));
                waited
            })
            .collect();
        done.store(true, Ordering::Relaxed);
        waits
    });
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!(
        "{:?} median, {:?} p99, {:?} longest to apply one change meanwhile",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
