//! What resources and their holders are called.

use taskscope_model::{
    Hold, Holder, Mode, Origin, PlaceId, Resource, ResourceId, ResourceKind, Stamp, Sureness,
    TaskId, Usage, World,
};

use crate::text::shared::{Names, state};

fn held(kind: ResourceKind, holders: &[Holder], usage: Usage) -> Resource {
    let hold = |holder: &Holder| Hold {
        holder: *holder,
        mode: if kind == ResourceKind::Mutex {
            Mode::Exclusive
        } else {
            Mode::Shared
        },
        permits: 1,
        since: Stamp(0),
        awaits: 0,
        stack: None,
    };
    Resource {
        id: ResourceId::FIRST,
        origin: Origin {
            kind,
            place: PlaceId(0),
            created: Stamp(0),
            creator: None,
        },
        usage: Usage {
            holds: holders.iter().map(hold).collect(),
            ..usage
        },
    }
}

#[test]
fn states_are_words() {
    use ResourceKind::{Mpsc, Mutex, Oneshot, RwLock, Semaphore};
    let (no, some) = (Usage::default(), |free| Usage {
        free: Some(free),
        ..Usage::default()
    });
    let partial = Usage {
        sureness: Sureness::Partial,
        ..some(3)
    };
    let two = [Holder::NoTask, Holder::Task(TaskId::FIRST)];
    for (kind, holders, usage, words) in [
        (Mutex, &two[..0], no.clone(), "free"),
        (Mutex, &two[..1], no.clone(), "locked"),
        (RwLock, &two[..1], no.clone(), "1 reader"),
        (RwLock, &two, no.clone(), "2 readers"),
        (RwLock, &two[..0], partial.clone(), "free?"),
        (Semaphore, &two, some(3), "3 free of 5"),
        (Semaphore, &two, partial, "3 free"),
        (Semaphore, &two, no.clone(), "2 taken"),
        (Mpsc, &two[..0], some(0), "0 free"),
        (Oneshot, &two[..0], no, "-"),
    ] {
        assert_eq!(
            state(&held(kind, holders, usage)),
            words,
            "{kind} {holders:?}"
        );
    }
}

#[test]
fn a_holder_that_is_not_known_is_gone_or_was_not_told() {
    let world = World::new();
    let mutex = |usage| held(ResourceKind::Mutex, &[Holder::Task(TaskId::FIRST)], usage);
    let names = Names::of(&world);
    assert_eq!(
        names.holders(&mutex(Usage::default())),
        "a task that is gone"
    );
    let moved = Usage {
        sureness: Sureness::Moved,
        ..Usage::default()
    };
    assert_eq!(names.holders(&mutex(moved)), "a task that is gone?");
    let part = Names {
        whole: false,
        ..names
    };
    assert_eq!(
        part.holders(&mutex(Usage::default())),
        "a task that was not told"
    );
    let unlisted = Usage {
        unlisted: 4,
        ..Usage::default()
    };
    assert_eq!(names.holders(&mutex(unlisted)), "a task that is gone +4");
    assert_eq!(
        names.holders(&held(
            ResourceKind::Mutex,
            &[Holder::NoTask],
            Usage::default()
        )),
        "no task"
    );
    assert_eq!(
        names.resource_of(ResourceId::FIRST, 20),
        "a resource that is no longer kept"
    );
}
