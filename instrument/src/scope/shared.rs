//! Spans and events of resources.

use std::fmt;

use taskscope_record::id::IGNORED;
use taskscope_record::{self as record, Access, ResourceType, SpawnSite, text};
use tracing_core::Event;
use tracing_core::field::{Field, Visit};
use tracing_core::span::Attributes;

use super::callsite::{self, Callsite};

/// A span of a resource, or of an operation on one. Gives its id.
#[inline]
pub(super) fn new_span(callsite: Callsite, attributes: &Attributes<'_>) -> u64 {
    match callsite {
        Callsite::Resource => {
            let mut fields = ResourceFields::default();
            attributes.record(&mut fields);
            record::resource(fields.kind, &fields.site)
        }
        Callsite::InnerResource => record::inner_resource(),
        Callsite::Op => {
            let mut fields = OpFields::default();
            attributes.record(&mut fields);
            record::op(fields.access)
        }
        Callsite::InnerOp => record::inner_op(),
        _ => IGNORED,
    }
}

/// An event of a resource, or of an operation on one.
#[inline]
pub(super) fn event(callsite: Callsite, event: &Event<'_>) {
    // To read an event's fields costs more than all the rest, and half of a lock's events tell nothing new.
    let matters = match callsite {
        Callsite::InnerPolled => !record::is_inner(),
        Callsite::ObtainedSome => record::obtains(),
        Callsite::Requested => record::requests(),
        Callsite::PermitsAdded => record::counts_permits(),
        _ => true,
    };
    if !matters {
        return;
    }
    let mut fields = StateFields::default();
    event.record(&mut fields);
    match callsite {
        Callsite::Polled => record::polled(fields.is, false),
        Callsite::InnerPolled => record::polled(fields.is, true),
        Callsite::TimerPolled if !fields.is => record::timer_pending(),
        Callsite::Locked => record::locked(fields.is),
        Callsite::Readers => match fields.change {
            Change::Add => record::readers(fields.number, true),
            Change::Sub => record::readers(fields.number, false),
            Change::Override => callsite::learn(event.metadata(), Callsite::Unrecorded),
        },
        Callsite::Permits => {
            let learned = match fields.change {
                Change::Add => Callsite::PermitsAdded,
                Change::Sub => Callsite::Unrecorded,
                Change::Override => Callsite::PermitsMade,
            };
            callsite::learn(event.metadata(), learned);
            permits(learned, fields.number);
        }
        Callsite::Obtained => {
            let learned = match fields.change {
                Change::Add => Callsite::ObtainedSome,
                Change::Sub | Change::Override => Callsite::Unrecorded,
            };
            callsite::learn(event.metadata(), learned);
            permits(learned, fields.number);
        }
        other => permits(other, fields.number),
    }
}

#[inline]
fn permits(callsite: Callsite, n: u64) {
    match callsite {
        Callsite::PermitsAdded => record::permits_added(n),
        Callsite::PermitsMade => record::permits_made(n),
        Callsite::Requested => record::requested(n),
        Callsite::ObtainedSome => record::obtained(n),
        _ => {}
    }
}

/// The fields of a resource's span.
#[derive(Default)]
struct ResourceFields {
    kind: ResourceType,
    site: SpawnSite,
}

impl Visit for ResourceFields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        let value = u32::try_from(value).unwrap_or(0);
        match field.name() {
            "loc.line" => self.site.line = value,
            "loc.col" => self.site.column = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "loc.file" => self.site.file = text(value),
            "concrete_type" => {
                self.kind = match value {
                    "Mutex" => ResourceType::Mutex,
                    "RwLock" => ResourceType::RwLock,
                    "Semaphore" => ResourceType::Semaphore,
                    "Barrier" => ResourceType::Barrier,
                    "Sender|Receiver" => ResourceType::Oneshot,
                    _ => ResourceType::Unknown,
                }
            }
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The fields of an operation's span.
#[derive(Default)]
struct OpFields {
    access: Access,
}

impl Visit for OpFields {
    #[inline]
    fn record_str(&mut self, _: &Field, source: &str) {
        // "RwLock::read", "RwLock::read_owned"; "Semaphore::acquire" and its like; all others take it for themselves.
        self.access = match source.as_bytes() {
            [b'R', b'w', _, _, _, _, b':', b':', b'r', ..] => Access::Shared,
            [b'S', b'e', b'm', ..] => Access::Permits,
            _ => Access::Exclusive,
        };
    }

    #[inline]
    fn record_bool(&mut self, _: &Field, _: bool) {}

    #[inline]
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// What an event does with the number that it tells.
#[derive(Clone, Copy, Default)]
enum Change {
    Add,
    Sub,
    /// It is what there is.
    #[default]
    Override,
}

/// The fields of a state's change: one fact or number, and what becomes of it.
#[derive(Default)]
struct StateFields {
    is: bool,
    number: u64,
    change: Change,
}

impl Visit for StateFields {
    #[inline]
    fn record_bool(&mut self, _: &Field, value: bool) {
        self.is = value;
    }

    #[inline]
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.number = value;
    }

    #[inline]
    fn record_i64(&mut self, _: &Field, value: i64) {
        self.number = u64::try_from(value).unwrap_or(0);
    }

    #[inline]
    fn record_str(&mut self, _: &Field, value: &str) {
        // "add", "sub", "override", or the name of an operation, which does not matter.
        self.change = match value.as_bytes() {
            [b'a', ..] => Change::Add,
            [b's', ..] => Change::Sub,
            _ => Change::Override,
        };
    }

    #[inline]
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
