//! What tasks share, and what is wrong: from the model's values to the protocol's messages.

use taskscope_model::{
    Activity, Code, Concern, Finding, Frame, Hold, Holder, LongPoll, Mode, Origin, Place, PlaceId,
    Resource, ResourceKind, Role, Stack, StackId, Subject, Sureness, Tier, Usage, Wait,
};
use taskscope_proto::v1;

use super::cut;

/// Holders beyond this many are only counted. The model lists fewer.
const MAX_HOLDS: usize = 64;

/// What the protocol promises of subjects and of evidence.
const MAX_SUBJECTS: usize = 16;
const MAX_EVIDENCE: usize = 32;

/// What it promises of the frames of a stack.
const MAX_FRAMES: usize = 64;

/// A place in the source.
pub(super) fn place(id: PlaceId, place: &Place) -> v1::Place {
    v1::Place {
        id: id.0,
        file: cut(&place.file),
        line: place.line,
        column: place.column,
    }
}

/// A stack.
pub(super) fn stack(id: StackId, stack: &Stack) -> v1::Stack {
    v1::Stack {
        id: id.number(),
        frames: stack.frames.iter().take(MAX_FRAMES).map(frame).collect(),
        whole: stack.whole && stack.frames.len() <= MAX_FRAMES,
    }
}

fn frame(frame: &Frame) -> v1::Frame {
    let code = match frame.code {
        Code::App => v1::Code::App,
        Code::Dependency => v1::Code::Dependency,
        Code::Runtime => v1::Code::Runtime,
        Code::Std => v1::Code::Std,
    };
    v1::Frame {
        function: cut(&frame.function),
        file: cut(&frame.place.file),
        line: frame.place.line,
        column: frame.place.column,
        code: code.into(),
    }
}

/// A long poll.
pub(super) fn long_poll(poll: &LongPoll) -> v1::LongPoll {
    let (activity, system_call) = match &poll.doing.activity {
        Activity::OnCpu => (v1::Activity::OnCpu, ""),
        Activity::Runnable => (v1::Activity::Runnable, ""),
        Activity::Blocked(call) => (v1::Activity::Blocked, &**call),
        Activity::Unknown => (v1::Activity::Unknown, ""),
    };
    v1::LongPoll {
        task: poll.task.number(),
        since_ns: poll.since.0,
        seen_ns: poll.seen.0,
        activity: activity.into(),
        system_call: cut(system_call),
        stack: poll.stack.map_or(0, StackId::number),
        proven: poll.proven,
        in_place: poll.doing.in_place,
        unseen: cut(&poll.unseen),
    }
}

/// A resource.
pub(super) fn resource(resource: &Resource) -> v1::Resource {
    v1::Resource {
        id: resource.id.number(),
        origin: Some(origin(&resource.origin)),
        usage: Some(usage(&resource.usage)),
    }
}

fn origin(origin: &Origin) -> v1::Origin {
    let kind = match origin.kind {
        ResourceKind::Mutex => v1::ResourceKind::Mutex,
        ResourceKind::RwLock => v1::ResourceKind::RwLock,
        ResourceKind::Semaphore => v1::ResourceKind::Semaphore,
        ResourceKind::Mpsc => v1::ResourceKind::Mpsc,
        ResourceKind::Oneshot => v1::ResourceKind::Oneshot,
        ResourceKind::Barrier => v1::ResourceKind::Barrier,
        ResourceKind::OnceCell => v1::ResourceKind::OnceCell,
        ResourceKind::Unknown => v1::ResourceKind::Unknown,
    };
    v1::Origin {
        kind: kind.into(),
        place: origin.place.0,
        created_ns: origin.created.0,
        creator: origin.creator.map_or(0, |id| id.number()),
    }
}

