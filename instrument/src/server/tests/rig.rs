//! A running server with a world of ours, and viewers that replay what they are told.

mod read;
mod read_shared;

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use prost::Message;
use taskscope_model::query::Filter;
use taskscope_model::{
    Birth, Bucket, Change, Kind, LastWaker, Nanos, RuntimeId, Site, SiteId, Sketch, Sketches,
    Stamp, State, Task, TaskId, Totals, Vitals, World,
};
use taskscope_proto::v1::taskscope_client::TaskscopeClient;
use taskscope_proto::{MAX_MESSAGE_BYTES, v1};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint, Uri};

pub(super) use read::{read_state, replay};

use crate::hub::{Hub, Retention};
use crate::server::limits::Limits;
use crate::server::{
    About, Backend, EventHub, HelloFacts, ServerConfig, ServerHandle, Sketcher, start_within,
};

/// Longer than anything takes on a busy machine.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

pub(super) type Client = TaskscopeClient<Channel>;

pub(super) struct Facts;

impl About for Facts {
    fn hello(&self) -> HelloFacts {
        HelloFacts {
            pid: 42,
            name: "rig".to_owned(),
            session_id: 7,
            ..HelloFacts::default()
        }
    }
}

impl Sketcher for Facts {
    /// As many samples as the task's number.
    fn sketches(&self, task: TaskId) -> Option<Sketches> {
        Some(sketches(task.number()))
    }
}

pub(super) struct Rig {
    pub(super) hub: Arc<Hub>,
    pub(super) events: Arc<EventHub>,
    pub(super) handle: ServerHandle,
    pub(super) folder: TempDir,
}

pub(super) fn config(folder: &TempDir) -> ServerConfig {
    ServerConfig {
        socket_dir: Some(folder.path().join("sockets")),
        bind: None,
        allow_remote: false,
        on_thread_start: || (),
    }
}

pub(super) fn backend() -> Backend {
    Backend {
        hub: Arc::new(Hub::new(Retention::default())),
        events: Arc::new(EventHub::with_queue(1000)),
        about: Arc::new(Facts),
        sketcher: Arc::new(Facts),
    }
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::within(Limits::default())
    }

    pub(super) fn within(limits: Limits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let backend = backend();
        let (hub, events) = (Arc::clone(&backend.hub), Arc::clone(&backend.events));
        let handle = start_within(limits, &config(&folder), backend).expect("the server starts");
        Self {
            hub,
            events,
            handle,
            folder,
        }
    }

    /// A viewer's connection, made when it is first used.
    pub(super) fn client(&self) -> Client {
        let path = self.handle.socket().expect("a socket").to_owned();
        let endpoint = Endpoint::from_static("http://taskscope");
        let connector = tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        TaskscopeClient::new(endpoint.connect_with_connector_lazy(connector))
    }

    pub(super) async fn viewer(&self, filter: &str) -> Viewer {
        Viewer::new(
            self.client(),
            v1::WatchRequest {
                filter: filter.to_owned(),
                ..fast()
            },
        )
        .await
    }
}

/// Updates as often as they come.
pub(super) fn fast() -> v1::WatchRequest {
    v1::WatchRequest {
        interval_ms: 10,
        ..v1::WatchRequest::default()
    }
}

/// A viewer that watches.
pub(super) struct Viewer {
    stream: Streaming<v1::WatchUpdate>,
    filter: Filter,
    pub(super) world: World,
    pub(super) updates: u64,
    pub(super) restarts: u32,
    pub(super) rounds: u32,
}

impl Viewer {
    pub(super) async fn new(mut client: Client, request: v1::WatchRequest) -> Self {
        let filter = request.filter.parse().expect("a filter");
        let stream = client
            .watch(request)
            .await
            .expect("it may watch")
            .into_inner();
        Self {
            stream,
            filter,
            world: World::new(),
            updates: 0,
            restarts: 0,
            rounds: 0,
        }
    }

    pub(super) async fn next(&mut self) -> v1::WatchUpdate {
        let message = tokio::time::timeout(DEADLINE, self.stream.message()).await;
        let update = message
            .expect("an update in time")
            .expect("no error")
            .expect("no end");
        assert!(
            update.encoded_len() < MAX_MESSAGE_BYTES,
            "{} bytes",
            update.encoded_len()
        );
        self.updates += 1;
        assert_eq!(update.sequence, self.updates);
        assert!(!update.restart || update.sequence == 1 || self.rounds > 0);
        self.restarts += u32::from(update.restart);
        self.rounds += u32::from(update.complete);
        replay(&mut self.world, &update);
        update
    }

