//! Raw events over the wire: every one arrives, or is counted.

use taskscope_model::{Stamp, State};
use taskscope_proto::v1;

use super::rig::{DEADLINE, Rig, id, read_state, until};
use crate::server::{RawEvent, RawEventKind};

fn event(number: u64) -> RawEvent {
    let kinds = [
        RawEventKind::Spawn,
        RawEventKind::PollStart,
        RawEventKind::PollEnd,
        RawEventKind::Wake,
        RawEventKind::End(State::Cancelled),
    ];
    RawEvent {
        kind: kinds[(number % 5) as usize],
        at: Stamp(number),
        task: id(number % 3 + 1),
        other: (number % 5 == 3).then(|| id(9)),
        thread: 2,
    }
}

/// Reads until all before `up_to` is told.
async fn read(stream: &mut tonic::Streaming<v1::EventBatch>, up_to: u64) -> (Vec<v1::Event>, u64) {
    let mut events = Vec::new();
    loop {
        let message = tokio::time::timeout(DEADLINE, stream.message()).await;
        let batch = message
            .expect("in time")
            .expect("no error")
            .expect("no end");
        events.extend(batch.events);
        if batch.now_ns >= up_to {
            return (events, batch.lost);
        }
    }
}

#[tokio::test]
async fn events_arrive_whole_and_in_order() {
    let rig = Rig::new();
    let mut all = rig
        .client()
        .events(v1::EventsRequest::default())
        .await
        .expect("listens")
        .into_inner();
    let some = v1::EventsRequest { tasks: vec![2] };
    let mut some = rig
        .client()
        .events(some)
        .await
        .expect("listens")
        .into_inner();
    assert_eq!(rig.events.listeners(), 2);
    let published: Vec<_> = (0..900).map(event).collect();
    rig.events.publish(&published, Stamp(900));
    let (events, lost) = read(&mut all, 900).await;
    assert_eq!((events.len(), lost), (900, 0));
    for (told, event) in events.iter().zip(&published) {
        assert_eq!(
            (told.at_ns, told.task, told.thread),
            (event.at.0, event.task.number(), 2)
        );
        assert_eq!(
            told.other,
            if told.kind() == v1::EventKind::Wake {
                9
            } else {
                0
            }
        );
        let end = (event.kind == RawEventKind::End(State::Cancelled)).then_some(State::Cancelled);
        assert_eq!(read_state(told.end_state()), end);
    }
    let (events, _) = read(&mut some, 900).await;
    assert!(events.len() == 300 && events.iter().all(|event| event.task == 2));
    drop((all, some));
    until("nobody listens", || rig.events.listeners() == 0).await;
}

#[tokio::test]
async fn what_does_not_fit_is_counted_exactly() {
    let rig = Rig::new();
    let mut stream = rig
        .client()
        .events(v1::EventsRequest::default())
        .await
        .expect("listens")
        .into_inner();
    // Far more at once than a listener's queue has room for, and some that never got here.
    for round in 0..50 {
        let events: Vec<_> = (round * 2000..(round + 1) * 2000).map(event).collect();
        rig.events.publish(&events, Stamp((round + 1) * 2000));
        rig.events.lost(3);
    }
    let (mut events, mut lost) = read(&mut stream, 100_000).await;
    // The last loss may be told a moment after the last event.
    rig.events.publish(&[], Stamp(100_001));
    let (rest, last_lost) = read(&mut stream, 100_001).await;
    events.extend(rest);
    lost = lost.max(last_lost);
    assert!(lost > 0 && events.is_sorted_by_key(|event| event.at_ns));
    assert_eq!(events.len() as u64 + lost, 100_000 + 150);
}
