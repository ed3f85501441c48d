//! What tasks share, and what is wrong: generated types in, the model's types out.
//!
//! What a later version may say that this one does not know makes a claim weaker, never stronger.

use std::num::NonZeroU16;
use std::sync::Arc;

use taskscope_model::{
    Activity, Code, Concern, Doing, Finding, FindingId, Frame, Hold, Holder, LongPoll, Mode, Nanos,
    Origin, Place, PlaceId, Resource, ResourceId, ResourceKind, Role, RuntimeId, SiteId, Stack,
    StackId, Stamp, Subject, Sureness, TaskId, Tier, Usage, Wait, WaitId,
};
use taskscope_proto::v1::{self, subject::Of};

use super::names::{Names, cut};

/// Holders beyond this many are only counted.
const MAX_HOLDS: usize = 64;

/// Subjects beyond this many are left out.
const MAX_SUBJECTS: usize = 16;

/// Statements of evidence beyond this many are left out.
const MAX_EVIDENCE: usize = 32;

/// Frames of a stack beyond this many are left out.
const MAX_FRAMES: usize = 64;

/// Longest name of a file, in bytes.
const MAX_PLACE: usize = 1024;

/// Longest name of a rule, in bytes.
const MAX_RULE: usize = 64;

/// Longest text of a finding, in bytes.
const MAX_TEXT: usize = 4096;

pub(super) fn place(place: v1::Place, names: &mut Names) -> Place {
    Place {
        file: names.shared(place.file, MAX_PLACE),
        line: place.line,
        column: place.column,
    }
}

/// `None` for one that has no id.
pub(super) fn stack(stack: v1::Stack, names: &mut Names) -> Option<(StackId, Arc<Stack>)> {
    let whole = stack.whole && stack.frames.len() <= MAX_FRAMES;
    let frames = stack.frames.into_iter().take(MAX_FRAMES);
    let frames = frames.map(|wire| frame(wire, names)).collect();
    Some((StackId::new(stack.id)?, Arc::new(Stack { frames, whole })))
}

/// `None` for one that has no task.
pub(super) fn long_poll(poll: v1::LongPoll, names: &mut Names) -> Option<LongPoll> {
    Some(LongPoll {
        task: TaskId::new(poll.task)?,
        since: Stamp(poll.since_ns),
        seen: Stamp(poll.seen_ns),
        doing: Doing {
            activity: match poll.activity() {
                v1::Activity::Unknown => Activity::Unknown,
                v1::Activity::OnCpu => Activity::OnCpu,
                v1::Activity::Runnable => Activity::Runnable,
                v1::Activity::Blocked => {
                    Activity::Blocked(names.shared(poll.system_call, MAX_RULE))
                }
            },
            in_place: poll.in_place,
        },
        stack: StackId::new(poll.stack),
        proven: poll.proven,
        unseen: names.shared(poll.unseen, MAX_TEXT),
    })
}

fn frame(frame: v1::Frame, names: &mut Names) -> Frame {
    Frame {
        code: match frame.code() {
            v1::Code::App => Code::App,
            v1::Code::Dependency => Code::Dependency,
            v1::Code::Std => Code::Std,
            v1::Code::Runtime | v1::Code::Unknown => Code::Runtime,
        },
        function: names.shared(frame.function, MAX_PLACE),
        place: Place {
            file: names.shared(frame.file, MAX_PLACE),
            line: frame.line,
            column: frame.column,
        },
    }
}

/// `None` for one that has no id.
pub(super) fn resource(resource: v1::Resource) -> Option<Resource> {
    Some(Resource {
        id: ResourceId::new(resource.id)?,
        origin: origin(&resource.origin.unwrap_or_default()),
        usage: usage(&resource.usage.unwrap_or_default()),
    })
}

