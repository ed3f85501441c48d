//! Messages about what tasks share: any that can be sent, those that make sense, and how they follow from a world.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use taskscope_model::{
    Concern, Finding, Hold, Holder, Mode, Resource, ResourceKind, Role, Subject, Sureness, TaskId,
    Tier, Wait, World,
};
use taskscope_proto::v1::{self, subject::Of};

use crate::{number, small};

prop_compose! {
    pub(crate) fn place()(id in small(), file in "[a-c/\u{1b}é]{0,4}", line in small(), column in small()) -> v1::Place {
        v1::Place { id, file, line, column }
    }
}

prop_compose! {
    fn hold()(
        task in number(), mode in -1..6, permits in number(), since_ns in number(), awaits in small(), stack in small(),
    ) -> v1::Hold {
        v1::Hold { task, mode, permits, since_ns, awaits, stack }
    }
}

prop_compose! {
    fn usage()(
        holds in vec(hold(), 0..5), (unlisted, acquired, waits) in (number(), number(), number()), sureness in -1..6,
        free in option::of(number()), (abandoned, across_awaits, cancelled) in (number(), number(), number()),
        (waited_ns, longest_wait_ns, longest_hold_ns) in (number(), number(), number()), last_cancelled in number(),
        receiver in number(),
    ) -> v1::Usage {
        v1::Usage {
            holds, unlisted, sureness, free, acquired, waits, abandoned, waited_ns, longest_wait_ns, longest_hold_ns,
            across_awaits, cancelled, last_cancelled, receiver,
        }
    }
}

prop_compose! {
    fn origin()(kind in -1..10, place in small(), created_ns in number(), creator in number()) -> v1::Origin {
        v1::Origin { kind, place, created_ns, creator }
    }
}

prop_compose! {
    pub(crate) fn resource()(
        id in number(), origin in option::of(origin()), usage in option::of(usage()),
    ) -> v1::Resource {
        v1::Resource { id, origin, usage }
    }
}

prop_compose! {
    pub(crate) fn wait()(
        (id, resource, task) in (number(), number(), number()), mode in -1..6, permits in number(),
        (since_ns, polled_ns, order) in (number(), number(), number()), granted_ns in option::of(number()),
        timed in any::<bool>(), stack in small(),
    ) -> v1::Wait {
        v1::Wait { id, resource, task, mode, permits, since_ns, polled_ns, order, granted_ns, timed, stack }
    }
}

prop_compose! {
    fn frame()(
        function in ".{0,9}", file in ".{0,9}", (line, column) in (small(), small()), code in -1..7,
    ) -> v1::Frame {
        v1::Frame { function, file, line, column, code }
    }
}

prop_compose! {
    pub(crate) fn stack()(id in small(), frames in vec(frame(), 0..80), whole in any::<bool>()) -> v1::Stack {
        v1::Stack { id, frames, whole }
    }
}

prop_compose! {
    pub(crate) fn long_poll()(
        task in number(), (since_ns, seen_ns) in (number(), number()), activity in -1..6, system_call in ".{0,9}",
        stack in small(), (proven, in_place) in any::<(bool, bool)>(), unseen in ".{0,9}",
    ) -> v1::LongPoll {
        v1::LongPoll { task, since_ns, seen_ns, activity, system_call, stack, proven, in_place, unseen }
    }
}

fn subject() -> impl Strategy<Value = v1::Subject> {
    let of = prop_oneof![
        number().prop_map(Of::Task),
        number().prop_map(Of::Resource),
        small().prop_map(Of::Site),
        small().prop_map(Of::Place),
        small().prop_map(Of::Runtime),
    ];
    (option::of(of), -1..9).prop_map(|(of, role)| v1::Subject { of, role })
}

prop_compose! {
    pub(crate) fn finding()(
        id in number(), rule in "[a-z-]{0,9}", tier in -1..6, subjects in vec(subject(), 0..20), since_ns in number(),
        cleared_ns in option::of(number()), summary in ".{0,20}", evidence in vec(".{0,9}", 0..40), advice in ".{0,20}",
    ) -> v1::Finding {
        v1::Finding { id, rule, tier, subjects, since_ns, cleared_ns, summary, evidence, advice }
    }
}

/// Leaves of an update what a target can have meant: the order is that of ids, and none comes twice.
pub(crate) fn sensible(mut update: v1::WatchUpdate) -> v1::WatchUpdate {
    let known = |mode: i32| (1..=3).contains(&mode);
    update.restart = true;
    for resource in &mut update.resources {
        let origin = resource.origin.get_or_insert_default();
        origin.kind = origin.kind.rem_euclid(8);
        let usage = resource.usage.get_or_insert_default();
        usage.sureness = usage.sureness.rem_euclid(3) + 1;
        usage
            .holds
            .retain(|hold| known(hold.mode) && hold.awaits <= 255);
    }
    update
        .waits
        .retain(|wait| wait.resource > 0 && known(wait.mode));
    for finding in &mut update.findings {
        finding.tier = finding.tier.rem_euclid(3) + 1;
        finding.evidence.truncate(32);
        finding.subjects.retain(|subject| match subject.of {
            None | Some(Of::Task(0) | Of::Resource(0)) => false,
            Some(Of::Runtime(id)) => (1..=65_535).contains(&id),
            Some(_) => true,
        });
        finding.subjects.truncate(16);
        for subject in &mut finding.subjects {
            subject.role = subject.role.rem_euclid(5);
        }
    }
    once(&mut update.resources, |resource| resource.id);
    once(&mut update.waits, |wait| wait.id);
    once(&mut update.findings, |finding| finding.id);
    let mut places = std::mem::take(&mut update.places);
    places.retain(|place| place.id < 65_536);
    places.sort_by_key(|place| place.id);
    places.dedup_by_key(|place| place.id);
    v1::WatchUpdate { places, ..update }
}

