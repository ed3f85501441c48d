//! What a watch tells, in which order, and what it does when the target fails it.

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/target.rs"]
mod target;

use std::path::Path;
use std::time::Duration;

use target::{DEADLINE, Script, Target};
use taskscope_model::{Change, TaskId, World};
use taskscope_proto::v1;
use taskscope_viewer::client::{
    Address, Sketching, WatchOptions, snapshot, snapshot_of_tasks, watch,
};
use taskscope_viewer::feed::{Ask, Feed};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A watch and both ends of what it is connected to.
struct Watch {
    runtime: Runtime,
    news: Receiver<Feed>,
    asks: Sender<Ask>,
    ended: JoinHandle<()>,
}

impl Watch {
    fn of(socket: &Path) -> Self {
        Self::with(socket, WatchOptions::default())
    }

    fn with(socket: &Path, options: WatchOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (feed, news) = channel(4);
        let (asks, asked) = channel(4);
        let ended = runtime.spawn(watch(
            Address::Socket(socket.to_owned()),
            options,
            feed,
            asked,
        ));
        Self {
            runtime,
            news,
            asks,
            ended,
        }
    }

    /// The next news.
    #[track_caller]
    fn next(&mut self) -> Feed {
        let news = self
            .runtime
            .block_on(async { timeout(DEADLINE, self.news.recv()).await });
        news.expect("there is news in time")
            .expect("the watch goes on")
    }

    /// The next news of a kind, all others being passed over.
    #[track_caller]
    fn until<T>(&mut self, wanted: impl Fn(&Feed) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(&self.next()) {
                return found;
            }
        }
    }

    #[track_caller]
    fn until_complete(&mut self) {
        self.until(|news| matches!(news, Feed::Update { complete: true, .. }).then_some(()));
    }

    fn ask(&mut self, ask: Ask) {
        self.runtime
            .block_on(self.asks.send(ask))
            .expect("the watch goes on");
    }
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn named(number: u64) -> TaskId {
    TaskId::new(number).expect("an id")
}

fn sketched(sequence: u64, id: u64) -> v1::WatchUpdate {
    let news = v1::Task {
        id,
        sketches: Some(scenes::sketches()),
        ..Default::default()
    };
    v1::WatchUpdate {
        sequence,
        complete: true,
        tasks: vec![news],
        ..Default::default()
    }
}

#[test]
fn a_watch_tells_who_and_then_what() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    assert!(matches!(watch.next(), Feed::Connecting { attempt: 1 }));
    assert!(matches!(watch.next(), Feed::Connected(hello) if hello.name == "shop"));
    let mut world = World::new();
    for expected in [(true, false), (false, true)] {
        let Feed::Update {
            restart,
            complete,
            changes,
        } = watch.next()
        else {
            panic!("an update was due")
        };
        assert_eq!((restart, complete), expected);
        changes.into_iter().for_each(|change| world.apply(change));
    }
    assert_eq!((world.len(), world.totals().spawned), (6, 1204));
    target.watch(0, |watched| {
        watched.tell(v1::WatchUpdate {
            sequence: 3,
            gone: vec![6],
            ..Default::default()
        })
    });
    let Feed::Update { changes, .. } = watch.next() else {
        panic!("an update was due")
    };
    assert!(matches!(changes[..], [Change::Now(_), Change::Gone(id)] if id == named(6)));
}

#[test]
fn what_is_asked_for_is_asked_of_the_target() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let interval = Duration::from_millis(1500);
    let options = WatchOptions {
        interval,
        filter: "state:idle".to_owned(),
        ..WatchOptions::default()
    };
    let mut watch = Watch::with(&target.socket, options);
    watch.until_complete();
    let request = target.request(0);
    assert_eq!(
        (request.interval_ms, request.filter.as_str()),
        (1500, "state:idle")
    );
    assert_eq!(
        (request.sketching(), request.tasks.len()),
        (v1::Sketching::None, 0)
    );
}

#[test]
fn a_target_that_dies_is_waited_for() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    watch.until_complete();
    let socket = target.socket.clone();
    target.kill();
    let (reason, retry_in) = watch.until(|news| match news {
        Feed::Lost { reason, retry_in } => Some((reason.clone(), *retry_in)),
        _ => None,
    });
    assert!(!reason.is_empty());
    assert_eq!(retry_in, Duration::from_millis(250));
    let second = watch.until(|news| match news {
        Feed::Lost { retry_in, .. } => Some(*retry_in),
        _ => None,
    });
    assert_eq!(second, Duration::from_millis(500));
    std::fs::remove_file(&socket).expect("it was left behind");
    let mut script = scenes::shop();
    script.hello.session_id = 5;
    let _reborn = Target::start(dir.path(), 7, script);
    let session = watch.until(|news| match news {
        Feed::Connected(hello) => Some(hello.session),
        _ => None,
    });
    assert_eq!(session, 5);
    // A new stream begins with a new picture.
    assert!(matches!(watch.next(), Feed::Update { restart: true, .. }));
}

