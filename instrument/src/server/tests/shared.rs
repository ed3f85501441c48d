//! What watching viewers are told of what tasks share, and of what is wrong.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use taskscope_model::query::Filter;
use taskscope_model::{
    Change, Finding, FindingId, Hold, Holder, Mode, Nanos, Origin, Place, PlaceId, Resource,
    ResourceId, ResourceKind, Role, Stamp, Subject, TaskId, Tier, Usage, Wait, WaitId, World,
};
use taskscope_proto::{MAX_MESSAGE_BYTES, v1};

use super::rig::{Rig, Viewer, born, fast, id, replay, ten_sites, tick};
use crate::hub::tests::shared::{assert_equal, change};
use crate::hub::{Hub, Retention, Sketching};
use crate::wire;

proptest! {
    /// The world that a viewer makes of the messages is the world that they were made of.
    #[test]
    fn what_is_packed_is_what_is_read(batches in vec(vec(change(), 0..40), 1..8)) {
        let hub = Hub::new(Retention::default());
        let mut reader = hub.reader(Filter::default(), Sketching::None);
        let mut world = World::new();
        for batch in batches {
            hub.apply(batch);
            for message in wire::updates(&hub.read(&mut reader)) {
                let bytes = message.encode_to_vec();
                prop_assert!(bytes.len() < MAX_MESSAGE_BYTES);
                replay(&mut world, &v1::WatchUpdate::decode(&*bytes).expect("its own bytes"));
            }
            hub.look(|truth| assert_equal(&world, truth));
        }
    }
}

/// A mutex, made at the place of the same number, that this task holds.
fn mutex(number: u64, holder: TaskId) -> Change {
    let hold = Hold {
        holder: Holder::Task(holder),
        mode: Mode::Exclusive,
        permits: 1,
        since: Stamp(5),
        awaits: 1,
        stack: None,
    };
    Change::Resource(Box::new(Resource {
        id: resource(number),
        origin: Origin {
            kind: ResourceKind::Mutex,
            place: PlaceId(number as u32),
            created: Stamp(1),
            creator: None,
        },
        usage: Usage {
            holds: vec![hold],
            longest_hold: Nanos(number),
            ..Usage::default()
        },
    }))
}

fn resource(number: u64) -> ResourceId {
    ResourceId::new(number).expect("not 0")
}

fn wait_id(number: u64) -> WaitId {
    WaitId::new(number).expect("not 0")
}

fn wait(number: u64, of: TaskId) -> Change {
    Change::Wait(Wait {
        id: wait_id(number),
        resource: resource(number),
        task: Some(of),
        mode: Mode::Exclusive,
        permits: 1,
        since: Stamp(7),
        polled: Stamp(7),
        order: number,
        granted: None,
        timed: false,
        stack: None,
    })
}

fn finding(number: u64, about: TaskId, text: &str) -> Change {
    Change::Finding(Box::new(Finding {
        id: FindingId::new(number).expect("not 0"),
        rule: "deadlock".into(),
        tier: Tier::Proven,
        subjects: vec![Role::Holder.of(Subject::Task(about))],
        since: Stamp(9),
        cleared: None,
        summary: text.into(),
        evidence: vec![text.into(); 40],
        advice: text.into(),
    }))
}

/// A hundred tasks, each of which holds the mutex of its number and waits for the next one's.
fn populate(rig: &Rig) {
    let place = |n| {
        let place = Place {
            file: "src/lock.rs".into(),
            line: n,
            column: 1,
        };
        Change::Place(PlaceId(n), place)
    };
    rig.hub.apply(
        ten_sites()
            .chain((0..=100).map(place))
            .chain((1..=100).map(|n| born(n, n)))
            .chain((1..=100).map(|n| mutex(n, id(n))))
            .chain((2..=100).map(|n| wait(n, id(n - 1))))
            .chain((1..=100).map(|n| finding(n, id(n), "stuck")))
            .chain(tick(1000, 100)),
    );
}

#[tokio::test]
async fn all_that_is_shared_is_told_and_then_what_changes() {
    let rig = Rig::new();
    populate(&rig);
    let mut viewer = rig.viewer("").await;
    let same = |viewer: &Viewer| rig.hub.look(|truth| assert_equal(&viewer.world, truth));
    // Evidence beyond what the protocol allows is left out, so the findings are compared by hand.
    rig.hub
        .apply((1..=100).map(|n| Change::FindingGone(FindingId::new(n).expect("not 0"))));
    viewer.catch_up(&rig.hub).await;
    same(&viewer);
    assert_eq!(viewer.world.held_by(id(7)).count(), 1);
    rig.hub.apply([
        mutex(7, id(8)),
        Change::WaitOver(wait_id(7)),
        Change::ResourceGone(resource(100)),
    ]);
    viewer.catch_up(&rig.hub).await;
    same(&viewer);
    assert_eq!(viewer.world.held_by(id(8)).count(), 2);
    assert_eq!(viewer.world.resources().len(), 99);
}

#[tokio::test]
async fn findings_are_told_with_bounded_texts() {
    let rig = Rig::new();
    populate(&rig);
    rig.hub.apply([finding(3, id(1), &"x".repeat(1 << 20))]);
    let mut viewer = rig.viewer("").await;
    viewer.catch_up(&rig.hub).await;
    let found = |n| {
        viewer
            .world
            .findings()
            .get(FindingId::new(n).expect("not 0"))
    };
    let found = [1, 3].map(|n| found(n).expect("it was told"));
    assert_eq!(found.map(|one| one.evidence.len()), [32, 32]);
    assert_eq!(found.map(|one| one.summary.len()), [5, 4096]);
}

#[tokio::test]
async fn who_wants_no_resources_is_told_findings_and_places() {
    let rig = Rig::new();
    populate(&rig);
    let request = v1::WatchRequest {
        without_resources: true,
        ..fast()
    };
    let mut viewer = Viewer::new(rig.client(), request).await;
    viewer.catch_up(&rig.hub).await;
    rig.hub
        .apply([mutex(7, id(8)), Change::ResourceGone(resource(9))]);
    viewer.catch_up(&rig.hub).await;
    let world = &viewer.world;
    assert!(world.resources().is_empty() && world.waits().is_empty());
    assert_eq!((world.findings().len(), world.places().count()), (100, 101));
}

#[tokio::test]
async fn who_names_tasks_is_told_what_concerns_them() {
    let rig = Rig::new();
    populate(&rig);
    let request = v1::WatchRequest {
        tasks: vec![7],
        ..fast()
    };
    let mut viewer = Viewer::new(rig.client(), request).await;
    while !viewer.next().await.complete {}
    let ids = |world: &World| {
        let mut ids: Vec<_> = world.resources().iter().map(|r| r.id.number()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(&viewer.world), [7, 8]);
    assert_eq!(
        (viewer.world.waits().len(), viewer.world.findings().len()),
        (1, 1)
    );
    rig.hub
        .apply([Change::WaitOver(wait_id(8)), mutex(9, id(7))]);
    while ids(&viewer.world) != [7, 9] {
        viewer.next().await;
    }
    assert!(viewer.world.waits().is_empty());
}
