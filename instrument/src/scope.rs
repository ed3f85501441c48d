//! The subscriber around the user's own: takes tokio's callsites for itself and passes everything else on untouched.

mod alias;
mod callsite;
mod fields;
mod shared;

use std::any::TypeId;

use taskscope_record::id::{self, IGNORED, Kind, WORKER};
use taskscope_record::{self as record, Role, Spawn};
use tracing_core::span::{Attributes, Current, Id, Record};
use tracing_core::{Dispatch, Event, Interest, LevelFilter, Metadata, Subscriber};

use self::alias::Aliases;
use self::callsite::Callsite;
pub use self::callsite::Level;
pub(crate) use self::callsite::settle;
use self::fields::{Keys, SpawnFields, WakerFields, WakerOp};
use crate::stacks;

/// A [`Subscriber`] around another one, `S`.
///
/// What tokio tells about its tasks goes no further than this; `S` gets every other span and event exactly as if it
/// stood alone, with its own ids, levels and filters. Made by [`with_taskscope`](crate::SubscriberExt::with_taskscope).
///
/// A `Scope` has to be the outermost subscriber of the process: tasks that are spawned under another one, set for a
/// thread, can't be seen.
pub struct Scope<S> {
    inner: S,
    aliases: Aliases,
    /// How much of what tokio's callsites tell is wanted, if anything; they are kept from `S` either way.
    level: Option<Level>,
}

/// Found by `Dispatch::is` in a dispatcher whose subscriber is a [`Scope`] around whatever.
pub(crate) struct Installed;

impl<S: Subscriber> Scope<S> {
    pub(crate) fn new(inner: S, level: Option<Level>) -> Self {
        Self {
            inner,
            aliases: Aliases::default(),
            level,
        }
    }

    /// The user's subscriber.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// An id of `S` as the world outside sees it.
    #[inline(always)]
    fn outward(&self, theirs: Id) -> Id {
        if id::kind(theirs.into_u64()) == Kind::Theirs {
            theirs
        } else {
            self.aliases.stand_in(theirs)
        }
    }

    /// An id that came from outside, if it belongs to `S`.
    #[inline(always)]
    fn inward(&self, id: &Id) -> Option<Id> {
        match id::kind(id.into_u64()) {
            Kind::Theirs => Some(id.clone()),
            Kind::Alias => self.aliases.theirs(id.into_u64()),
            _ => None,
        }
    }

    fn records(&self, callsite: Callsite) -> bool {
        self.level.is_some_and(|level| callsite.is_recorded(level))
    }

    /// `S` has no idea of our TRACE hint, which must not open what its own had closed.
    fn hint_allows(&self, metadata: &Metadata<'_>) -> bool {
        self.inner
            .max_level_hint()
            .is_none_or(|hint| *metadata.level() <= hint)
    }

    fn new_user_span(&self, attributes: &Attributes<'_>) -> Id {
        if is_muted() {
            return Id::from_u64(IGNORED);
        }
        let Some(parent) = attributes
            .parent()
            .filter(|parent| id::kind(parent.into_u64()) != Kind::Theirs)
        else {
            return self.outward(self.inner.new_span(attributes));
        };
        let (metadata, values) = (attributes.metadata(), attributes.values());
        let attributes = match self.inward(parent) {
            Some(theirs) => Attributes::child_of(theirs, metadata, values),
            None => Attributes::new_root(metadata, values),
        };
        self.outward(self.inner.new_span(&attributes))
    }
}

/// Threads of taskscope's own must not show in the user's logs.
fn is_muted() -> bool {
    record::role() != Role::App
}

fn new_task(attributes: &Attributes<'_>, keys: Keys) -> Id {
    let mut fields = SpawnFields {
        keys,
        ..SpawnFields::default()
    };
    attributes.record(&mut fields);
    let id = if fields.is_worker {
        WORKER
    } else {
        record::spawn(&Spawn {
            site: fields.site,
            name: &fields.name,
            tokio_id: fields.tokio_id,
        })
    };
    Id::from_u64(id)
}

#[inline]
fn waker_event(event: &Event<'_>) {
    let mut fields = WakerFields::default();
    event.record(&mut fields);
    match fields.op {
        WakerOp::Clone => record::waker_clone(fields.span),
        WakerOp::Drop => record::waker_drop(fields.span),
        WakerOp::Wake => record::wake(fields.span, true),
        WakerOp::WakeByRef => record::wake(fields.span, false),
        WakerOp::Unknown => {}
    }
}

