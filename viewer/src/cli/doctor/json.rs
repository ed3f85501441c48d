//! The JSON of `taskscope doctor`.

use serde::Serialize;

use super::{Diagnosis, Proof, Verdict};
use crate::cli::about::Target;
use crate::cli::advice::Advice;
use crate::cli::schema;
use crate::feed::Hello;

#[derive(Debug, Serialize)]
pub(super) struct Doctor<'a> {
    schema: &'static str,
    target: Target<'a>,
    ok: bool,
    sources: Vec<Source<'a>>,
    setup: Setup<'a>,
    limits: Limits,
    advice: &'a [Advice],
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    name: &'a str,
    gives: Option<&'static str>,
    active: bool,
    off: bool,
    proven_by: Option<&'static str>,
    events: u64,
    trial_events: u64,
}

#[derive(Debug, Serialize)]
struct Setup<'a> {
    tokio_unstable: bool,
    static_max_level: Option<&'a str>,
    installed: bool,
    install_error: Option<&'a str>,
    installed_in_runtime: bool,
    tasks_before: u64,
    clock: Option<&'a str>,
    problems: &'a [String],
    debug_info: Option<&'a str>,
    no_stacks: Option<&'a str>,
    no_signals: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Limits {
    max_tasks: Option<u64>,
    ended_for_ns: Option<u64>,
    ended_bytes: Option<u64>,
    max_name_bytes: Option<u32>,
    max_watchers: Option<u32>,
}

impl<'a> Doctor<'a> {
    pub(super) fn of(hello: &'a Hello, diagnosis: &'a Diagnosis) -> Self {
        let (setup, limits) = (&hello.setup, &hello.limits);
        let text = |text: &'a str| (!text.is_empty()).then_some(text);
        let number = |number: u64| (number > 0).then_some(number);
        Self {
            schema: schema::DOCTOR,
            target: Target::of(hello),
            ok: diagnosis.healthy(),
            sources: diagnosis.sources.iter().map(Source::of).collect(),
            setup: Setup {
                tokio_unstable: setup.tokio_unstable,
                static_max_level: text(&setup.static_max_level),
                installed: setup.installed,
                install_error: text(&setup.install_error),
                installed_in_runtime: setup.installed_in_runtime,
                tasks_before: setup.tasks_before,
                clock: text(&setup.clock),
                problems: &setup.problems,
                debug_info: text(&setup.debug_info),
                no_stacks: text(&setup.no_stacks),
                no_signals: text(&setup.no_signals),
            },
            limits: Limits {
                max_tasks: number(limits.max_tasks),
                ended_for_ns: u64::try_from(limits.ended_for.as_nanos())
                    .ok()
                    .and_then(number),
                ended_bytes: number(limits.ended_bytes),
                max_name_bytes: (limits.max_name_bytes > 0).then_some(limits.max_name_bytes),
                max_watchers: (limits.max_watchers > 0).then_some(limits.max_watchers),
            },
            advice: &diagnosis.advice,
        }
    }
}

impl<'a> Source<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        Self {
            name: &verdict.name,
            gives: verdict.gives(),
            active: verdict.active,
            off: verdict.off,
            proven_by: verdict.proof().map(|proof| match proof {
                Proof::App => "app",
                Proof::Trial => "trial",
            }),
            events: verdict.events,
            trial_events: verdict.trial_events,
        }
    }
}