fn once<T>(list: &mut Vec<T>, id: impl Fn(&T) -> u64) {
    let mut seen = BTreeSet::from([0]);
    list.retain(|one| seen.insert(id(one)));
    list.sort_by_key(id);
}

/// Says in messages what tasks share in this world, as far as `update` names it.
pub(crate) fn said_again(world: &World, update: &v1::WatchUpdate) -> v1::WatchUpdate {
    let places = update.places.iter().map(|place| {
        let (id, _, found) = world.places().nth(place.id as usize).expect("it was told");
        v1::Place {
            id: id.0,
            file: found.file.to_string(),
            line: found.line,
            column: found.column,
        }
    });
    let mut said = v1::WatchUpdate {
        places: places.collect(),
        resources: world.resources().iter().map(say_resource).collect(),
        waits: world.waits().iter().map(say_wait).collect(),
        findings: world.findings().iter().map(say_finding).collect(),
        ..v1::WatchUpdate::default()
    };
    once(&mut said.resources, |resource| resource.id);
    once(&mut said.waits, |wait| wait.id);
    once(&mut said.findings, |finding| finding.id);
    said
}

fn task(id: Option<TaskId>) -> u64 {
    id.map_or(0, TaskId::number)
}

fn say_resource(resource: &Resource) -> v1::Resource {
    let (origin, usage) = (&resource.origin, &resource.usage);
    let kind = match origin.kind {
        ResourceKind::Unknown => 0,
        ResourceKind::Mutex => 1,
        ResourceKind::RwLock => 2,
        ResourceKind::Semaphore => 3,
        ResourceKind::Mpsc => 4,
        ResourceKind::Oneshot => 5,
        ResourceKind::Barrier => 6,
        ResourceKind::OnceCell => 7,
    };
    v1::Resource {
        id: resource.id.number(),
        origin: Some(v1::Origin {
            kind,
            place: origin.place.0,
            created_ns: origin.created.0,
            creator: task(origin.creator),
        }),
        usage: Some(v1::Usage {
            holds: usage.holds.iter().map(say_hold).collect(),
            unlisted: usage.unlisted,
            sureness: match usage.sureness {
                Sureness::Exact => 1,
                Sureness::Moved => 2,
                Sureness::Partial => 3,
            },
            free: usage.free,
            acquired: usage.acquired,
            waits: usage.waits,
            abandoned: usage.abandoned,
            waited_ns: usage.waited.0,
            longest_wait_ns: usage.longest_wait.0,
            longest_hold_ns: usage.longest_hold.0,
            across_awaits: usage.across_awaits,
            cancelled: usage.cancelled,
            last_cancelled: task(usage.last_cancelled),
            receiver: task(usage.receiver),
        }),
    }
}

fn say_hold(hold: &Hold) -> v1::Hold {
    v1::Hold {
        task: match hold.holder {
            Holder::Task(task) => task.number(),
            Holder::NoTask => 0,
        },
        mode: say_mode(hold.mode),
        permits: hold.permits,
        since_ns: hold.since.0,
        awaits: hold.awaits.into(),
        stack: hold.stack.map_or(0, |id| id.number()),
    }
}

fn say_mode(mode: Mode) -> i32 {
    match mode {
        Mode::Exclusive => 1,
        Mode::Shared => 2,
        Mode::Permits => 3,
    }
}

fn say_wait(wait: &Wait) -> v1::Wait {
    v1::Wait {
        id: wait.id.number(),
        resource: wait.resource.number(),
        task: task(wait.task),
        mode: say_mode(wait.mode),
        permits: wait.permits,
        since_ns: wait.since.0,
        polled_ns: wait.polled.0,
        order: wait.order,
        granted_ns: wait.granted.map(|at| at.0),
        timed: wait.timed,
        stack: wait.stack.map_or(0, |id| id.number()),
    }
}

fn say_finding(finding: &Finding) -> v1::Finding {
    let subject = |concern: &Concern| v1::Subject {
        role: concern.role.map_or(0, |role| match role {
            Role::Holder => 1,
            Role::Waiter => 2,
            Role::Deadlocked => 3,
            Role::Blocker => 4,
        }),
        of: Some(match &concern.subject {
            Subject::Task(id) => Of::Task(id.number()),
            Subject::Resource(id) => Of::Resource(id.number()),
            Subject::Site(id) => Of::Site(id.0),
            Subject::Place(id) => Of::Place(id.0),
            Subject::Runtime(id) => Of::Runtime(id.0.get().into()),
        }),
    };
    v1::Finding {
        id: finding.id.number(),
        rule: finding.rule.to_string(),
        tier: match finding.tier {
            Tier::Statistical => 1,
            Tier::Persistent => 2,
            Tier::Proven => 3,
        },
        subjects: finding.subjects.iter().map(subject).collect(),
        since_ns: finding.since.0,
        cleared_ns: finding.cleared.map(|at| at.0),
        summary: finding.summary.to_string(),
        evidence: finding.evidence.iter().map(ToString::to_string).collect(),
        advice: finding.advice.to_string(),
    }
}
