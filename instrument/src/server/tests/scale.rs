//! Many tasks, and viewers that are slower than they come and go.

use std::time::Duration;

use taskscope_model::{Change, Stamp, State, World};

use super::rig::{Rig, born, id, lived, ten_sites, tick};

#[tokio::test]
async fn a_hundred_thousand_tasks_arrive_in_small_messages() {
    let rig = Rig::new();
    const TASKS: u64 = 100_000;
    rig.hub.apply(
        ten_sites()
            .chain((1..=TASKS).map(|n| born(n, n)))
            .chain(tick(TASKS, TASKS)),
    );
    let mut viewer = rig.viewer("").await;
    // Every update is checked to be under 1 MiB.
    while viewer.rounds == 0 {
        viewer.next().await;
    }
    assert_eq!(viewer.world.len() as u64, TASKS);
    assert!(viewer.updates >= 20, "{} updates", viewer.updates);
    viewer.catch_up(&rig.hub).await;
    rig.hub.apply(
        (1..=TASKS)
            .step_by(7)
            .map(|n| lived(n, State::Idle, 5, TASKS + n)),
    );
    viewer.catch_up(&rig.hub).await;
    assert_eq!(viewer.restarts, 1);
}

/// The world goes on changing while its picture is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_of_a_moving_world_settles() {
    let rig = Rig::new();
    let hub = rig.hub.clone();
    hub.apply(ten_sites().chain((1..=50_000).map(|n| born(n, n))));
    let mut viewer = rig.viewer("").await;
    let mover = std::thread::spawn(move || {
        for step in 1..=100_u64 {
            let spawned = 50_000 + (step - 1) * 100;
            hub.apply(
                (1..=50_000)
                    .filter(|n| n % 100 == step % 100)
                    .map(|n| lived(n, State::Idle, step, step)),
            );
            hub.apply((1..=100).map(|n| born(spawned + n, step)));
            hub.apply((1..=50).map(|n| lived((step - 1) * 50 + n, State::Done, step, step)));
            hub.apply(tick(step, spawned + 100));
            hub.expire(Stamp(0));
        }
    });
    while !mover.is_finished() {
        viewer.next().await;
    }
    mover.join().expect("no panic");
    viewer.catch_up(&rig.hub).await;
    assert_eq!(rig.hub.look(|world| world.totals().spawned), 60_000);
}

#[tokio::test]
async fn a_viewer_that_stops_reading_costs_nothing_and_catches_up() {
    let rig = Rig::new();
    rig.hub.apply(
        ten_sites()
            .chain((1..=1000).map(|n| born(n, n)))
            .chain(tick(1000, 1000)),
    );
    let mut stalled = rig.viewer("").await;
    let mut filtered = rig.viewer("state:live").await;
    stalled.catch_up(&rig.hub).await;
    filtered.catch_up(&rig.hub).await;
    // A million tasks come and go, while nobody reads; the server goes on trying to tell of them.
    let mut now = 1000;
    for batch in 0..1000_u64 {
        let numbers = move || (1..=1000).map(move |n| 1000 + batch * 1000 + n);
        now += 1_000_000;
        rig.hub.apply(numbers().map(|n| born(n, now)));
        rig.hub
            .apply(numbers().map(|n| lived(n, State::Done, 1, now)));
        rig.hub.apply(tick(now, 1000 + (batch + 1) * 1000));
        rig.hub.expire(Stamp(now));
        if batch % 100 == 0 {
            // Its stream has time to fill up.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let figures = rig.hub.figures();
    assert!(figures.departed <= 1 << 18, "{figures:?}");
    assert!(figures.ended_bytes <= 8 << 20, "{figures:?}");
    assert!(figures.listed < 50_000, "{figures:?}");
    let sum = rig.hub.look(|world| {
        world.sites().map(|(_, site)| site.past.done).sum::<u64>() + world.len() as u64
    });
    assert_eq!(sum, 1_001_000);
    stalled.catch_up(&rig.hub).await;
    filtered.catch_up(&rig.hub).await;
    assert_eq!(filtered.world.len(), 1000);
    // And when all is over, nothing but the first thousand is left, and then nothing.
    rig.hub.expire(Stamp(u64::MAX));
    rig.hub.apply((1..=1000).map(|n| Change::Gone(id(n))));
    stalled.catch_up(&rig.hub).await;
    assert_eq!((stalled.world.len(), rig.hub.look(World::len)), (0, 0));
}
