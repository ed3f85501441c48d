//! What watching viewers are told.

use taskscope_model::{Change, Stamp, State};
use taskscope_proto::v1;
use tonic::Code;

use super::rig::{Rig, Viewer, born, fast, id, lived, sketches, ten_sites, tick};
use crate::server::limits::Limits;

fn populate(rig: &Rig, tasks: u64) {
    rig.hub.apply(
        ten_sites()
            .chain((1..=tasks).map(|n| born(n, n)))
            .chain(tick(tasks, tasks)),
    );
}

#[tokio::test]
async fn deltas_follow_the_picture() {
    let rig = Rig::new();
    populate(&rig, 1000);
    let mut viewer = rig.viewer("").await;
    viewer.catch_up(&rig.hub).await;
    assert_eq!(viewer.world.len(), 1000);
    rig.hub
        .apply((1..=500).map(|n| lived(n, State::Idle, n, 2000)));
    rig.hub
        .apply((200..=300).map(|n| lived(n, State::Cancelled, n + 1, 3000)));
    rig.hub
        .apply((1001..=1100).map(|n| born(n, 3000)).chain(tick(4000, 1100)));
    viewer.catch_up(&rig.hub).await;
    // The ends become too old, and the sites take them over.
    rig.hub.expire(Stamp(20_000_000_000));
    rig.hub.apply(tick(20_000_000_000, 1100));
    viewer.catch_up(&rig.hub).await;
    let past: u64 = viewer
        .world
        .sites()
        .map(|(_, site)| site.past.cancelled)
        .sum();
    assert_eq!((viewer.world.len(), past, viewer.restarts), (999, 101, 1));
}

#[tokio::test]
async fn a_viewer_is_told_while_nothing_happens() {
    let rig = Rig::new();
    populate(&rig, 10);
    // A minute between updates, but a sign of life every second.
    let request = v1::WatchRequest {
        interval_ms: 60_000,
        ..fast()
    };
    let mut viewer = Viewer::new(rig.client(), request).await;
    let first = viewer.next().await;
    assert!(first.restart && first.complete && first.tasks.len() == 10 && first.totals.is_some());
    rig.hub.apply(
        [lived(1, State::Idle, 1, 20)]
            .into_iter()
            .chain(tick(30, 11)),
    );
    let pulse = viewer.next().await;
    assert!(!pulse.restart && !pulse.complete && pulse.tasks.is_empty());
    assert_eq!(
        (pulse.now_ns, pulse.totals.map(|totals| totals.spawned)),
        (30, Some(11))
    );
    let pulse = viewer.next().await;
    assert_eq!(pulse.totals, None);
}

#[tokio::test]
async fn a_filter_follows_tasks_in_and_out() {
    let rig = Rig::new();
    populate(&rig, 1000);
    let mut idle = rig.viewer("state:idle").await;
    let mut named = rig.viewer("name:task loc:site_3").await;
    idle.catch_up(&rig.hub).await;
    named.catch_up(&rig.hub).await;
    assert_eq!((idle.world.len(), named.world.len()), (0, 34));
    for step in 1..=5 {
        let state = [State::Idle, State::Running][step as usize % 2];
        rig.hub.apply(
            (1..=1000)
                .filter(|n| n % step == 0)
                .map(|n| lived(n, state, step, 1000 + step)),
        );
        rig.hub.apply(
            [Change::Gone(id(step))]
                .into_iter()
                .chain(tick(2000 + step, 1000)),
        );
        idle.catch_up(&rig.hub).await;
        named.catch_up(&rig.hub).await;
    }
    assert!(!idle.world.is_empty());
}

#[tokio::test]
async fn a_filter_on_time_follows_the_clock() {
    let rig = Rig::new();
    populate(&rig, 1000);
    rig.hub
        .apply((1..=1000).map(|n| lived(n, State::Idle, 1, n * 1000)));
    let mut waiting = rig.viewer("for>500us").await;
    for now in [0, 500_000, 700_000, 1_000_000, 2_000_000] {
        // No task changes, only the time.
        rig.hub.apply(tick(now, 1000));
        waiting.catch_up(&rig.hub).await;
        let long_ago = |n: &u64| viewer_now(&waiting).saturating_sub(n * 1000) > 500_000;
        assert_eq!(waiting.world.len(), (1..=1000).filter(long_ago).count());
    }
}

