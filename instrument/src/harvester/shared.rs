//! From the record's terms to the model's, for resources and those who wait for them.

use taskscope_model::{
    Change, Hold, Holder, Mode, Nanos, Origin, Place, PlaceId, Resource, ResourceId, ResourceKind,
    StackId, Stamp, Sureness, TaskId, Usage, Wait, WaitId,
};
use taskscope_record::clock::Clock;
use taskscope_record::{
    self as record, Access, HoldReport, ResourceReport, ResourceType, Shared, WaitReport,
};

use super::cells::Cells;

/// What is new about resources, in the model's terms.
#[derive(Debug, Default)]
pub(super) struct SharedNews {
    places: Places,
    cells: Cells,
    changes: Vec<Change>,
    /// News of locks and waits, as a proof that some arrives.
    pub(super) locks: u64,
    /// The same of permits.
    pub(super) permits: u64,
}

impl SharedNews {
    pub(super) fn translate(&mut self, news: Shared, clock: &Clock) {
        let change = match news {
            Shared::Resource(report) => self
                .resource(&report, clock)
                .map(|resource| Change::Resource(Box::new(resource))),
            Shared::ResourceGone(id) => ResourceId::new(id).map(Change::ResourceGone),
            Shared::Wait(report) => wait(&report, clock).map(Change::Wait),
            Shared::WaitOver(id) => WaitId::new(id).map(Change::WaitOver),
        };
        if let Some(change) = change {
            self.cells.pass(change, &mut self.changes);
        }
    }

    /// What was translated since the last call, with the places that it needs.
    pub(super) fn changes(&mut self) -> impl Iterator<Item = Change> {
        self.places.news.drain(..).chain(self.changes.drain(..))
    }

    fn resource(&mut self, report: &ResourceReport, clock: &Clock) -> Option<Resource> {
        match report.origin.kind {
            ResourceType::Mpsc => self.permits += 1,
            ResourceType::Semaphore if report.capacity.is_some() => self.permits += 1,
            _ => self.locks += 1,
        }
        let stamp = |ticks| Stamp(clock.stamp(ticks));
        let length = |ticks| Nanos(clock.length(ticks));
        let (place, kind) = self.places.number(report.origin.site, report.origin.kind);
        let held: u64 = report.holds.iter().map(|hold| hold.count).sum();
        let sureness = match (report.moved, report.partial) {
            (_, true) => Sureness::Partial,
            (true, false) => Sureness::Moved,
            (false, false) => Sureness::Exact,
        };
        let counts_permits = matches!(kind, ResourceKind::Semaphore | ResourceKind::OnceCell);
        Some(Resource {
            id: ResourceId::new(report.id)?,
            origin: Origin {
                kind,
                place,
                created: stamp(report.origin.created),
                creator: TaskId::new(report.origin.creator),
            },
            usage: Usage {
                holds: report
                    .holds
                    .iter()
                    .map(|report| hold(report, clock))
                    .collect(),
                unlisted: report.unlisted,
                sureness,
                free: report
                    .capacity
                    .filter(|_| counts_permits)
                    .map(|all| all.saturating_sub(held.saturating_add(report.unlisted))),
                acquired: report.acquired,
                waits: report.waits.into(),
                abandoned: report.abandoned.into(),
                waited: length(report.waited),
                longest_wait: length(report.longest_wait),
                longest_hold: length(report.longest_hold),
                across_awaits: report.across_awaits.into(),
                cancelled: report.cancelled.into(),
                last_cancelled: TaskId::new(report.last_cancelled),
                receiver: TaskId::new(report.served_by),
            },
        })
    }
}

fn hold(report: &HoldReport, clock: &Clock) -> Hold {
    Hold {
        holder: TaskId::new(report.task).map_or(Holder::NoTask, Holder::Task),
        mode: mode(report.access),
        permits: report.count,
        since: Stamp(clock.stamp(report.since)),
        awaits: u8::try_from(report.awaits).unwrap_or(u8::MAX),
        stack: StackId::new(report.stack),
    }
}

fn wait(report: &WaitReport, clock: &Clock) -> Option<Wait> {
    let stamp = |ticks| Stamp(clock.stamp(ticks));
    Some(Wait {
        id: WaitId::new(report.id)?,
        resource: ResourceId::new(report.resource)?,
        task: TaskId::new(report.task),
        mode: mode(report.access),
        permits: if report.access == Access::Permits {
            report.count.max(1).into()
        } else {
            1
        },
        since: stamp(report.since),
        polled: stamp(report.polled),
        order: report.order,
        granted: (report.granted != 0).then(|| stamp(report.granted)),
        timed: report.timed,
        stack: StackId::new(report.stack),
    })
}

fn mode(access: Access) -> Mode {
    match access {
        Access::Exclusive => Mode::Exclusive,
        Access::Shared => Mode::Shared,
        Access::Permits => Mode::Permits,
    }
}

/// The places where resources are made, in the model's numbers; 0 stands for "not known".
#[derive(Debug, Default)]
struct Places {
    // By the record's number of the site.
    numbers: Vec<Option<PlaceId>>,
    told: u32,
    news: Vec<Change>,
}

impl Places {
    /// The model's number of a place, and what a resource that was made there is.
    fn number(&mut self, site: u32, kind: ResourceType) -> (PlaceId, ResourceKind) {
        if self.told == 0 {
            self.tell(Place::default());
        }
        let found = record::site(site);
        let file = found.map(|found| record::read_text(found.file).unwrap_or_default());
        let kind = kind_of(kind, file.unwrap_or_default());
        let at = site as usize;
        if let Some(Some(number)) = self.numbers.get(at) {
            return (*number, kind);
        }
        let (Some(found), Some(file)) = (found, file) else {
            return (PlaceId(0), kind);
        };
        let number = self.tell(Place {
            file: file.into(),
            line: found.line,
            column: found.column,
        });
        if self.numbers.len() <= at {
            self.numbers.resize(at + 1, None);
        }
        if let Some(place) = self.numbers.get_mut(at) {
            *place = Some(number);
        }
        (number, kind)
    }

    fn tell(&mut self, place: Place) -> PlaceId {
        let number = PlaceId(self.told);
        self.told += 1;
        self.news.push(Change::Place(number, place));
        number
    }
}

/// A `OnceCell` is a semaphore that tokio makes in its own file.
fn kind_of(kind: ResourceType, file: &str) -> ResourceKind {
    match kind {
        ResourceType::Mutex => ResourceKind::Mutex,
        ResourceType::RwLock => ResourceKind::RwLock,
        ResourceType::Semaphore if file.ends_with("sync/once_cell.rs") => ResourceKind::OnceCell,
        ResourceType::Semaphore => ResourceKind::Semaphore,
        ResourceType::Mpsc => ResourceKind::Mpsc,
        ResourceType::Oneshot => ResourceKind::Oneshot,
        ResourceType::Barrier => ResourceKind::Barrier,
        ResourceType::Unknown => ResourceKind::Unknown,
    }
}
