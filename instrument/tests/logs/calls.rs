//! A layer that writes down every callback, with all that it can look up.

use tracing::span::{Attributes, Record};
use tracing::{Event, Id, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::child::Out;

pub(crate) struct Calls(pub(crate) Out);

impl Calls {
    fn call<S>(&self, what: &str, id: &Id, cx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let scope: Vec<_> = cx
            .span_scope(id)
            .into_iter()
            .flatten()
            .map(|span| span.name())
            .collect();
        let current = cx.lookup_current().map(|span| span.name());
        self.0.line(&format!("{what} {scope:?} in {current:?}"));
    }
}

fn place(metadata: &Metadata<'_>) -> String {
    format!(
        "{} {} {}",
        metadata.level(),
        metadata.target(),
        metadata.name()
    )
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Calls {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        self.0.line(&place(attributes.metadata()));
        self.call("new span", id, &cx);
    }

    fn on_record(&self, id: &Id, _: &Record<'_>, cx: Context<'_, S>) {
        self.call("record", id, &cx);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, cx: Context<'_, S>) {
        self.call("follows", id, &cx);
        self.call("is followed", follows, &cx);
    }

    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.0
            .line(&format!("event enabled? {}", place(event.metadata())));
        true
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let scope: Vec<_> = cx
            .event_scope(event)
            .into_iter()
            .flatten()
            .map(|span| span.name())
            .collect();
        self.0
            .line(&format!("event {} {scope:?}", place(event.metadata())));
    }

    fn on_enter(&self, id: &Id, cx: Context<'_, S>) {
        self.call("enter", id, &cx);
    }

    fn on_exit(&self, id: &Id, cx: Context<'_, S>) {
        self.call("exit", id, &cx);
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        self.call("close", &id, &cx);
    }

    fn on_id_change(&self, _: &Id, new: &Id, cx: Context<'_, S>) {
        self.call("id change", new, &cx);
    }
}
