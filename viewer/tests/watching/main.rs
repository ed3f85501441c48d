//! What a watch tells, in which order, and what it does when the target fails it.

#[path = "../support/scenes.rs"]
mod scenes;
#[path = "../support/target.rs"]
mod target;

mod beside;
mod watch;

use std::time::Duration;

use taskscope_model::{Change, TaskId, World};
use taskscope_proto::v1;
use taskscope_viewer::client::WatchOptions;
use taskscope_viewer::feed::{Ask, Feed};
use tokio::time::timeout;

use self::target::{DEADLINE, Script, Target};
use self::watch::Watch;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn named(number: u64) -> TaskId {
    TaskId::new(number).expect("an id")
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
