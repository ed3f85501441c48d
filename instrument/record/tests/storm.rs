//! Threads that spawn, poll, wake and end tasks as fast as they can, hand them to each other, and come and go, while the
//! harvester visits: what is reported and what is only counted add up to what was done. Run under AddressSanitizer too.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use taskscope_record::{
    self as record, Harvester, Outcome, Phase, Root, Spawn, SpawnKind, SpawnSite, WAKES_MODULUS,
};

const THREADS: u64 = 4;
const TASKS: u64 = 30_000;

#[derive(Default)]
struct Done {
    tasks: AtomicU64,
    polls: AtomicU64,
    wakes: AtomicU64,
    self_wakes: AtomicU64,
    named: AtomicU64,
}

#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Sum {
    tasks: u64,
    polls: u64,
    wakes: u64,
    self_wakes: u64,
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

fn poll(id: u64, random: &mut Random, done: &Done) {
    record::enter(id, 0);
    if random.below(3) == 0 {
        record::wake(id, false);
        done.wakes.fetch_add(1, Relaxed);
        done.self_wakes.fetch_add(1, Relaxed);
    }
    if random.below(3) == 0 {
        record::waker_clone(id);
        record::waker_drop(id);
    }
    record::exit(id);
    done.polls.fetch_add(1, Relaxed);
}

/// Half of the tasks are finished by whoever finds them in the basket.
fn work(seed: u64, basket: &Mutex<Vec<u64>>, done: &Done) {
    let mut random = Random(seed);
    for n in 0..TASKS {
        let site = SpawnSite {
            file: record::text("storm.rs"),
            line: 1 + random.below(90) as u32,
            kind: SpawnKind::Task,
            ..SpawnSite::default()
        };
        let name = if random.below(4) == 0 { "a name" } else { "" };
        done.named.fetch_add(u64::from(!name.is_empty()), Relaxed);
        let id = record::spawn(&Spawn {
            site,
            name,
            tokio_id: seed * TASKS + n + 1,
        });
        for _ in 0..random.below(20) {
            // A task is never polled unwoken.
            record::wake(id, false);
            done.wakes.fetch_add(1, Relaxed);
            poll(id, &mut random, done);
        }
        let other = {
            let mut basket = basket.lock().unwrap();
            let other = (basket.len() > 50).then(|| basket.swap_remove(random.below(50) as usize));
            basket.push(id);
            other
        };
        if let Some(other) = other {
            record::wake(other, false);
            done.wakes.fetch_add(1, Relaxed);
            poll(other, &mut random, done);
            end(other, done);
        }
    }
}

fn end(id: u64, done: &Done) {
    // tokio drops the future within its span.
    record::enter(id, 0);
    record::exit(id);
    assert!(record::close(id));
    done.tasks.fetch_add(1, Relaxed);
    // Wakers outlive tasks.
    record::wake(id, true);
}

#[test]
fn reported_and_counted_tasks_are_all_tasks() {
    record::start(Root::default, 100);
    let mut harvester = Harvester::take().expect("nobody else has it");
    let (basket, done, over) = (
        Mutex::new(Vec::new()),
        Done::default(),
        AtomicBool::new(false),
    );
    let mut known: HashMap<u64, (Sum, bool)> = HashMap::new();
    let mut named = 0;
    let mut round = |harvester: &mut Harvester| {
        harvester.harvest(50, |task| {
            if let Some(birth) = &task.birth {
                assert!(birth.name.is_none_or(|name| name == "a name"));
                let site = record::site(birth.site).expect("there is room for all sites");
                assert_eq!(record::read_text(site.file), Some("storm.rs"));
                named += u64::from(birth.name.is_some());
                assert!(
                    known.insert(task.id, Default::default()).is_none(),
                    "born twice"
                );
            }
            let (sum, ended) = known.get_mut(&task.id).expect("born before it lives on");
            assert!(!*ended, "reported after its end");
            *ended = matches!(task.phase, Phase::Ended(_));
            assert!(!*ended || task.phase != Phase::Ended(Outcome::Panicked));
            assert!(task.wakes < WAKES_MODULUS);
            let counted = task.counts.map(|counts| counts.polls.iter().sum::<u64>());
            assert!(counted.is_none_or(|counted| counted <= task.polls));
            *sum = Sum {
                tasks: 1,
                polls: task.polls,
                wakes: task.wakes,
                self_wakes: task.self_wakes.into(),
            };
        });
    };
    std::thread::scope(|scope| {
        let (basket, done, over) = (&basket, &done, &over);
        scope.spawn(move || {
            for seed in (0..2 * THREADS).step_by(THREADS as usize) {
                std::thread::scope(|scope| {
                    (0..THREADS)
                        .for_each(|n| _ = scope.spawn(move || work(seed + n, basket, done)));
                });
            }
            basket
                .lock()
                .unwrap()
                .drain(..)
                .for_each(|id| end(id, done));
            over.store(true, Relaxed);
        });
        while !over.load(Relaxed) {
            round(&mut harvester);
        }
    });
    round(&mut harvester);

    assert!(known.values().all(|(_, ended)| *ended), "all ended");
    let add = |a: Sum, b: Sum| Sum {
        tasks: a.tasks + b.tasks,
        polls: a.polls + b.polls,
        wakes: a.wakes + b.wakes,
        self_wakes: a.self_wakes + b.self_wakes,
    };
    let mut all = known
        .values()
        .fold(Sum::default(), |all, (sum, _)| add(all, *sum));
    assert!(all.tasks > 1000 && named > 0, "some were reported");
    harvester.unlisted(|_, sum| {
        let tasks = sum.ended.iter().sum();
        all = add(
            all,
            Sum {
                tasks,
                polls: sum.polls,
                wakes: sum.wakes,
                self_wakes: sum.self_wakes,
            },
        );
    });
    let truth = Sum {
        tasks: done.tasks.load(Relaxed),
        polls: done.polls.load(Relaxed),
        wakes: done.wakes.load(Relaxed),
        self_wakes: done.self_wakes.load(Relaxed),
    };
    assert_eq!(truth.tasks, 2 * THREADS * TASKS);
    assert_eq!(all, truth);
}