fn origin(origin: &v1::Origin) -> Origin {
    Origin {
        kind: match origin.kind() {
            v1::ResourceKind::Unknown => ResourceKind::Unknown,
            v1::ResourceKind::Mutex => ResourceKind::Mutex,
            v1::ResourceKind::RwLock => ResourceKind::RwLock,
            v1::ResourceKind::Semaphore => ResourceKind::Semaphore,
            v1::ResourceKind::Mpsc => ResourceKind::Mpsc,
            v1::ResourceKind::Oneshot => ResourceKind::Oneshot,
            v1::ResourceKind::Barrier => ResourceKind::Barrier,
            v1::ResourceKind::OnceCell => ResourceKind::OnceCell,
        },
        place: PlaceId(origin.place),
        created: Stamp(origin.created_ns),
        creator: TaskId::new(origin.creator),
    }
}

fn usage(usage: &v1::Usage) -> Usage {
    let (mut holds, mut unlisted) = (Vec::new(), usage.unlisted);
    for wire in &usage.holds {
        match hold(wire).filter(|_| holds.len() < MAX_HOLDS) {
            Some(hold) => holds.push(hold),
            None => unlisted = unlisted.saturating_add(wire.permits),
        }
    }
    Usage {
        holds,
        unlisted,
        sureness: match usage.sureness() {
            v1::Sureness::Exact => Sureness::Exact,
            v1::Sureness::Moved => Sureness::Moved,
            v1::Sureness::Partial | v1::Sureness::Unknown => Sureness::Partial,
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
    }
}

fn hold(hold: &v1::Hold) -> Option<Hold> {
    Some(Hold {
        holder: TaskId::new(hold.task).map_or(Holder::NoTask, Holder::Task),
        mode: mode(hold.mode())?,
        permits: hold.permits,
        since: Stamp(hold.since_ns),
        awaits: u8::try_from(hold.awaits).unwrap_or(u8::MAX),
        stack: StackId::new(hold.stack),
    })
}

fn mode(mode: v1::Mode) -> Option<Mode> {
    match mode {
        v1::Mode::Unknown => None,
        v1::Mode::Exclusive => Some(Mode::Exclusive),
        v1::Mode::Shared => Some(Mode::Shared),
        v1::Mode::Permits => Some(Mode::Permits),
    }
}

/// `None` for one that has no id, waits for nothing, or asks in a way that is not known.
pub(super) fn wait(wait: &v1::Wait) -> Option<Wait> {
    Some(Wait {
        id: WaitId::new(wait.id)?,
        resource: ResourceId::new(wait.resource)?,
        task: TaskId::new(wait.task),
        mode: mode(wait.mode())?,
        permits: wait.permits,
        since: Stamp(wait.since_ns),
        polled: Stamp(wait.polled_ns),
        order: wait.order,
        granted: wait.granted_ns.map(Stamp),
        timed: wait.timed,
        stack: StackId::new(wait.stack),
    })
}

/// `None` for one that has no id.
pub(super) fn finding(finding: v1::Finding, names: &mut Names) -> Option<Finding> {
    let text = |text: String| -> Arc<str> { cut(text, MAX_TEXT).into() };
    let tier = match finding.tier() {
        v1::Tier::Statistical | v1::Tier::Unknown => Tier::Statistical,
        v1::Tier::Persistent => Tier::Persistent,
        v1::Tier::Proven => Tier::Proven,
    };
    let subjects = finding.subjects.iter().filter_map(concern);
    let evidence = finding.evidence.into_iter().take(MAX_EVIDENCE);
    Some(Finding {
        id: FindingId::new(finding.id)?,
        rule: names.shared(finding.rule, MAX_RULE),
        tier,
        subjects: subjects.take(MAX_SUBJECTS).collect(),
        since: Stamp(finding.since_ns),
        cleared: finding.cleared_ns.map(Stamp),
        summary: text(finding.summary),
        evidence: evidence.map(text).collect(),
        advice: text(finding.advice),
    })
}

fn concern(subject: &v1::Subject) -> Option<Concern> {
    let role = match subject.role() {
        v1::Role::Unknown => None,
        v1::Role::Holder => Some(Role::Holder),
        v1::Role::Waiter => Some(Role::Waiter),
        v1::Role::Deadlocked => Some(Role::Deadlocked),
        v1::Role::Blocker => Some(Role::Blocker),
    };
    let subject = self::subject(subject)?;
    Some(Concern { subject, role })
}

fn subject(subject: &v1::Subject) -> Option<Subject> {
    Some(match subject.of? {
        Of::Task(id) => Subject::Task(TaskId::new(id)?),
        Of::Resource(id) => Subject::Resource(ResourceId::new(id)?),
        Of::Site(id) => Subject::Site(SiteId(id)),
        Of::Place(id) => Subject::Place(PlaceId(id)),
        Of::Runtime(id) => {
            let id = u16::try_from(id).ok().and_then(NonZeroU16::new)?;
            Subject::Runtime(RuntimeId(id))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(permits: u64, mode: i32) -> v1::Hold {
        v1::Hold {
            mode,
            permits,
            awaits: 1000,
            ..Default::default()
        }
    }

    #[test]
    fn holders_beyond_the_bound_are_counted() {
        let wire = v1::Usage {
            holds: vec![held(2, 3); 1_000_000],
            unlisted: 1,
            ..Default::default()
        };
        let usage = usage(&wire);
        assert_eq!(usage.holds.len(), MAX_HOLDS);
        assert_eq!(usage.unlisted, 1 + 2 * (1_000_000 - MAX_HOLDS as u64));
        assert_eq!(usage.holds[0].awaits, 255);
        let wire = v1::Usage {
            holds: vec![held(u64::MAX, 3); 100],
            ..Default::default()
        };
        assert_eq!(super::usage(&wire).unlisted, u64::MAX);
    }

    #[test]
    fn what_is_not_known_claims_less() {
        let later = v1::Usage {
            holds: vec![held(3, 99), held(1, 1)],
            sureness: 99,
            ..Default::default()
        };
        let usage = usage(&later);
        assert_eq!((usage.holds.len(), usage.unlisted), (1, 3));
        assert_eq!(usage.sureness, Sureness::Partial);
        let later = v1::Finding {
            id: 1,
            tier: 99,
            subjects: vec![v1::Subject::default(); 3],
            ..Default::default()
        };
        let finding = finding(later, &mut Names::default()).expect("it has an id");
        assert_eq!(
            (finding.tier, finding.subjects.len()),
            (Tier::Statistical, 0)
        );
        let later = v1::Wait {
            id: 1,
            resource: 1,
            mode: 99,
            ..Default::default()
        };
        assert_eq!(wait(&later), None);
    }

    #[test]
    fn what_has_no_id_is_passed_over() {
        assert_eq!(resource(v1::Resource::default()), None);
        assert_eq!(wait(&v1::Wait::default()), None);
        assert_eq!(finding(v1::Finding::default(), &mut Names::default()), None);
        let nobody = [
            Of::Task(0),
            Of::Resource(0),
            Of::Runtime(0),
            Of::Runtime(1 << 16),
        ];
        for of in nobody {
            let nobody = v1::Subject {
                of: Some(of),
                ..Default::default()
            };
            assert_eq!(concern(&nobody), None);
        }
    }

    #[test]
    fn the_texts_of_a_finding_are_bounded() {
        let text = "é".repeat(100_000);
        let long = v1::Finding {
            id: 1,
            rule: text.clone(),
            summary: text.clone(),
            advice: text.clone(),
            evidence: vec![text; 50],
            subjects: vec![
                v1::Subject {
                    of: Some(Of::Task(1)),
                    ..Default::default()
                };
                1000
            ],
            ..Default::default()
        };
        let finding = finding(long, &mut Names::default()).expect("it has an id");
        let texts = [&finding.summary, &finding.advice, &finding.evidence[0]];
        assert!(texts.iter().all(|text| text.len() == MAX_TEXT));
        assert_eq!(
            (
                finding.rule.len(),
                finding.evidence.len(),
                finding.subjects.len()
            ),
            (MAX_RULE, MAX_EVIDENCE, MAX_SUBJECTS)
        );
    }
}
