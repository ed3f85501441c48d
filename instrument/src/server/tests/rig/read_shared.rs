//! From the protocol's messages to the model's values, as a viewer reads them: what tasks share.

use std::num::NonZeroU16;

use taskscope_model::{
    Change, Concern, Finding, FindingId, Hold, Holder, Mode, Nanos, Origin, Place, PlaceId,
    Resource, ResourceId, ResourceKind, Role, RuntimeId, SiteId, StackId, Stamp, Subject, Sureness,
    TaskId, Tier, Usage, Wait, WaitId, World,
};
use taskscope_proto::v1;

use super::id;

pub(super) fn places(world: &mut World, update: &v1::WatchUpdate) {
    for place in &update.places {
        let read = Place {
            file: place.file.as_str().into(),
            line: place.line,
            column: place.column,
        };
        world.apply(Change::Place(PlaceId(place.id), read));
    }
}

pub(super) fn news(world: &mut World, update: &v1::WatchUpdate) {
    for gone in &update.resources_gone {
        world.apply(Change::ResourceGone(resource_id(*gone)));
    }
    for over in &update.waits_over {
        world.apply(Change::WaitOver(WaitId::new(*over).expect("not 0")));
    }
    for gone in &update.findings_gone {
        world.apply(Change::FindingGone(FindingId::new(*gone).expect("not 0")));
    }
    for resource in &update.resources {
        world.apply(Change::Resource(Box::new(read_resource(resource))));
    }
    for wait in &update.waits {
        world.apply(Change::Wait(read_wait(wait)));
    }
    for finding in &update.findings {
        world.apply(Change::Finding(Box::new(read_finding(finding))));
    }
}

fn resource_id(number: u64) -> ResourceId {
    ResourceId::new(number).expect("not 0")
}

fn read_resource(resource: &v1::Resource) -> Resource {
    let origin = resource.origin.expect("an origin");
    let usage = resource.usage.as_ref().expect("a usage");
    Resource {
        id: resource_id(resource.id),
        origin: Origin {
            kind: ResourceKind::ALL[match origin.kind() {
                v1::ResourceKind::Unknown => 7,
                known => known as usize - 1,
            }],
            place: PlaceId(origin.place),
            created: Stamp(origin.created_ns),
            creator: TaskId::new(origin.creator),
        },
        usage: Usage {
            holds: usage.holds.iter().map(read_hold).collect(),
            unlisted: usage.unlisted,
            sureness: match usage.sureness() {
                v1::Sureness::Exact => Sureness::Exact,
                v1::Sureness::Moved => Sureness::Moved,
                v1::Sureness::Partial => Sureness::Partial,
                v1::Sureness::Unknown => panic!("never sent"),
            },
            free: usage.free,
            acquired: usage.acquired,
            waits: usage.waits,
            abandoned: usage.abandoned,
            waited: Nanos(usage.waited_ns),
            longest_wait: Nanos(usage.longest_wait_ns),
            longest_hold: Nanos(usage.longest_hold_ns),
            across_awaits: usage.across_awaits,
            cancelled: usage.cancelled,
            last_cancelled: TaskId::new(usage.last_cancelled),
            receiver: TaskId::new(usage.receiver),
        },
    }
}

fn read_hold(hold: &v1::Hold) -> Hold {
    Hold {
        holder: TaskId::new(hold.task).map_or(Holder::NoTask, Holder::Task),
        mode: read_mode(hold.mode()),
        permits: hold.permits,
        since: Stamp(hold.since_ns),
        awaits: u8::try_from(hold.awaits).expect("it saturates"),
        stack: StackId::new(hold.stack),
    }
}

fn read_mode(mode: v1::Mode) -> Mode {
    match mode {
        v1::Mode::Exclusive => Mode::Exclusive,
        v1::Mode::Shared => Mode::Shared,
        v1::Mode::Permits => Mode::Permits,
        v1::Mode::Unknown => panic!("never sent"),
    }
}

fn read_wait(wait: &v1::Wait) -> Wait {
    Wait {
        id: WaitId::new(wait.id).expect("not 0"),
        resource: resource_id(wait.resource),
        task: TaskId::new(wait.task),
        mode: read_mode(wait.mode()),
        permits: wait.permits,
        since: Stamp(wait.since_ns),
        polled: Stamp(wait.polled_ns),
        order: wait.order,
        granted: wait.granted_ns.map(Stamp),
        timed: wait.timed,
        stack: StackId::new(wait.stack),
    }
}

fn read_finding(finding: &v1::Finding) -> Finding {
    Finding {
        id: FindingId::new(finding.id).expect("not 0"),
        rule: finding.rule.as_str().into(),
        tier: match finding.tier() {
            v1::Tier::Statistical => Tier::Statistical,
            v1::Tier::Persistent => Tier::Persistent,
            v1::Tier::Proven => Tier::Proven,
            v1::Tier::Unknown => panic!("never sent"),
        },
        subjects: finding.subjects.iter().map(read_concern).collect(),
        since: Stamp(finding.since_ns),
        cleared: finding.cleared_ns.map(Stamp),
        summary: finding.summary.as_str().into(),
        evidence: finding
            .evidence
            .iter()
            .map(|one| one.as_str().into())
            .collect(),
        advice: finding.advice.as_str().into(),
    }
}

fn read_concern(subject: &v1::Subject) -> Concern {
    let role = match subject.role() {
        v1::Role::Unknown => None,
        v1::Role::Holder => Some(Role::Holder),
        v1::Role::Waiter => Some(Role::Waiter),
        v1::Role::Deadlocked => Some(Role::Deadlocked),
        v1::Role::Blocker => Some(Role::Blocker),
    };
    let subject = read_subject(subject);
    Concern { subject, role }
}

fn read_subject(subject: &v1::Subject) -> Subject {
    use v1::subject::Of;
    match subject.of.expect("a subject") {
        Of::Task(task) => Subject::Task(id(task)),
        Of::Resource(resource) => Subject::Resource(resource_id(resource)),
        Of::Site(site) => Subject::Site(SiteId(site)),
        Of::Place(place) => Subject::Place(PlaceId(place)),
        Of::Runtime(runtime) => {
            Subject::Runtime(RuntimeId(NonZeroU16::new(runtime as u16).expect("not 0")))
        }
    }
}
