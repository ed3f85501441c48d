//! One value at a time: generated type in, the model's type out.

use std::num::{NonZeroU16, NonZeroU64};

use taskscope_model::{
    Birth, Bucket, Kind, LastWaker, Leaves, Nanos, RuntimeId, Site, SiteId, Sketch, Sketches,
    StackId, Stamp, State, Tally, TaskId, Totals, Vitals,
};
use taskscope_proto::v1::{self, vitals::LastWaker as WireWaker};

use super::names::Names;

/// Longest name of a task, in bytes, whatever the target allows.
const MAX_NAME: usize = 256;

/// Longest name of a file or a type, in bytes.
const MAX_PLACE: usize = 1024;

/// Buckets beyond this many are left out: 2^¼ apart, 256 of them span all lengths that there are.
const MAX_BUCKETS: usize = 512;

/// Whether the site is the same but for what its past tasks add up to.
pub(super) fn same_place(known: &Site, site: &v1::Site) -> bool {
    *known.file == *site.file
        && (known.line, known.column, known.kind) == (site.line, site.column, kind(site.kind()))
        && (known.size, known.boxed_from.unwrap_or(0)) == (site.size_bytes, site.boxed_from_bytes)
        && known.type_name.as_deref().unwrap_or("") == site.type_name
}

pub(super) fn site(site: v1::Site, past: Tally, names: &mut Names) -> Site {
    Site {
        line: site.line,
        column: site.column,
        kind: kind(site.kind()),
        size: site.size_bytes,
        boxed_from: (site.boxed_from_bytes > 0).then_some(site.boxed_from_bytes),
        type_name: (!site.type_name.is_empty()).then(|| names.shared(site.type_name, MAX_PLACE)),
        past,
        file: names.shared(site.file, MAX_PLACE),
    }
}

pub(super) fn tally(tally: &v1::Tally) -> Tally {
    Tally {
        done: tally.done,
        cancelled: tally.cancelled,
        panicked: tally.panicked,
        polls: tally.polls,
        busy: Nanos(tally.busy_ns),
        scheduled: Nanos(tally.scheduled_ns),
        wakes: tally.wakes,
        self_wakes: tally.self_wakes,
    }
}

pub(super) fn birth(birth: v1::Birth, names: &mut Names) -> Birth {
    Birth {
        tokio_id: NonZeroU64::new(birth.tokio_id),
        parent: TaskId::new(birth.parent),
        name: (!birth.name.is_empty()).then(|| names.shared(birth.name, MAX_NAME)),
        site: SiteId(birth.site),
        created: Stamp(birth.created_ns),
    }
}

/// `None` for a state that this version does not know.
pub(super) fn vitals(vitals: &v1::Vitals) -> Option<Vitals> {
    let state = match vitals.state() {
        v1::TaskState::Unknown => return None,
        v1::TaskState::Scheduled => State::Scheduled,
        v1::TaskState::Running => State::Running,
        v1::TaskState::Idle => State::Idle,
        v1::TaskState::Done => State::Done,
        v1::TaskState::Cancelled => State::Cancelled,
        v1::TaskState::Panicked => State::Panicked,
    };
    Some(Vitals {
        state,
        since: Stamp(vitals.since_ns),
        polls: vitals.polls,
        busy: Nanos(vitals.busy_ns),
        scheduled: Nanos(vitals.scheduled_ns),
        wakes: vitals.wakes,
        self_wakes: vitals.self_wakes,
        last_waker: match vitals.last_waker {
            None | Some(WireWaker::WokenOutside(false)) => LastWaker::Nobody,
            Some(WireWaker::WokenOutside(true)) => LastWaker::NoTask,
            Some(WireWaker::WokenBy(id)) => {
                TaskId::new(id).map_or(LastWaker::NoTask, LastWaker::Task)
            }
        },
        wakers: vitals.wakers,
        runtime: u16::try_from(vitals.runtime)
            .ok()
            .and_then(NonZeroU16::new)
            .map(RuntimeId),
        leaves: leaves(&vitals.leaves, &vitals.leaf_ages),
    })
}

/// Ends where an entry is none.
fn leaves(stacks: &[u32], ages: &[u32]) -> Leaves {
    let age = |age: &u32| u8::try_from(*age).unwrap_or(u8::MAX);
    let pairs = stacks.iter().zip(ages);
    Leaves::new(pairs.map_while(|(stack, ago)| Some((StackId::new(*stack)?, age(ago)))))
}

pub(super) fn sketches(sketches: &v1::Sketches) -> Sketches {
    let one = |wire: &Option<v1::Sketch>| wire.as_ref().map(sketch).unwrap_or_default();
    Sketches {
        polls: one(&sketches.polls),
        delays: one(&sketches.delays),
    }
}

pub(super) fn totals(totals: &v1::Totals) -> Totals {
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

fn sketch(sketch: &v1::Sketch) -> Sketch {
    let bounds = sketch.from_ns.iter().zip(&sketch.to_ns);
    Sketch::new(
        bounds
            .zip(&sketch.count)
            .filter(|((from, to), _)| from < to)
            .take(MAX_BUCKETS)
            .map(|((from, to), count)| Bucket {
                from: Nanos(*from),
                to: Nanos(*to),
                count: *count,
            }),
    )
}

fn kind(kind: v1::TaskKind) -> Kind {
    match kind {
        v1::TaskKind::Unknown => Kind::Unknown,
        v1::TaskKind::Task => Kind::Task,
        v1::TaskKind::Local => Kind::Local,
        v1::TaskKind::Blocking => Kind::Blocking,
        v1::TaskKind::BlockOn => Kind::BlockOn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_not_known_are_unknown() {
        assert_eq!(
            vitals(&v1::Vitals {
                state: 99,
                ..Default::default()
            }),
            None
        );
        let odd = v1::Site {
            kind: -5,
            ..Default::default()
        };
        assert_eq!(
            site(odd, Tally::default(), &mut Names::default()).kind,
            Kind::Unknown
        );
        let far = v1::Vitals {
            state: 3,
            runtime: 70_000,
            ..Default::default()
        };
        assert_eq!(vitals(&far).expect("idle is known").runtime, None);
    }

    #[test]
    fn a_name_is_cut_whatever_the_target_allows() {
        let long = v1::Birth {
            name: "x".repeat(1 << 20),
            ..Default::default()
        };
        let birth = birth(long, &mut Names::default());
        assert_eq!(birth.name.map(|name| name.len()), Some(MAX_NAME));
    }

    #[test]
    fn a_lopsided_sketch_is_read_as_far_as_it_makes_sense() {
        let odd = v1::Sketch {
            from_ns: vec![1, 9, 5],
            to_ns: vec![2, 3],
            count: vec![7, u64::MAX, 1],
        };
        assert_eq!(sketch(&odd).count(), 7);
    }
}
