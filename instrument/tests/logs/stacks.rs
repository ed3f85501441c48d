//! The stacks of subscribers, by name.

use taskscope::SubscriberExt as _;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_error::ErrorLayer;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt, registry, reload};

use crate::calls::Calls;
use crate::child::Out;
use crate::foreign::Foreign;
use crate::quiet::Quiet;

/// Sets the level of a stack that can be told.
pub(crate) type SetLevel = Box<dyn Fn(LevelFilter)>;

/// Installs a stack as the global subscriber.
pub(crate) fn install(name: &str, with_taskscope: bool, out: &Out) -> SetLevel {
    let install = Install { with_taskscope };
    let calls = Calls(out.clone());
    let info = LevelFilter::INFO;
    match name {
        "plain" => install.open_as_global(registry().with(lines(out))),
        "timed" => {
            let lines = fmt::layer()
                .with_ansi(false)
                .with_timer(At)
                .with_thread_names(true)
                .with_line_number(true)
                .with_span_events(FmtSpan::FULL)
                .with_writer(writer(out));
            install.open_as_global(registry().with(lines));
        }
        "global_env_filter" => {
            let filter = EnvFilter::new("info,logs[root]=debug");
            install.as_global(registry().with(filter).with(calls).with(full(out)))
        }
        "filters_per_layer" => {
            let targets = Targets::new().with_target("logs", tracing::Level::DEBUG);
            let spans = EnvFilter::new("logs[inner]=trace,logs=warn");
            install.open_as_global(
                registry()
                    .with(calls.with_filter(targets))
                    .with(full(out).with_filter(spans))
                    .with(lines(out).with_filter(info)),
            )
        }
        "level_filter" => install.as_global(registry().with(info).with(calls).with(full(out))),
        "json" => {
            let json = fmt::layer()
                .json()
                .with_current_span(true)
                .with_span_list(true)
                .with_span_events(FmtSpan::CLOSE)
                .with_writer(writer(out));
            install.open_as_global(registry().with(json))
        }
        "fmt_subscriber" => install.as_global(
            tracing_subscriber::fmt()
                .without_time()
                .with_ansi(false)
                .with_max_level(tracing::Level::DEBUG)
                .with_writer(writer(out))
                .finish(),
        ),
        "every_callback" => install.open_as_global(registry().with(calls)),
        "span_trace" => {
            let layer = ErrorLayer::default();
            install.open_as_global(registry().with(layer).with(lines(out)));
        }
        "reload" => {
            let (filter, handle) = reload::Layer::new(info);
            install.as_global(registry().with(filter).with(calls).with(full(out)));
            return Box::new(move |level| handle.reload(level).expect("the stack is there"));
        }
        "reload_per_layer" => {
            let (filter, handle) = reload::Layer::new(info);
            let calls = calls.with_filter(LevelFilter::WARN);
            install.as_global(registry().with(full(out).with_filter(filter)).with(calls));
            return Box::new(move |level| handle.reload(level).expect("the stack is there"));
        }
        "max_level_hint" => install.as_global(Foreign::new(out, Some(info))),
        "random_ids" => install.open_as_global(Foreign::new(out, None)),
        "log_records" => install.as_global(registry().with(LevelFilter::DEBUG).with(lines(out))),
        other => panic!("no stack is called {other}"),
    }
    Box::new(|_| {})
}

fn writer(out: &Out) -> impl Fn() -> Out + Send + Sync + 'static {
    let out = out.clone();
    move || out.clone()
}

/// A line for each event.
fn lines<S: Subscriber + for<'a> LookupSpan<'a>>(out: &Out) -> impl Layer<S> {
    fmt::layer()
        .without_time()
        .with_ansi(false)
        .with_writer(writer(out))
}

/// A line for each event and for all that happens to spans.
fn full<S: Subscriber + for<'a> LookupSpan<'a>>(out: &Out) -> impl Layer<S> {
    fmt::layer()
        .without_time()
        .with_ansi(false)
        .with_span_events(FmtSpan::FULL)
        .with_writer(writer(out))
}

struct Install {
    with_taskscope: bool,
}

impl Install {
    fn as_global<S: Subscriber + Send + Sync>(&self, stack: S) {
        // `init` also makes log records events, as programs have it.
        if self.with_taskscope {
            stack.with_taskscope().init();
        } else {
            stack.init();
        }
    }

    /// The same for a stack that takes in everything, even what tokio says.
    fn open_as_global<S: Subscriber + Send + Sync>(&self, stack: S) {
        if self.with_taskscope {
            self.as_global(stack);
        } else {
            self.as_global(Quiet(stack));
        }
    }
}

/// A time that can be masked.
struct At;

impl fmt::time::FormatTime for At {
    fn format_time(&self, w: &mut fmt::format::Writer<'_>) -> std::fmt::Result {
        w.write_str("at=")?;
        fmt::time::SystemTime.format_time(w)
    }
}