    /// Reads until this viewer's world is the hub's.
    pub(super) async fn catch_up(&mut self, hub: &Hub) {
        // A moment that no update on its way can have told of yet.
        hub.apply([Change::Now(hub.look(World::now) + Nanos(1))]);
        let truth = hub.look(World::clone);
        let deadline = tokio::time::Instant::now() + DEADLINE;
        // The round that is under way at that moment can have begun before; the next one has all.
        let mut rounds = 0;
        while rounds < 2 {
            let update = self.next().await;
            rounds += u32::from(update.complete && update.now_ns >= truth.now().0);
            assert!(
                tokio::time::Instant::now() < deadline,
                "a round ends in time"
            );
        }
        assert_same(&self.world, &truth, &self.filter);
    }
}

fn assert_same(told: &World, truth: &World, filter: &Filter) {
    let facts = |task: &Task| (task.id, (task.birth.clone(), task.vitals));
    let told_tasks: BTreeMap<_, _> = told.tasks().map(facts).collect();
    let true_tasks: BTreeMap<_, _> = truth
        .tasks()
        .filter(|task| filter.matches(task, truth))
        .map(facts)
        .collect();
    assert_eq!(told_tasks.len(), true_tasks.len());
    assert!(
        told_tasks == true_tasks,
        "the same tasks, but not the same facts"
    );
    assert!(told.sites().eq(truth.sites()));
    assert_eq!(told.totals(), truth.totals());
    // Another viewer may have moved the time on.
    assert!(told.now() >= truth.now());
}

pub(super) fn id(number: u64) -> TaskId {
    TaskId::new(number).expect("not 0")
}

pub(super) fn sketches(samples: u64) -> Sketches {
    let sketch = |count| {
        Sketch::new([Bucket {
            from: Nanos(10),
            to: Nanos(12),
            count,
        }])
    };
    Sketches {
        polls: sketch(samples),
        delays: sketch(samples + 1),
    }
}

/// A spawn of this task at this moment: every third one has a name, and a parent.
pub(super) fn born(number: u64, at: u64) -> Change {
    let third = number.is_multiple_of(3);
    let birth = Birth {
        tokio_id: NonZeroU64::new(number),
        parent: third.then(|| id(number + 1)),
        name: third.then(|| format!("task {number}").into()),
        site: SiteId((number % 10) as u32),
        created: Stamp(at),
    };
    Change::Born(id(number), Box::new(birth), Vitals::at_birth(Stamp(at)))
}

/// What is new about a task after `polls` polls.
pub(super) fn lived(number: u64, state: State, polls: u64, at: u64) -> Change {
    let vitals = Vitals {
        state,
        since: Stamp(at),
        polls,
        busy: Nanos(polls * 100),
        wakes: polls,
        last_waker: [
            LastWaker::Nobody,
            LastWaker::NoTask,
            LastWaker::Task(id(number + 1)),
        ][(number % 3) as usize],
        wakers: 1,
        runtime: NonZeroU16::new(1).map(RuntimeId),
        ..Vitals::at_birth(Stamp(at))
    };
    Change::Lived(id(number), vitals)
}

/// The ten sites of [`born`].
pub(super) fn ten_sites() -> impl Iterator<Item = Change> {
    (0..10).map(|n| {
        let site = Site {
            file: format!("src/site_{n}.rs").into(),
            line: n + 1,
            column: 5,
            kind: [
                Kind::Task,
                Kind::Local,
                Kind::Blocking,
                Kind::BlockOn,
                Kind::Unknown,
            ][n as usize % 5],
            size: 512,
            boxed_from: (n == 3).then_some(20_000),
            type_name: (n == 2).then(|| "app::{{closure}}".into()),
            ..Site::default()
        };
        Change::Site(SiteId(n), Box::new(site))
    })
}

/// The moment, and counters to go with it.
pub(super) fn tick(now: u64, spawned: u64) -> [Change; 2] {
    let totals = Totals {
        spawned,
        idle: spawned,
        workers: 2,
        ..Totals::default()
    };
    [Change::Now(Stamp(now)), Change::Totals(Box::new(totals))]
}

/// Waits until this holds.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
