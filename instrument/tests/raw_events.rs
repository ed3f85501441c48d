//! Raw events: what happens to each task, in order, and an exact count of those that were lost.

#[path = "support/app.rs"]
mod app;
#[path = "support/viewer.rs"]
mod viewer;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use taskscope_model::{State, TaskId};
use taskscope_proto::v1::{Event, EventKind, EventsRequest, TaskState};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::app::{SOCKET, current_thread, look_for, look_for_end, multi_thread, now};

/// A runtime on this thread, which has recorded something before: a thread's first events are lost while it is new.
fn known_thread() -> Runtime {
    let runtime = current_thread();
    runtime.block_on(yield_now());
    runtime
}

/// Listens while `work` runs, reading on or not, and until `enough` says so of all that was told. Gives the events and how many were lost.
fn listen(
    tasks: &[TaskId],
    reads_on: bool,
    work: impl FnOnce() + Send,
    enough: impl Fn(&[Event], u64) -> bool + Sync,
) -> (Vec<Event>, u64) {
    let request = EventsRequest {
        tasks: tasks.iter().map(|task| task.number()).collect(),
    };
    let (listening, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let deadline = now() + std::time::Duration::from_secs(60);
    let gate = Mutex::new(());
    let mut closed = (!reads_on).then(|| gate.lock());
    std::thread::scope(|scope| {
        let hears = scope.spawn(|| {
            viewer::on_a_thread_of_its_own(async || {
                let mut client = viewer::connect(&SOCKET).await;
                let batches = client.events(request).await;
                let mut batches = batches.expect("listening is allowed").into_inner();
                let (mut events, mut lost) = (Vec::new(), 0);
                loop {
                    let batch = batches.message().await.expect("the stream lives");
                    let batch = batch.expect("the stream goes on");
                    // Told by a look of the harvester, from which on everything is recorded.
                    if batch.now_ns > 0 {
                        listening.store(true, SeqCst);
                        // Reads no more while this is held.
                        drop(gate.lock());
                    }
                    assert!(batch.lost >= lost, "a count does not go back");
                    lost = batch.lost;
                    events.extend(batch.events);
                    if over.load(SeqCst) && enough(&events, lost) {
                        return (events, lost);
                    }
                    assert!(now() < deadline, "{} events, {lost} lost", events.len());
                }
            })
        });
        while !listening.load(SeqCst) && !hears.is_finished() {
            std::thread::yield_now();
        }
        work();
        over.store(true, SeqCst);
        drop(closed.take());
        hears.join().expect("no panic")
    })
}

fn of(events: &[Event], task: TaskId) -> Vec<Event> {
    let of = events.iter().filter(|event| event.task == task.number());
    of.copied().collect()
}

fn has_ended(events: &[Event], task: u64) -> bool {
    events
        .iter()
        .any(|event| event.task == task && event.kind() == EventKind::End)
}

const SPAWN: EventKind = EventKind::Spawn;
const START: EventKind = EventKind::PollStart;
const STOP: EventKind = EventKind::PollEnd;
const WAKE: EventKind = EventKind::Wake;
const END: EventKind = EventKind::End;

fn a_small_program_event_by_event() {
    let runtime = known_thread();
    let got = Mutex::new(None);
    let work = || {
        let notify = Arc::new(Notify::new());
        let theirs = Arc::clone(&notify);
        let parent = runtime.spawn(async move {
            let child = tokio::spawn(async move { theirs.notified().await });
            yield_now().await;
            notify.notify_one();
            let id = child.id();
            child.await.expect("no panic");
            id
        });
        let aborted = runtime.spawn(std::future::pending::<()>());
        let (parent_id, aborted_id) = (parent.id(), aborted.id());
        let child_id = runtime.block_on(async {
            let child = parent.await.expect("no panic");
            aborted.abort();
            aborted.await.expect_err("it was");
            child
        });
        *got.lock().expect("no panic") = Some([parent_id, child_id, aborted_id].map(look_for_end));
    };
    let all_ended = |events: &[Event], _| {
        let got = got.lock().expect("no panic");
        let mut tasks = got.iter().flatten();
        tasks.all(|task| has_ended(events, task.id.number()))
    };
    let (events, lost) = listen(&[], true, work, all_ended);
    assert_eq!(lost, 0);
    let [parent, child, aborted] = got.into_inner().expect("no panic").expect("it ran");

    let parents = of(&events, parent.id);
    let kinds: Vec<_> = parents.iter().map(Event::kind).collect();
    // The last start and stop are the drop of the future.
    let polls = [
        START, STOP, WAKE, START, STOP, WAKE, START, STOP, START, STOP,
    ];
    assert_eq!(kinds, [&[SPAWN], &polls[..], &[END]].concat());
    let wakers: Vec<_> = parents
        .iter()
        .filter(|event| event.kind() == WAKE)
        .map(|event| event.other)
        .collect();
    // A yield is answered by the scheduler, and the end of the child is in no poll.
    assert_eq!(wakers, [0, 0]);
    assert_eq!(
        (parents[0].other, last(&parents).end_state()),
        (0, TaskState::Done)
    );

    let childs = of(&events, child.id);
    let kinds: Vec<_> = childs.iter().map(Event::kind).collect();
    assert_eq!(
        kinds,
        [SPAWN, START, STOP, WAKE, START, STOP, START, STOP, END]
    );
    assert_eq!(
        (childs[0].other, childs[3].other),
        (parent.id.number(), parent.id.number())
    );
    assert_eq!(last(&childs).end_state(), TaskState::Done);

    let aborteds = of(&events, aborted.id);
    let kinds: Vec<_> = aborteds.iter().map(Event::kind).collect();
    assert_eq!(kinds, [SPAWN, START, STOP, START, STOP, END]);
    assert_eq!(last(&aborteds).end_state(), TaskState::Cancelled);

    for events in [&parents, &childs, &aborteds] {
        let before_the_end = &events[..events.len() - 1];
        assert!(
            before_the_end.is_sorted_by_key(|event| event.at_ns),
            "{events:?}"
        );
        assert!(events.iter().all(|event| event.thread == events[0].thread));
        assert_eq!(
            events[0].at_ns,
            [&parent, &child, &aborted]
                .into_iter()
                .find(|task| task.id.number() == events[0].task)
                .expect("one of them")
                .birth
                .created
                .0
        );
    }
}

fn last(events: &[Event]) -> &Event {
    events.last().expect("there are some")
}

fn only_the_tasks_that_were_asked_for() {
    let runtime = multi_thread(1);
    let notify = Arc::new(Notify::new());
    let theirs = Arc::clone(&notify);
    let wanted = runtime.spawn(async move { theirs.notified().await });
    let task = look_for(wanted.id(), State::Idle);
    let work = || {
        for _ in 0..100 {
            runtime
                .block_on(runtime.spawn(yield_now()))
                .expect("no panic");
        }
        notify.notify_one();
    };
    let (events, lost) = listen(&[task.id], true, work, |events, _| {
        has_ended(events, task.id.number())
    });
    // Events of several threads come thread by thread: the wake is of this one, the rest of the worker.
    let (wakes, rest): (Vec<&Event>, Vec<&Event>) =
        events.iter().partition(|event| event.kind() == WAKE);
    let kinds: Vec<_> = rest.iter().map(|event| event.kind()).collect();
    assert_eq!((kinds, lost), (vec![START, STOP, START, STOP, END], 0));
    assert_eq!((wakes.len(), wakes[0].other), (1, 0));
    assert!(wakes[0].at_ns <= rest[0].at_ns && wakes[0].thread != rest[0].thread);
    assert!(events.iter().all(|event| event.task == task.id.number()));
}

fn in_a_flood_nothing_goes_uncounted() {
    const YIELDS: u64 = 100_000;
    let runtime = known_thread();
    let work = || {
        let task = runtime.spawn(async {
            for _ in 0..YIELDS {
                yield_now().await;
            }
        });
        // Nothing else happens in this process that is recorded, but the `block_on` itself.
        runtime.block_on(task).expect("no panic");
    };
    // Of the task: a spawn, a wake for each yield, a start and a stop for each poll and for the drop, and an end.
    let of_the_task = 2 + YIELDS + 2 * (YIELDS + 2);
    // Of the `block_on`: a spawn, two polls, the drop and an end.
    let all = of_the_task + 2 + 2 * 3;
    let (events, lost) = listen(&[], false, work, |events, lost| {
        events.len() as u64 + lost >= all
    });
    assert_eq!(events.len() as u64 + lost, all);
    assert!(lost > 0, "that was no flood");
}

/// One after the other, since each hears all of the process. The flood comes first: events that were recorded for an
/// earlier listener, and not yet collected, would be told too.
#[test]
fn events_are_told_in_order_and_none_goes_uncounted() {
    in_a_flood_nothing_goes_uncounted();
    a_small_program_event_by_event();
    only_the_tasks_that_were_asked_for();
}
