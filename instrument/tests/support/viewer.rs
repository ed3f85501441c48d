//! A viewer for tests: connects to this very process and puts what it is told into a `World`.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test uses a part of this"
)]

use std::num::{NonZeroU16, NonZeroU64};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper_util::rt::TokioIo;
use taskscope_model::{
    Birth, Bucket, Change, Code, Frame, Kind, LastWaker, Leaves, Mode, Nanos, Place, ResourceId,
    RuntimeId, Site, SiteId, Sketch, Sketches, Stack, StackId, Stamp, State, TaskId, Totals,
    Vitals, Wait, WaitId, World,
};
use taskscope_proto::v1::taskscope_client::TaskscopeClient;
use taskscope_proto::v1::{self, vitals};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint};

pub type Client = TaskscopeClient<Channel>;

/// A runtime for the viewer's side, on a thread whose tasks are not the app's.
pub fn on_a_thread_of_its_own<T: Send>(work: impl AsyncFnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let viewer = scope.spawn(|| {
            // Under a subscriber of its own, so that the viewer's tasks are not among those that are looked at.
            let quiet = tracing_core::dispatcher::Dispatch::new(
                tracing_core::subscriber::NoSubscriber::new(),
            );
            tracing_core::dispatcher::with_default(&quiet, || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.expect("a runtime").block_on(work())
            })
        });
        viewer.join().expect("the viewer does not panic")
    })
}