fn usage(usage: &Usage) -> v1::Usage {
    let sureness = match usage.sureness {
        Sureness::Exact => v1::Sureness::Exact,
        Sureness::Moved => v1::Sureness::Moved,
        Sureness::Partial => v1::Sureness::Partial,
    };
    let listed = usage.holds.len().min(MAX_HOLDS);
    let left_out = usage.holds[listed..].iter();
    let unlisted = left_out.fold(usage.unlisted, |sum, hold| sum.saturating_add(hold.permits));
    v1::Usage {
        holds: usage.holds[..listed].iter().map(hold).collect(),
        unlisted,
        sureness: sureness.into(),
        free: usage.free,
        acquired: usage.acquired,
        waits: usage.waits,
        abandoned: usage.abandoned,
        waited_ns: usage.waited.0,
        longest_wait_ns: usage.longest_wait.0,
        longest_hold_ns: usage.longest_hold.0,
        across_awaits: usage.across_awaits,
        cancelled: usage.cancelled,
        last_cancelled: usage.last_cancelled.map_or(0, |id| id.number()),
        receiver: usage.receiver.map_or(0, |id| id.number()),
    }
}

fn hold(hold: &Hold) -> v1::Hold {
    v1::Hold {
        task: match hold.holder {
            Holder::Task(task) => task.number(),
            Holder::NoTask => 0,
        },
        mode: mode(hold.mode).into(),
        permits: hold.permits,
        since_ns: hold.since.0,
        awaits: hold.awaits.into(),
        stack: hold.stack.map_or(0, StackId::number),
    }
}

fn mode(mode: Mode) -> v1::Mode {
    match mode {
        Mode::Exclusive => v1::Mode::Exclusive,
        Mode::Shared => v1::Mode::Shared,
        Mode::Permits => v1::Mode::Permits,
    }
}

/// A wait.
pub(super) fn wait(wait: &Wait) -> v1::Wait {
    v1::Wait {
        id: wait.id.number(),
        resource: wait.resource.number(),
        task: wait.task.map_or(0, |id| id.number()),
        mode: mode(wait.mode).into(),
        permits: wait.permits,
        since_ns: wait.since.0,
        polled_ns: wait.polled.0,
        order: wait.order,
        granted_ns: wait.granted.map(|granted| granted.0),
        timed: wait.timed,
        stack: wait.stack.map_or(0, StackId::number),
    }
}

/// A finding.
pub(super) fn finding(finding: &Finding) -> v1::Finding {
    let tier = match finding.tier {
        Tier::Statistical => v1::Tier::Statistical,
        Tier::Persistent => v1::Tier::Persistent,
        Tier::Proven => v1::Tier::Proven,
    };
    let subjects = finding.subjects.iter().take(MAX_SUBJECTS);
    let evidence = finding.evidence.iter().take(MAX_EVIDENCE);
    v1::Finding {
        id: finding.id.number(),
        rule: cut(&finding.rule),
        tier: tier.into(),
        subjects: subjects.map(concern).collect(),
        since_ns: finding.since.0,
        cleared_ns: finding.cleared.map(|cleared| cleared.0),
        summary: cut(&finding.summary),
        evidence: evidence.map(|statement| cut(statement)).collect(),
        advice: cut(&finding.advice),
    }
}

fn concern(concern: &Concern) -> v1::Subject {
    use v1::subject::Of;
    let of = match &concern.subject {
        Subject::Task(id) => Of::Task(id.number()),
        Subject::Resource(id) => Of::Resource(id.number()),
        Subject::Site(id) => Of::Site(id.0),
        Subject::Place(id) => Of::Place(id.0),
        Subject::Runtime(id) => Of::Runtime(id.0.get().into()),
    };
    let role = concern.role.map_or(v1::Role::Unknown, |role| match role {
        Role::Holder => v1::Role::Holder,
        Role::Waiter => v1::Role::Waiter,
        Role::Deadlocked => v1::Role::Deadlocked,
        Role::Blocker => v1::Role::Blocker,
    });
    v1::Subject {
        of: Some(of),
        role: role.into(),
    }
}
