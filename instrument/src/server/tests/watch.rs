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