#[test]
fn a_gap_makes_a_new_beginning() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    watch.until_complete();
    target.watch(0, |watched| {
        watched.tell(v1::WatchUpdate {
            sequence: 9,
            ..Default::default()
        })
    });
    let Feed::Lost { reason, .. } = watch.next() else {
        panic!("the loss was due")
    };
    assert!(
        reason.contains("update 9 came where update 3 was due"),
        "{reason}"
    );
    assert!(matches!(watch.next(), Feed::Connecting { attempt: 1 }));
    watch.until_complete();
}

#[test]
fn distributions_come_beside_the_rest() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    watch.ask(Ask::Sketches(vec![named(2)]));
    watch.until_complete();
    let request = target.request(1);
    assert_eq!(
        (request.sketching(), request.sketch_tasks, request.tasks),
        (v1::Sketching::Named, vec![2], vec![2])
    );
    // The second stream begins with the same picture; of that only the distribution of one task is told.
    let told = watch.until(|news| match news {
        Feed::Update {
            restart, changes, ..
        } => {
            assert!(!restart, "nothing is forgotten");
            Some(
                changes
                    .iter()
                    .map(|change| matches!(change, Change::Sketched(id, _) if *id == named(4)))
                    .collect::<Vec<_>>(),
            )
        }
        _ => None,
    });
    assert_eq!(told, [true]);
    target.watch(1, |watched| watched.tell(sketched(3, 2)));
    assert!(
        matches!(watch.next(), Feed::Update { changes, .. } if matches!(changes[..], [Change::Sketched(id, _)] if id == named(2)))
    );
    // Others take their place; the main stream goes on all the while.
    watch.ask(Ask::Sketches(vec![named(3)]));
    assert_eq!(target.request(2).tasks, [3]);
    target.watch(0, |watched| {
        watched.tell(v1::WatchUpdate {
            sequence: 3,
            gone: vec![1],
            ..Default::default()
        })
    });
    watch.until(|news| match news {
        Feed::Update {
            changes,
            restart: false,
            ..
        } => changes
            .iter()
            .any(|change| matches!(change, Change::Gone(_)))
            .then_some(()),
        _ => panic!("the connection stands: {news:?}"),
    });
}

#[test]
fn distributions_are_asked_for_again_after_a_new_picture() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    watch.ask(Ask::Sketches(vec![named(2)]));
    watch.until_complete();
    target.request(1);
    let anew = v1::WatchUpdate {
        sequence: 3,
        restart: true,
        complete: true,
        ..Default::default()
    };
    target.watch(0, |watched| watched.tell(anew));
    assert_eq!(target.request(2).tasks, [2]);
    watch.until(|news| matches!(news, Feed::Update { restart: true, .. }).then_some(()));
}

#[test]
fn what_becomes_of_a_set_up_that_was_not_there_yet_is_learnt() {
    let dir = dir();
    let mut script = scenes::shop();
    script.later = Some(script.hello.clone());
    script.hello.setup = None;
    for source in &mut script.hello.sources {
        source.active = false;
    }
    let target = Target::start(dir.path(), 7, script);
    let mut watch = Watch::of(&target.socket);
    watch.until(|news| match news {
        Feed::Connected(hello) => (!hello.setup.installed).then_some(()),
        _ => None,
    });
    watch.until_complete();
    let Feed::Learnt(hello) = watch.next() else {
        panic!("it was to be asked again")
    };
    assert!(hello.setup.installed && hello.sources.iter().all(|source| source.active));
}

#[test]
fn what_can_not_be_helped_is_not_tried_again_unless_asked() {
    let dir = dir();
    let mut script = scenes::shop();
    script.hello.protocol_version = 99;
    let target = Target::start(dir.path(), 7, script);
    let mut watch = Watch::of(&target.socket);
    assert!(matches!(watch.next(), Feed::Connecting { .. }));
    assert!(
        matches!(watch.next(), Feed::Refused { reason } if reason.contains("update the viewer"))
    );
    watch.ask(Ask::RetryNow);
    assert!(matches!(watch.next(), Feed::Connecting { attempt: 2 }));
    drop(target);
    // A filter that the target can't read is as final.
    let status = tonic::Status::invalid_argument("no such term");
    let target = Target::start(
        dir.path(),
        7,
        Script {
            refuses: Some(status),
            ..scenes::shop()
        },
    );
    let mut watch = Watch::of(&target.socket);
    watch.until(|news| {
        matches!(news, Feed::Refused { reason } if reason.contains("no such term")).then_some(())
    });
}