/// A child does not change when its parent is forgotten, but what it matches does.
#[tokio::test]
async fn a_filter_on_the_parent_follows_that() {
    let rig = Rig::new();
    populate(&rig, 1000);
    let mut children = rig.viewer("parent:4|7|10").await;
    let mut others = rig.viewer("-parent:4").await;
    children.catch_up(&rig.hub).await;
    others.catch_up(&rig.hub).await;
    assert_eq!((children.world.len(), others.world.len()), (3, 999));
    rig.hub.apply([Change::Gone(id(4))]);
    children.catch_up(&rig.hub).await;
    others.catch_up(&rig.hub).await;
    assert_eq!((children.world.len(), others.world.len()), (2, 999));
}

fn viewer_now(viewer: &Viewer) -> u64 {
    viewer.world.now().0
}

#[tokio::test]
async fn distributions_come_for_those_who_ask() {
    let rig = Rig::new();
    populate(&rig, 100);
    rig.hub.apply([
        lived(7, State::Done, 3, 200),
        Change::Sketched(id(7), Box::new(sketches(1234))),
    ]);
    let all = v1::WatchRequest {
        sketching: v1::Sketching::All.into(),
        ..fast()
    };
    let named = v1::WatchRequest {
        sketching: v1::Sketching::Named.into(),
        sketch_tasks: vec![7, 8],
        ..fast()
    };
    for (request, told) in [(all, 100), (named, 2), (fast(), 0)] {
        let mut viewer = Viewer::new(rig.client(), request).await;
        viewer.catch_up(&rig.hub).await;
        assert_eq!(
            viewer
                .world
                .tasks()
                .filter(|task| task.sketches.is_some())
                .count(),
            told
        );
        if told > 0 {
            let sketch_of = |n| {
                viewer
                    .world
                    .task(id(n))
                    .and_then(|task| task.sketches.clone())
            };
            // The live one as it is now, the ended one as it was.
            assert_eq!(sketch_of(8), Some(Box::new(sketches(8))));
            assert_eq!(sketch_of(7), Some(Box::new(sketches(1234))));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let rig = Rig::within(Limits {
        watchers: 2,
        listeners: 1,
        ..Limits::default()
    });
    let mut client = rig.client();
    let bad_filter = v1::WatchRequest {
        filter: "state:sleeping".into(),
        ..fast()
    };
    let refused = client.watch(bad_filter).await.expect_err("no such state");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("sleeping"), "{refused}");
    let future = v1::WatchRequest {
        sketching: 99,
        ..fast()
    };
    assert_eq!(
        client.watch(future).await.expect_err("unknown").code(),
        Code::InvalidArgument
    );
    let large = v1::WatchRequest {
        filter: "x".repeat(100_000),
        ..fast()
    };
    assert_eq!(
        client.watch(large).await.expect_err("too large").code(),
        Code::OutOfRange
    );

    let (first, _second) = (rig.viewer("").await, rig.viewer("").await);
    let refused = rig.client().watch(fast()).await.expect_err("no seat");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(
        refused.message().contains("2 viewers watch already"),
        "{refused}"
    );
    // A seat is free again as soon as its viewer has left.
    drop(first);
    let deadline = tokio::time::Instant::now() + super::rig::DEADLINE;
    while let Err(refused) = rig.client().watch(fast()).await {
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(tokio::time::Instant::now() < deadline);
    }

    let _listens = client
        .events(v1::EventsRequest::default())
        .await
        .expect("a seat");
    let refused = client
        .events(v1::EventsRequest::default())
        .await
        .expect_err("no seat");
    assert_eq!(refused.code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn versions_are_agreed_on() {
    let rig = Rig::new();
    let mut client = rig.client();
    let mut hello = async |protocol_version| {
        let request = v1::HelloRequest {
            protocol_version,
            viewer_version: "9.9.9".into(),
        };
        client.hello(request).await.map(tonic::Response::into_inner)
    };
    let today = hello(1).await.expect("version 1");
    let limits = today.limits.expect("limits");
    assert_eq!(
        (today.protocol_version, today.pid, today.session_id),
        (1, 42, 7)
    );
    assert_eq!((limits.max_watchers, limits.ended_bytes), (64, 8 << 20));
    // A viewer from the future is answered in the version that we speak.
    assert_eq!(
        hello(u32::MAX)
            .await
            .expect("a later version")
            .protocol_version,
        1
    );
    assert_eq!(
        hello(0).await.expect_err("no version").code(),
        Code::InvalidArgument
    );
}

/// Reads to the end of a round; what it told of each task, in order.
async fn round(viewer: &mut Viewer) -> (Vec<v1::Task>, Vec<u64>) {
    let (mut tasks, mut gone) = (Vec::new(), Vec::new());
    loop {
        let update = viewer.next().await;
        tasks.extend(update.tasks);
        gone.extend(update.gone);
        if update.complete {
            return (tasks, gone);
        }
    }
}

fn following(tasks: &[u64]) -> v1::WatchRequest {
    v1::WatchRequest {
        sketching: v1::Sketching::Named.into(),
        sketch_tasks: tasks.to_vec(),
        tasks: tasks.to_vec(),
        ..fast()
    }
}

#[tokio::test]
async fn named_tasks_are_told_again_and_again_and_no_others() {
    let rig = Rig::new();
    populate(&rig, 1000);
    // The last one is not there yet.
    let mut viewer = Viewer::new(rig.client(), following(&[7, 8, 9, 1001])).await;
    let births = |tasks: &[v1::Task]| -> Vec<_> {
        tasks
            .iter()
            .map(|task| (task.id, task.birth.is_some(), task.sketches.is_some()))
            .collect()
    };
    let (tasks, _) = round(&mut viewer).await;
    assert_eq!(births(&tasks), [7, 8, 9].map(|id| (id, true, true)));
    assert_eq!(viewer.world.sites().count(), 10);
    // Nothing happens, but their distributions are as new as each round.
    let (tasks, gone) = round(&mut viewer).await;
    assert_eq!(births(&tasks), [7, 8, 9].map(|id| (id, false, true)));
    assert!(gone.is_empty());
    rig.hub.apply([
        Change::Gone(id(7)),
        lived(8, State::Done, 3, 5000),
        Change::Sketched(id(8), Box::new(sketches(1234))),
        born(1001, 5000),
        born(1002, 5000),
        Change::Gone(id(10)),
    ]);
    let (mut told, mut left) = (Vec::new(), Vec::new());
    while viewer.world.task(id(1001)).is_none() || viewer.world.task(id(7)).is_some() {
        let (tasks, gone) = round(&mut viewer).await;
        told.extend(tasks);
        left.extend(gone);
    }
    assert_eq!(left, [7]);
    assert!(births(&told).contains(&(1001, true, true)));
    assert!(told.iter().all(|task| [7, 8, 9, 1001].contains(&task.id)));
    // An end is told once, with the distributions that were left.
    let ended = viewer.world.task(id(8)).expect("it is listed");
    assert_eq!(ended.vitals.state, State::Done);
    assert_eq!(ended.sketches, Some(Box::new(sketches(1234))));
    let (tasks, gone) = round(&mut viewer).await;
    assert_eq!(births(&tasks), [9, 1001].map(|id| (id, false, true)));
    assert!(gone.is_empty());
    assert_eq!(viewer.restarts, 1);
}

#[tokio::test]
async fn named_tasks_come_and_go_with_the_filter() {
    let rig = Rig::new();
    populate(&rig, 100);
    let request = v1::WatchRequest {
        filter: "state:idle".into(),
        ..following(&[5])
    };
    let mut viewer = Viewer::new(rig.client(), request).await;
    assert!(round(&mut viewer).await.0.is_empty());
    rig.hub.apply([
        lived(5, State::Idle, 1, 2000),
        lived(6, State::Idle, 1, 2000),
    ]);
    while viewer.world.is_empty() {
        round(&mut viewer).await;
    }
    rig.hub.apply([lived(5, State::Running, 1, 3000)]);
    while !viewer.world.is_empty() {
        round(&mut viewer).await;
    }
}

#[tokio::test]
async fn who_follows_a_few_tasks_takes_no_place_of_those_that_watch_all() {
    let rig = Rig::within(Limits {
        watchers: 1,
        ..Limits::default()
    });
    let _follows = Viewer::new(rig.client(), following(&[1])).await;
    let _watches = rig.viewer("").await;
    let mut client = rig.client();
    let refused = client
        .watch(following(&[1]))
        .await
        .expect_err("no second seat");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let many: Vec<_> = (1..=513).collect();
    let refused = client.watch(following(&many)).await.expect_err("too many");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("512 at most"), "{refused}");
}
