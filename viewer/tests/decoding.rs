//! Whatever a target sends, what is made of it is a world: no bytes and no messages lead to a panic.

#[path = "support/shared.rs"]
mod shared;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use taskscope_model::query::{Filter, Order, by_place};
use taskscope_model::{Task, TaskId, World};
use taskscope_proto::v1;
use taskscope_viewer::client::Decoder;

/// Applies an update, and asks the world all there is to ask.
fn digest(decoder: &mut Decoder, world: &mut World, update: v1::WatchUpdate) {
    let Ok(news) = decoder.take(update) else {
        return;
    };
    if news.restart {
        *world = World::new();
    }
    for change in news.changes {
        world.apply(change);
    }
    let filter: Filter = "busy>1ns|idle<1h loc:a".parse().unwrap_or_default();
    let order: Order = "-busy".parse().expect("an order");
    let mut tasks: Vec<&Task> = world
        .tasks()
        .filter(|task| !filter.matches(task, world))
        .collect();
    order.sort(&mut tasks, world);
    for task in tasks {
        let sketch = task
            .sketches
            .as_deref()
            .and_then(|sketches| sketches.polls.percentile(0.99));
        let _ = (task.idle(world.now()), task.age(world.now()), sketch);
        assert!(
            task.birth
                .name
                .as_ref()
                .is_none_or(|name| name.len() <= 256)
        );
    }
    for resource in world.resources().iter() {
        assert!(resource.usage.holds.len() <= 64);
        let waiting = world.queue(resource.id).filter_map(|wait| wait.task);
        let _ = (waiting.count(), world.place(resource.origin.place));
    }
    for task in (0..6).filter_map(TaskId::new) {
        let _ = (world.held_by(task).count(), world.waits_of(task).count());
    }
    let texts = world
        .findings()
        .iter()
        .flat_map(|finding| &finding.evidence);
    assert!(texts.into_iter().all(|text| text.len() <= 4096));
    let groups = by_place(world, &Filter::default());
    let _ = (groups.len(), world.totals().live(), world.totals().ended());
}

/// Numbers that are likely to meet each other, and the ends of what there is.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..6_u64, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1), 1 => any::<u64>()]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0..6_u32, 1 => Just(u32::MAX), 1 => Just(65_535), 1 => any::<u32>()]
}

fn tally() -> impl Strategy<Value = v1::Tally> {
    (number(), number(), number(), number()).prop_map(|(done, polls, busy_ns, wakes)| v1::Tally {
        done,
        cancelled: wakes,
        panicked: polls,
        polls,
        busy_ns,
        scheduled_ns: busy_ns,
        wakes,
        self_wakes: done,
    })
}

prop_compose! {
    fn site()(
        (id, line, column) in (small(), small(), small()), file in "[a-c/\u{1b}é]{0,4}", kind in -1..9,
        (size_bytes, boxed_from_bytes) in (number(), number()), type_name in "[a-z]{0,3}", past in option::of(tally()),
    ) -> v1::Site {
        v1::Site { id, file, line, column, kind, size_bytes, boxed_from_bytes, type_name, past }
    }
}

fn last_waker() -> impl Strategy<Value = Option<v1::vitals::LastWaker>> {
    use v1::vitals::LastWaker::{WokenBy, WokenOutside};
    option::of(prop_oneof![
        number().prop_map(WokenBy),
        any::<bool>().prop_map(WokenOutside)
    ])
}

prop_compose! {
    fn vitals()(
        state in -1..9, (since_ns, polls, busy_ns, scheduled_ns) in (number(), number(), number(), number()),
        (wakes, self_wakes) in (number(), number()), (wakers, runtime) in (small(), small()), last_waker in last_waker(),
        leaves in vec(small(), 0..6), leaf_ages in vec(small(), 0..6),
    ) -> v1::Vitals {
        v1::Vitals { state, since_ns, polls, busy_ns, scheduled_ns, wakes, self_wakes, wakers, runtime, last_waker, leaves, leaf_ages }
    }
}

prop_compose! {
    fn birth()(tokio_id in number(), parent in number(), name in ".{0,300}", site in small(), created_ns in number()) -> v1::Birth {
        v1::Birth { tokio_id, parent, name, site, created_ns }
    }
}

fn sketch() -> impl Strategy<Value = v1::Sketch> {
    (
        vec(number(), 0..4),
        vec(number(), 0..4),
        vec(number(), 0..4),
    )
        .prop_map(|(from_ns, to_ns, count)| v1::Sketch {
            from_ns,
            to_ns,
            count,
        })
}

fn sketches() -> impl Strategy<Value = v1::Sketches> {
    (option::of(sketch()), option::of(sketch()))
        .prop_map(|(polls, delays)| v1::Sketches { polls, delays })
}

prop_compose! {
    fn task()(id in number(), birth in option::of(birth()), vitals in option::of(vitals()), sketches in option::of(sketches())) -> v1::Task {
        v1::Task { id, birth, vitals, sketches }
    }
}

