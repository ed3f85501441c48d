//! What comes beside the tasks: distributions, on a stream of their own, and what tasks share.

use taskscope_model::{Change, World};
use taskscope_proto::v1;
use taskscope_viewer::client::{Address, Sketching, snapshot, snapshot_of_tasks};
use taskscope_viewer::feed::{Ask, Feed};

use crate::target::Target;
use crate::watch::Watch;
use crate::{dir, named, scenes};

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