pub async fn connect(socket: &Path) -> Client {
    let socket = socket.to_owned();
    let connector = tower::service_fn(move |_| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    let channel = Endpoint::from_static("http://taskscope")
        .connect_with_connector(connector)
        .await;
    TaskscopeClient::new(channel.expect("the server answers"))
}

/// Watches until `enough` says so of a complete picture, for a minute at the most.
pub async fn watch_until(
    client: &mut Client,
    request: v1::WatchRequest,
    mut enough: impl FnMut(&World) -> bool,
) -> World {
    let mut world = World::new();
    #[allow(clippy::disallowed_methods, reason = "a deadline for a test")]
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut updates = client
        .watch(request)
        .await
        .expect("watching is allowed")
        .into_inner();
    let mut sequence = 0;
    loop {
        let complete = take(&mut updates, &mut sequence, &mut world).await;
        if complete && enough(&world) {
            return world;
        }
        #[allow(clippy::disallowed_methods, reason = "a deadline for a test")]
        let now = Instant::now();
        assert!(
            now < deadline,
            "not within a minute; last seen: {:?}, {} listed",
            world.totals(),
            world.len()
        );
    }
}

/// Takes in one update; gives whether the picture is complete with it.
pub async fn take(
    updates: &mut tonic::Streaming<v1::WatchUpdate>,
    sequence: &mut u64,
    world: &mut World,
) -> bool {
    let update = updates
        .message()
        .await
        .expect("the stream lives")
        .expect("the stream goes on");
    *sequence += 1;
    assert_eq!(update.sequence, *sequence);
    assert!(prost::Message::encoded_len(&update) < 1 << 20);
    let complete = update.complete;
    if update.restart {
        *world = World::new();
    }
    changes(update)
        .into_iter()
        .for_each(|change| world.apply(change));
    complete
}

fn changes(update: v1::WatchUpdate) -> Vec<Change> {
    let mut changes = vec![Change::Now(Stamp(update.now_ns))];
    changes.extend(
        update
            .sites
            .into_iter()
            .map(|site| Change::Site(SiteId(site.id), Box::new(site_of(site)))),
    );
    changes.extend(update.stacks.into_iter().map(stack_of));
    let over = update.waits_over.into_iter().filter_map(WaitId::new);
    changes.extend(over.map(Change::WaitOver));
    changes.extend(update.waits.into_iter().map(wait_of));
    for task in update.tasks {
        let id = TaskId::new(task.id).expect("tasks have ids");
        let vitals = task.vitals.map(vitals_of);
        match (task.birth, vitals) {
            (Some(birth), Some(vitals)) => {
                changes.push(Change::Born(id, Box::new(birth_of(birth)), vitals))
            }
            (None, Some(vitals)) => changes.push(Change::Lived(id, vitals)),
            (_, None) => {}
        }
        let sketches = task.sketches.map(sketches_of);
        changes.extend(sketches.map(|sketches| Change::Sketched(id, Box::new(sketches))));
    }
    changes.extend(
        update
            .gone
            .into_iter()
            .filter_map(TaskId::new)
            .map(Change::Gone),
    );
    changes.extend(
        update
            .totals
            .map(|totals| Change::Totals(Box::new(totals_of(totals)))),
    );
    changes
}

fn wait_of(wait: v1::Wait) -> Change {
    Change::Wait(Wait {
        id: WaitId::new(wait.id).expect("an id"),
        resource: ResourceId::new(wait.resource).expect("an id"),
        task: TaskId::new(wait.task),
        mode: match wait.mode() {
            v1::Mode::Exclusive => Mode::Exclusive,
            v1::Mode::Shared => Mode::Shared,
            v1::Mode::Permits => Mode::Permits,
            v1::Mode::Unknown => panic!("one asks in some mode"),
        },
        permits: wait.permits,
        since: Stamp(wait.since_ns),
        polled: Stamp(wait.polled_ns),
        order: wait.order,
        granted: wait.granted_ns.map(Stamp),
        timed: wait.timed,
        stack: StackId::new(wait.stack),
    })
}

fn stack_of(stack: v1::Stack) -> Change {
    let frame = |frame: v1::Frame| Frame {
        code: match frame.code() {
            v1::Code::App => Code::App,
            v1::Code::Dependency => Code::Dependency,
            v1::Code::Runtime => Code::Runtime,
            v1::Code::Std => Code::Std,
            v1::Code::Unknown => panic!("code is somebody's"),
        },
        function: frame.function.into(),
        place: Place {
            file: frame.file.into(),
            line: frame.line,
            column: frame.column,
        },
    };
    Change::Stack(
        StackId::new(stack.id).expect("an id"),
        Arc::new(Stack {
            frames: stack.frames.into_iter().map(frame).collect(),
            whole: stack.whole,
        }),
    )
}

/// What its ended tasks add up to is left out.
fn site_of(site: v1::Site) -> Site {
    Site {
        kind: match site.kind() {
            v1::TaskKind::Task => Kind::Task,
            v1::TaskKind::Local => Kind::Local,
            v1::TaskKind::Blocking => Kind::Blocking,
            v1::TaskKind::BlockOn => Kind::BlockOn,
            v1::TaskKind::Unknown => Kind::Unknown,
        },
        file: site.file.into(),
        line: site.line,
        column: site.column,
        size: site.size_bytes,
        boxed_from: (site.boxed_from_bytes > 0).then_some(site.boxed_from_bytes),
        type_name: (!site.type_name.is_empty()).then(|| site.type_name.into()),
        ..Site::default()
    }
}

fn sketches_of(sketches: v1::Sketches) -> Sketches {
    Sketches {
        polls: sketches.polls.map(sketch_of).unwrap_or_default(),
        delays: sketches.delays.map(sketch_of).unwrap_or_default(),
    }
}

fn sketch_of(sketch: v1::Sketch) -> Sketch {
    assert!(sketch.from_ns.len() == sketch.to_ns.len() && sketch.to_ns.len() == sketch.count.len());
    let bounds = sketch.from_ns.into_iter().zip(sketch.to_ns);
    let buckets = bounds.zip(sketch.count).map(|((from, to), count)| Bucket {
        from: Nanos(from),
        to: Nanos(to),
        count,
    });
    Sketch::new(buckets)
}

fn birth_of(birth: v1::Birth) -> Birth {
    Birth {
        tokio_id: NonZeroU64::new(birth.tokio_id),
        parent: TaskId::new(birth.parent),
        name: (!birth.name.is_empty()).then(|| Arc::from(birth.name)),
        site: SiteId(birth.site),
        created: Stamp(birth.created_ns),
    }
}

fn vitals_of(vitals: v1::Vitals) -> Vitals {
    Vitals {
        state: match vitals.state() {
            v1::TaskState::Scheduled => State::Scheduled,
            v1::TaskState::Running => State::Running,
            v1::TaskState::Idle => State::Idle,
            v1::TaskState::Done => State::Done,
            v1::TaskState::Cancelled => State::Cancelled,
            v1::TaskState::Panicked => State::Panicked,
            v1::TaskState::Unknown => panic!("a task is in some state"),
        },
        since: Stamp(vitals.since_ns),
        polls: vitals.polls,
        busy: Nanos(vitals.busy_ns),
        scheduled: Nanos(vitals.scheduled_ns),
        wakes: vitals.wakes,
        self_wakes: vitals.self_wakes,
        last_waker: match vitals.last_waker {
            None => LastWaker::Nobody,
            Some(vitals::LastWaker::WokenBy(id)) => {
                LastWaker::Task(TaskId::new(id).expect("an id"))
            }
            Some(vitals::LastWaker::WokenOutside(_)) => LastWaker::NoTask,
        },
        wakers: vitals.wakers,
        runtime: u16::try_from(vitals.runtime)
            .ok()
            .and_then(NonZeroU16::new)
            .map(RuntimeId),
        leaves: Leaves::new(
            vitals
                .leaves
                .iter()
                .zip(&vitals.leaf_ages)
                .map(|(stack, age)| (StackId::new(*stack).expect("an id"), *age as u8)),
        ),
    }
}

fn totals_of(totals: v1::Totals) -> Totals {
    Totals {
        spawned: totals.spawned,
        scheduled: totals.scheduled,
        running: totals.running,
        idle: totals.idle,
        done: totals.done,
        cancelled: totals.cancelled,
        panicked: totals.panicked,
        polls: totals.polls,
        busy: Nanos(totals.busy_ns),
        delayed: Nanos(totals.delayed_ns),
        wakes: totals.wakes,
        self_wakes: totals.self_wakes,
        workers: totals.workers,
        worker_busy: Nanos(totals.worker_busy_ns),
        unlisted: totals.unlisted,
        untracked: totals.untracked,
        unplaced: totals.unplaced,
    }
}
