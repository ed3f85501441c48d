//! From the record's terms (ticks, numbers) to the model's (nanoseconds, names).

use std::num::{NonZeroU16, NonZeroU64};
use std::sync::{Arc, OnceLock};

use taskscope_model::{
    Birth, Bucket, Change, Kind, LastWaker, Leaves, Nanos, RuntimeId, Site, SiteId, Sketch,
    Sketches, StackId, Stamp, State, TaskId, Vitals,
};
use taskscope_record::clock::Clock;
use taskscope_record::{
    self as record, CODES, Counts, Event, EventKind, Outcome, Phase, SpawnKind, TaskReport, WokenBy,
};

use crate::server::{RawEvent, RawEventKind};

/// A task as the harvester found it. Its counters of wakes are still as the slot counts them, with a modulus.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: TaskId,
    birth: Option<Box<Birth>>,
    pub(super) vitals: Vitals,
    sketches: Option<Box<Sketches>>,
}

impl Found {
    pub(super) fn new(report: TaskReport<'_>, clock: &Clock, sites: &mut Sites) -> Self {
        let stamp = |ticks| Stamp(clock.stamp(ticks));
        Self {
            id: id_or_first(report.id),
            birth: report.birth.map(|birth| {
                Box::new(Birth {
                    tokio_id: NonZeroU64::new(birth.tokio_id),
                    parent: TaskId::new(birth.parent),
                    name: birth.name.map(Arc::from),
                    site: sites.number(birth.site),
                    created: stamp(birth.created),
                })
            }),
            vitals: Vitals {
                state: state(report.phase),
                since: stamp(report.since),
                polls: report.polls,
                busy: Nanos(clock.length(report.busy)),
                scheduled: Nanos(clock.length(report.scheduled)),
                wakes: report.wakes,
                self_wakes: report.self_wakes.into(),
                last_waker: match report.woken_by {
                    WokenBy::Nobody => LastWaker::Nobody,
                    WokenBy::NoTask => LastWaker::NoTask,
                    WokenBy::Task(id) => TaskId::new(id).map_or(LastWaker::NoTask, LastWaker::Task),
                },
                wakers: report.wakers,
                runtime: NonZeroU16::new(report.runtime).map(RuntimeId),
                leaves: Leaves::new(
                    report
                        .leaves
                        .iter()
                        .map_while(|leaf| Some((StackId::new(leaf.stack)?, leaf.age))),
                ),
            },
            sketches: report
                .counts
                .map(|counts| Box::new(sketches(&counts, clock))),
        }
    }

    pub(super) fn into_changes(self) -> impl Iterator<Item = Change> {
        let lived = match self.birth {
            Some(birth) => Change::Born(self.id, birth, self.vitals),
            None => Change::Lived(self.id, self.vitals),
        };
        [
            Some(lived),
            self.sketches
                .map(|sketches| Change::Sketched(self.id, sketches)),
        ]
        .into_iter()
        .flatten()
    }
}

/// Ids of tasks are never 0: they carry a mark.
fn id_or_first(id: u64) -> TaskId {
    TaskId::new(id).unwrap_or(TaskId::FIRST)
}

fn state(phase: Phase) -> State {
    match phase {
        Phase::Scheduled => State::Scheduled,
        Phase::Running => State::Running,
        Phase::Idle => State::Idle,
        Phase::Ended(Outcome::Done) => State::Done,
        Phase::Ended(Outcome::Cancelled) => State::Cancelled,
        Phase::Ended(Outcome::Panicked) => State::Panicked,
    }
}

/// The distributions in nanoseconds.
pub(crate) fn sketches(counts: &Counts, clock: &Clock) -> Sketches {
    static BOUNDS: OnceLock<[Nanos; CODES + 1]> = OnceLock::new();
    let bounds = BOUNDS.get_or_init(|| {
        std::array::from_fn(|code| Nanos((record::shortest(code) * clock.ns_per_tick()) as u64))
    });
    let sketch = |counts: &[u64; CODES]| {
        let bounds = bounds.iter().zip(&bounds[1..]);
        let buckets = counts.iter().zip(bounds).filter(|(count, _)| **count > 0);
        Sketch::new(buckets.map(|(&count, (&from, &to))| Bucket { from, to, count }))
    };
    Sketches {
        polls: sketch(&counts.polls),
        delays: sketch(&counts.delays),
    }
}

pub(super) fn raw_event(thread: u32, event: &Event, clock: &Clock) -> Option<RawEvent> {
    Some(RawEvent {
        kind: match event.kind {
            EventKind::Spawn => RawEventKind::Spawn,
            EventKind::PollStart => RawEventKind::PollStart,
            EventKind::PollEnd => RawEventKind::PollEnd,
            EventKind::Wake => RawEventKind::Wake,
            EventKind::Done => RawEventKind::End(State::Done),
            EventKind::Cancelled => RawEventKind::End(State::Cancelled),
            EventKind::Panicked => RawEventKind::End(State::Panicked),
        },
        at: Stamp(clock.stamp(event.at)),
        task: TaskId::new(event.task)?,
        other: TaskId::new(event.other),
        thread,
    })
}

/// The record numbers sites with gaps, the model without; the model's number 0 stands for "not known".
#[derive(Debug, Default)]
pub(super) struct Sites {
    numbers: Vec<Option<SiteId>>,
    told: u32,
    news: Vec<Change>,
}

impl Sites {
    /// The model's number of a site. One that is new is among the [`news`](Self::news).
    pub(super) fn number(&mut self, site: u32) -> SiteId {
        if self.told == 0 {
            self.tell(Site::default());
        }
        let at = site as usize;
        if let Some(Some(number)) = self.numbers.get(at) {
            return *number;
        }
        let Some(found) = record::site(site) else {
            return SiteId(0);
        };
        let text = |text| record::read_text(text).unwrap_or_default();
        let number = self.tell(Site {
            file: text(found.file).into(),
            line: found.line,
            column: found.column,
            kind: match found.kind {
                SpawnKind::Task => Kind::Task,
                SpawnKind::Local => Kind::Local,
                SpawnKind::Blocking => Kind::Blocking,
                SpawnKind::BlockOn => Kind::BlockOn,
                SpawnKind::Unknown => Kind::Unknown,
            },
            size: found.size,
            boxed_from: (found.boxed_from > 0).then_some(found.boxed_from),
            type_name: record::read_text(found.type_name).map(Arc::from),
            ..Site::default()
        });
        if self.numbers.len() <= at {
            self.numbers.resize(at + 1, None);
        }
        if let Some(place) = self.numbers.get_mut(at) {
            *place = Some(number);
        }
        number
    }

    /// Sites that were first asked for since the last call.
    pub(super) fn news(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.news)
    }

    fn tell(&mut self, site: Site) -> SiteId {
        let number = SiteId(self.told);
        self.told += 1;
        self.news.push(Change::Site(number, Box::new(site)));
        number
    }
}