fn totals() -> impl Strategy<Value = v1::Totals> {
    (number(), number(), number(), small()).prop_map(|(a, b, c, workers)| v1::Totals {
        spawned: a,
        scheduled: b,
        running: c,
        idle: a,
        done: b,
        cancelled: c,
        panicked: a,
        polls: b,
        workers,
        ..Default::default()
    })
}

prop_compose! {
    fn shared_news()(
        places in vec(shared::place(), 0..4), resources in vec(shared::resource(), 0..6), waits in vec(shared::wait(), 0..8),
        findings in vec(shared::finding(), 0..4), resources_gone in vec(number(), 0..4), waits_over in vec(number(), 0..4),
        findings_gone in vec(number(), 0..4),
    ) -> v1::WatchUpdate {
        v1::WatchUpdate {
            places, resources, waits, findings, resources_gone, waits_over, findings_gone, ..Default::default()
        }
    }
}

prop_compose! {
    fn update()(
        now_ns in number(), restart in any::<bool>(), complete in any::<bool>(), sites in vec(site(), 0..4),
        tasks in vec(task(), 0..8), gone in vec(number(), 0..4), totals in option::of(totals()), shared in shared_news(),
        stacks in vec(shared::stack(), 0..4), long_polls in vec(shared::long_poll(), 0..4),
    ) -> v1::WatchUpdate {
        v1::WatchUpdate { sequence: 0, now_ns, restart, complete, sites, tasks, gone, totals, stacks, long_polls, ..shared }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_messages_lead_to_a_panic(updates in vec(update(), 1..6)) {
        let (mut decoder, mut world) = (Decoder::new(), World::new());
        for (sequence, update) in (1..).zip(updates) {
            digest(&mut decoder, &mut world, v1::WatchUpdate { sequence, ..update });
        }
    }

    #[test]
    fn no_bytes_lead_to_a_panic(bytes in vec(any::<u8>(), 0..512)) {
        if let Ok(update) = v1::WatchUpdate::decode(&*bytes) {
            digest(&mut Decoder::new(), &mut World::new(), v1::WatchUpdate { sequence: 1, ..update });
        }
        let _ = v1::HelloResponse::decode(&*bytes);
    }

    #[test]
    fn no_damage_on_the_way_leads_to_a_panic(update in update(), flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = v1::WatchUpdate { sequence: 1, ..update }.encode_to_vec();
        for (index, byte) in flips {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(update) = v1::WatchUpdate::decode(&*bytes) {
            digest(&mut Decoder::new(), &mut World::new(), v1::WatchUpdate { sequence: 1, ..update });
        }
    }

    /// What tasks share is understood as it was said: said again, it is the same.
    #[test]
    fn what_was_said_can_be_said_again(update in shared_news()) {
        let said = shared::sensible(v1::WatchUpdate { sequence: 1, ..update });
        let (mut decoder, mut world) = (Decoder::new(), World::new());
        let bytes = said.encode_to_vec();
        let received = v1::WatchUpdate::decode(&*bytes).expect("its own bytes");
        digest(&mut decoder, &mut world, received);
        let again = shared::said_again(&world, &said);
        prop_assert_eq!(&again.places, &said.places);
        prop_assert_eq!(&again.resources, &said.resources);
        prop_assert_eq!(&again.waits, &said.waits);
        prop_assert_eq!(&again.findings, &said.findings);
        // Told that it is all gone, nothing is left.
        let gone = v1::WatchUpdate {
            sequence: 2,
            resources_gone: said.resources.iter().map(|resource| resource.id).collect(),
            waits_over: said.waits.iter().map(|wait| wait.id).collect(),
            findings_gone: said.findings.iter().map(|finding| finding.id).collect(),
            ..Default::default()
        };
        digest(&mut decoder, &mut world, gone);
        prop_assert!(world.resources().is_empty() && world.waits().is_empty() && world.findings().is_empty());
    }
}

#[test]
fn a_million_holds_in_one_message_are_counted_and_not_kept() {
    let hold = |task| v1::Hold {
        task,
        mode: 2,
        permits: 1,
        ..Default::default()
    };
    let resource = v1::Resource {
        id: 1,
        usage: Some(v1::Usage {
            holds: (1..=1_000_000).map(hold).collect(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let update = v1::WatchUpdate {
        sequence: 1,
        resources: vec![resource],
        ..Default::default()
    };
    let mut world = World::new();
    digest(&mut Decoder::new(), &mut world, update);
    let usage = &world.resources().iter().next().expect("it is there").usage;
    assert_eq!((usage.holds.len(), usage.unlisted), (64, 999_936));
}

#[test]
fn findings_without_end_are_refused() {
    let mut decoder = Decoder::new();
    let mut sequence = 0;
    let refused = (1..=20_u64).find_map(|part| {
        sequence += 1;
        let finding = |n| v1::Finding {
            id: part * 10_000 + n,
            ..Default::default()
        };
        let update = v1::WatchUpdate {
            sequence,
            findings: (0..10_000).map(finding).collect(),
            ..Default::default()
        };
        decoder.take(update).err()
    });
    let refused = refused.expect("nobody finds that much").to_string();
    assert!(refused.contains("findings"), "{refused}");
}
