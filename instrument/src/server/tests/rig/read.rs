//! From the protocol's messages to the model's values, as a viewer reads them.

use std::num::{NonZeroU16, NonZeroU64};

use taskscope_model::{
    Birth, Bucket, Change, Kind, LastWaker, Leaves, Nanos, RuntimeId, Site, SiteId, Sketch,
    Sketches, StackId, Stamp, State, Tally, TaskId, Totals, Vitals, World,
};
use taskscope_proto::v1;

use super::{id, read_shared};

/// What a viewer makes of an update.
pub(in crate::server::tests) fn replay(world: &mut World, update: &v1::WatchUpdate) {
    if update.restart {
        *world = World::new();
    }
    for site in &update.sites {
        world.apply(Change::Site(SiteId(site.id), Box::new(read_site(site))));
    }
    read_shared::places(world, update);
    update
        .gone
        .iter()
        .for_each(|gone| world.apply(Change::Gone(id(*gone))));
    read_shared::news(world, update);
    for task in &update.tasks {
        let vitals = read_vitals(task.vitals.as_ref().expect("vitals"));
        world.apply(match &task.birth {
            Some(birth) => Change::Born(id(task.id), Box::new(read_birth(birth)), vitals),
            None => Change::Lived(id(task.id), vitals),
        });
        if let Some(read) = &task.sketches {
            world.apply(Change::Sketched(id(task.id), Box::new(read_sketches(read))));
        }
    }
    if let Some(totals) = &update.totals {
        world.apply(Change::Totals(Box::new(read_totals(totals))));
    }
    world.apply(Change::Now(Stamp(update.now_ns)));
}

fn read_site(site: &v1::Site) -> Site {
    let past = site.past.expect("a tally");
    Site {
        file: site.file.as_str().into(),
        line: site.line,
        column: site.column,
        kind: match site.kind() {
            v1::TaskKind::Task => Kind::Task,
            v1::TaskKind::Local => Kind::Local,
            v1::TaskKind::Blocking => Kind::Blocking,
            v1::TaskKind::BlockOn => Kind::BlockOn,
            v1::TaskKind::Unknown => Kind::Unknown,
        },
        size: site.size_bytes,
        boxed_from: Some(site.boxed_from_bytes).filter(|bytes| *bytes > 0),
        type_name: Some(site.type_name.as_str())
            .filter(|name| !name.is_empty())
            .map(Into::into),
        past: Tally {
            done: past.done,
            cancelled: past.cancelled,
            panicked: past.panicked,
            polls: past.polls,
            busy: Nanos(past.busy_ns),
            scheduled: Nanos(past.scheduled_ns),
            wakes: past.wakes,
            self_wakes: past.self_wakes,
        },
    }
}

fn read_birth(birth: &v1::Birth) -> Birth {
    Birth {
        tokio_id: NonZeroU64::new(birth.tokio_id),
        parent: TaskId::new(birth.parent),
        name: Some(birth.name.as_str())
            .filter(|name| !name.is_empty())
            .map(Into::into),
        site: SiteId(birth.site),
        created: Stamp(birth.created_ns),
    }
}

fn read_vitals(vitals: &v1::Vitals) -> Vitals {
    Vitals {
        state: read_state(vitals.state()).expect("a state"),
        since: Stamp(vitals.since_ns),
        polls: vitals.polls,
        busy: Nanos(vitals.busy_ns),
        scheduled: Nanos(vitals.scheduled_ns),
        wakes: vitals.wakes,
        self_wakes: vitals.self_wakes,
        last_waker: match vitals.last_waker {
            None => LastWaker::Nobody,
            Some(v1::vitals::LastWaker::WokenBy(by)) => LastWaker::Task(id(by)),
            Some(v1::vitals::LastWaker::WokenOutside(_)) => LastWaker::NoTask,
        },
        wakers: vitals.wakers,
        runtime: NonZeroU16::new(vitals.runtime as u16).map(RuntimeId),
        leaves: Leaves::new(
            vitals
                .leaves
                .iter()
                .zip(&vitals.leaf_ages)
                .map(|(stack, age)| (StackId::new(*stack).expect("an id"), *age as u8)),
        ),
    }
}

pub(in crate::server::tests) fn read_state(state: v1::TaskState) -> Option<State> {
    match state {
        v1::TaskState::Unknown => None,
        v1::TaskState::Scheduled => Some(State::Scheduled),
        v1::TaskState::Running => Some(State::Running),
        v1::TaskState::Idle => Some(State::Idle),
        v1::TaskState::Done => Some(State::Done),
        v1::TaskState::Cancelled => Some(State::Cancelled),
        v1::TaskState::Panicked => Some(State::Panicked),
    }
}

fn read_sketches(sketches: &v1::Sketches) -> Sketches {
    let read = |sketch: &Option<v1::Sketch>| {
        let sketch = sketch.as_ref().expect("a sketch");
        let bounds = sketch.from_ns.iter().zip(&sketch.to_ns).zip(&sketch.count);
        Sketch::new(bounds.map(|((from, to), count)| Bucket {
            from: Nanos(*from),
            to: Nanos(*to),
            count: *count,
        }))
    };
    Sketches {
        polls: read(&sketches.polls),
        delays: read(&sketches.delays),
    }
}

fn read_totals(totals: &v1::Totals) -> Totals {
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