#[test]
fn nobody_is_waited_for_in_vain() {
    let dir = dir();
    let mut watch = Watch::of(&dir.path().join("7.sock"));
    assert!(matches!(watch.next(), Feed::Connecting { attempt: 1 }));
    assert!(
        matches!(watch.next(), Feed::Lost { reason, .. } if reason.contains("there is no socket"))
    );
    watch.ask(Ask::RetryNow);
    assert!(matches!(watch.next(), Feed::Connecting { attempt: 2 }));
}

#[test]
fn a_watch_ends_with_its_listener() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    watch.until_complete();
    let Watch {
        runtime,
        news,
        asks,
        ended,
    } = watch;
    drop((news, asks));
    runtime
        .block_on(async { timeout(DEADLINE, ended).await })
        .expect("it ends")
        .expect("it does not panic");
}

#[test]
fn one_who_asks_without_listening_is_heard() {
    let dir = dir();
    let mut script = scenes::shop();
    // More news than the channel holds.
    script
        .updates
        .extend((3..40).map(|sequence| v1::WatchUpdate {
            sequence,
            ..Default::default()
        }));
    let target = Target::start(dir.path(), 7, script);
    let mut watch = Watch::of(&target.socket);
    watch.until_complete();
    for id in 1..20 {
        watch.ask(Ask::Sketches(vec![named(id)]));
    }
    watch.until(|news| match news {
        Feed::Update { .. } => target
            .watches
            .lock()
            .expect("no test panics with it")
            .iter()
            .find(|watched| watched.request.tasks == [19])
            .map(drop),
        _ => None,
    });
}

#[test]
fn what_tasks_share_is_followed_and_the_second_stream_leaves_it_out() {
    let dir = dir();
    let target = Target::start(dir.path(), 7, scenes::shop());
    let mut watch = Watch::of(&target.socket);
    watch.until_complete();
    target.watch(0, |watched| {
        assert!(!watched.request.without_resources);
        watched.tell(scenes::deadlock(3));
    });
    let mut world = World::new();
    let changes = watch.until(|news| match news {
        Feed::Update { changes, .. } if changes.len() > 1 => Some(changes.clone()),
        _ => None,
    });
    changes.into_iter().for_each(|change| world.apply(change));
    let holders = [2, 3].map(|id| world.held_by(named(id)).count());
    let waits = [2, 3].map(|id| world.waits_of(named(id)).count());
    assert_eq!((holders, waits), ([1, 1], [1, 1]));
    let finding = world.findings().iter().next().expect("a finding");
    assert_eq!((&*finding.rule, finding.subjects.len()), ("deadlock", 4));
    let lock = world.held_by(named(2)).next().expect("a lock");
    let place = world.place(lock.origin.place).expect("its place");
    assert_eq!((&*place.file, place.line), ("src/cache.rs", 31));
    watch.ask(Ask::Sketches(vec![named(2)]));
    watch.until(|_| {
        let watches = target.watches.lock().expect("no test panics with it");
        let second = watches.get(1)?;
        assert!(second.request.without_resources && second.request.tasks == [2]);
        Some(())
    });
}

#[test]
fn a_picture_of_tasks_alone_costs_no_resources() {
    let dir = dir();
    let mut script = scenes::shop();
    script.updates.push(scenes::deadlock(3));
    script.updates[1].complete = false;
    let target = Target::start(dir.path(), 7, script);
    let address = Address::Socket(target.socket.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (tasks, all) = runtime.block_on(async {
        let tasks = snapshot_of_tasks(&address, "state:idle".to_owned(), Sketching::All).await;
        (
            tasks,
            snapshot(&address, String::new(), Sketching::All).await,
        )
    });
    assert_eq!(tasks.expect("a picture").world.len(), 6);
    assert_eq!(all.expect("a picture").world.waits().len(), 2);
    let requests = [0, 1].map(|n| target.request(n));
    let asked = requests.map(|request| (request.without_resources, request.filter));
    assert_eq!(
        asked,
        [(true, "state:idle".to_owned()), (false, String::new())]
    );
}