impl<S: Subscriber> Subscriber for Scope<S> {
    fn on_register_dispatch(&self, dispatch: &Dispatch) {
        self.inner.on_register_dispatch(dispatch);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match callsite::register(metadata) {
            Callsite::User if self.hint_allows(metadata) => self.inner.register_callsite(metadata),
            callsite if self.records(callsite) => Interest::always(),
            _ => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match callsite::look(metadata) {
            Callsite::User => {
                self.hint_allows(metadata) && !is_muted() && self.inner.enabled(metadata)
            }
            callsite => self.records(callsite),
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // tokio's callsites are at this level.
        Some(LevelFilter::TRACE)
    }

    #[inline]
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let (callsite, keys) = callsite::with_keys(attributes.metadata());
        match callsite {
            Callsite::User => self.new_user_span(attributes),
            Callsite::Spawn | Callsite::SpawnBlocking => new_task(attributes, keys),
            other => Id::from_u64(shared::new_span(other, attributes)),
        }
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(span) = self.inward(span) {
            self.inner.record(&span, values);
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let (Some(span), Some(follows)) = (self.inward(span), self.inward(follows)) {
            self.inner.record_follows_from(&span, &follows);
        }
    }

    #[inline]
    fn event_enabled(&self, _: &Event<'_>) -> bool {
        // Asked of the user's subscriber in `event`, where the callsite has to be looked up anyway.
        true
    }

    #[inline]
    fn event(&self, event: &Event<'_>) {
        match callsite::of(event.metadata()) {
            Callsite::Waker => waker_event(event),
            Callsite::User if !is_muted() && self.inner.event_enabled(event) => {
                self.inner.event(event)
            }
            Callsite::User => {}
            other => shared::event(other, event),
        }
    }

    #[inline]
    fn enter(&self, span: &Id) {
        let raw = span.into_u64();
        if id::is_task(raw) {
            return record::enter(raw, stacks::here());
        }
        match id::kind(raw) {
            Kind::Theirs => self.inner.enter(span),
            Kind::Task => {}
            Kind::Resource | Kind::Op | Kind::InnerResource | Kind::InnerOp => {
                record::enter_inner(raw);
            }
            Kind::Ignored => record::enter_ignored(),
            Kind::Worker => record::enter_worker(),
            Kind::Alias => {
                if let Some(theirs) = self.aliases.theirs(raw) {
                    self.inner.enter(&theirs);
                }
            }
        }
    }

    #[inline]
    fn exit(&self, span: &Id) {
        let raw = span.into_u64();
        if id::is_task(raw) {
            return record::exit(raw);
        }
        match id::kind(raw) {
            Kind::Theirs => self.inner.exit(span),
            Kind::Task | Kind::Ignored => {}
            Kind::Resource | Kind::Op | Kind::InnerResource | Kind::InnerOp => {
                record::exit_inner(raw);
            }
            Kind::Worker => record::exit_worker(),
            Kind::Alias => {
                if let Some(theirs) = self.aliases.theirs(raw) {
                    self.inner.exit(&theirs);
                }
            }
        }
    }

    #[inline]
    fn clone_span(&self, span: &Id) -> Id {
        let raw = span.into_u64();
        match id::kind(raw) {
            Kind::Task => {
                record::clone_id(raw);
                span.clone()
            }
            Kind::Resource | Kind::Op => {
                record::clone_inner(raw);
                span.clone()
            }
            // The inner ones live no longer than the outer ones.
            Kind::InnerResource | Kind::InnerOp | Kind::Ignored | Kind::Worker => span.clone(),
            Kind::Theirs | Kind::Alias => match self.inward(span) {
                Some(theirs) => self.outward(self.inner.clone_span(&theirs)),
                None => span.clone(),
            },
        }
    }

    #[inline]
    fn try_close(&self, span: Id) -> bool {
        let raw = span.into_u64();
        match id::kind(raw) {
            Kind::Theirs => self.inner.try_close(span),
            Kind::Task => record::close(raw),
            Kind::Resource => record::close_resource(raw),
            Kind::Op => record::close_op(raw),
            Kind::InnerResource | Kind::InnerOp | Kind::Ignored | Kind::Worker => true,
            Kind::Alias => {
                let closed = self
                    .aliases
                    .theirs(raw)
                    .is_some_and(|theirs| self.inner.try_close(theirs));
                if closed {
                    self.aliases.forget(raw);
                }
                closed
            }
        }
    }

    fn current_span(&self) -> Current {
        let current = self.inner.current_span();
        match (current.id(), current.metadata()) {
            (Some(theirs), Some(metadata)) if id::kind(theirs.into_u64()) != Kind::Theirs => {
                Current::new(self.aliases.stand_in(theirs.clone()), metadata)
            }
            _ => current,
        }
    }

    // The signature is the trait's; nothing in it is unsafe but the promise that the pointers are good.
    #[allow(unsafe_code, reason = "the trait declares the method unsafe")]
    unsafe fn downcast_raw(&self, id: TypeId) -> Option<*const ()> {
        if id == TypeId::of::<Self>() || id == TypeId::of::<Installed>() {
            return Some(std::ptr::from_ref(self).cast());
        }
        // SAFETY: passed on as it came: the caller promises what `S` asks for.
        unsafe { self.inner.downcast_raw(id) }
    }
}
