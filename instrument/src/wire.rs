//! From the model's values to the protocol's messages: one function for each message.

mod pack;
mod shared;

use taskscope_model::{
    Birth, Kind, LastWaker, Site, SiteId, Sketch, Sketches, State, Tally, Totals, Vitals,
};
use taskscope_proto::{PROTOCOL_VERSION, v1};

use crate::hub::{Retention, Told};
use crate::server::{Batch, HelloFacts, RawEvent, RawEventKind, SetupFacts, SourceFacts};
pub(crate) use pack::updates;

/// The app's strings are cut where they are recorded; this is the last line of defence for the size of a message.
const MAX_STRING: usize = 4096;

/// So many problems are told at most: with the length of each that keeps the answer well under the size of a message.
const MAX_PROBLEMS: usize = 32;

/// Who we are. `version` is that of the connection.
pub(crate) fn hello(
    version: u32,
    facts: HelloFacts,
    kept: Retention,
    max_watchers: u32,
) -> v1::HelloResponse {
    v1::HelloResponse {
        protocol_version: version.min(PROTOCOL_VERSION),
        instrument_version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: facts.pid,
        executable: cut(&facts.executable),
        name: cut(&facts.name),
        started_unix_ns: facts.started_unix_ns,
        session_id: facts.session_id,
        now_ns: facts.now.0,
        sources: facts.sources.iter().map(source).collect(),
        setup: Some(setup(&facts.setup)),
        limits: Some(v1::Limits {
            max_tasks: facts.max_tasks,
            ended_for_ns: kept.ended_for.0,
            ended_bytes: kept.ended_bytes,
            max_name_bytes: facts.max_name_bytes,
            max_watchers,
        }),
    }
}

fn source(source: &SourceFacts) -> v1::Source {
    v1::Source {
        name: source.name.to_owned(),
        active: source.active,
        events: source.events,
        trial_events: source.trial_events,
    }
}

fn setup(setup: &SetupFacts) -> v1::Setup {
    v1::Setup {
        tokio_unstable: setup.tokio_unstable,
        static_max_level: setup.static_max_level.to_owned(),
        installed: setup.installed,
        install_error: cut(&setup.install_error),
        installed_in_runtime: setup.installed_in_runtime,
        tasks_before: setup.tasks_before,
        clock: setup.clock.to_owned(),
        debug_info: setup.debug_info.to_owned(),
        no_stacks: cut(&setup.no_stacks),
        no_signals: cut(&setup.no_signals),
        problems: setup
            .problems
            .iter()
            .take(MAX_PROBLEMS)
            .map(|problem| cut(problem))
            .collect(),
    }
}

/// A spawn site.
pub(crate) fn site(id: SiteId, site: &Site) -> v1::Site {
    v1::Site {
        id: id.0,
        file: cut(&site.file),
        line: site.line,
        column: site.column,
        kind: kind(site.kind).into(),
        size_bytes: site.size,
        boxed_from_bytes: site.boxed_from.unwrap_or(0),
        type_name: site.type_name.as_deref().map(cut).unwrap_or_default(),
        past: Some(tally(&site.past)),
    }
}

fn kind(kind: Kind) -> v1::TaskKind {
    match kind {
        Kind::Task => v1::TaskKind::Task,
        Kind::Local => v1::TaskKind::Local,
        Kind::Blocking => v1::TaskKind::Blocking,
        Kind::BlockOn => v1::TaskKind::BlockOn,
        Kind::Unknown => v1::TaskKind::Unknown,
    }
}

fn tally(tally: &Tally) -> v1::Tally {
    v1::Tally {
        done: tally.done,
        cancelled: tally.cancelled,
        panicked: tally.panicked,
        polls: tally.polls,
        busy_ns: tally.busy.0,
        scheduled_ns: tally.scheduled.0,
        wakes: tally.wakes,
        self_wakes: tally.self_wakes,
    }
}

/// A task as one reader is told of it.
pub(crate) fn task(told: &Told) -> v1::Task {
    v1::Task {
        id: told.id.number(),
        birth: told.birth.as_ref().map(birth),
        vitals: Some(vitals(&told.vitals)),
        sketches: told.sketches.as_deref().map(sketches),
    }
}

fn birth(birth: &Birth) -> v1::Birth {
    v1::Birth {
        tokio_id: birth.tokio_id.map_or(0, |id| id.get()),
        parent: birth.parent.map_or(0, |id| id.number()),
        name: birth.name.as_deref().map(cut).unwrap_or_default(),
        site: birth.site.0,
        created_ns: birth.created.0,
    }
}

fn vitals(vitals: &Vitals) -> v1::Vitals {
    v1::Vitals {
        state: state(vitals.state).into(),
        since_ns: vitals.since.0,
        polls: vitals.polls,
        busy_ns: vitals.busy.0,
        scheduled_ns: vitals.scheduled.0,
        wakes: vitals.wakes,
        self_wakes: vitals.self_wakes,
        last_waker: match vitals.last_waker {
            LastWaker::Nobody => None,
            LastWaker::NoTask => Some(v1::vitals::LastWaker::WokenOutside(true)),
            LastWaker::Task(id) => Some(v1::vitals::LastWaker::WokenBy(id.number())),
        },
        wakers: vitals.wakers,
        runtime: vitals.runtime.map_or(0, |id| id.0.get().into()),
        leaves: vitals
            .leaves
            .iter()
            .map(|(stack, _)| stack.number())
            .collect(),
        leaf_ages: vitals.leaves.iter().map(|(_, age)| age.into()).collect(),
    }
}

fn state(state: State) -> v1::TaskState {
    match state {
        State::Scheduled => v1::TaskState::Scheduled,
        State::Running => v1::TaskState::Running,
        State::Idle => v1::TaskState::Idle,
        State::Done => v1::TaskState::Done,
        State::Cancelled => v1::TaskState::Cancelled,
        State::Panicked => v1::TaskState::Panicked,
    }
}

fn sketches(sketches: &Sketches) -> v1::Sketches {
    v1::Sketches {
        polls: Some(sketch(&sketches.polls)),
        delays: Some(sketch(&sketches.delays)),
    }
}

fn sketch(sketch: &Sketch) -> v1::Sketch {
    let buckets = sketch.buckets();
    v1::Sketch {
        from_ns: buckets.iter().map(|bucket| bucket.from.0).collect(),
        to_ns: buckets.iter().map(|bucket| bucket.to.0).collect(),
        count: buckets.iter().map(|bucket| bucket.count).collect(),
    }
}

/// The counters over all tasks.
pub(crate) fn totals(totals: &Totals) -> v1::Totals {
    v1::Totals {
        spawned: totals.spawned,
        scheduled: totals.scheduled,
        running: totals.running,
        idle: totals.idle,
        done: totals.done,
        cancelled: totals.cancelled,
        panicked: totals.panicked,
        polls: totals.polls,
        busy_ns: totals.busy.0,
        delayed_ns: totals.delayed.0,
        wakes: totals.wakes,
        self_wakes: totals.self_wakes,
        workers: totals.workers,
        worker_busy_ns: totals.worker_busy.0,
        unlisted: totals.unlisted,
        untracked: totals.untracked,
        unplaced: totals.unplaced,
    }
}

/// Raw events, and how many were lost.
pub(crate) fn event_batch(batch: &Batch) -> v1::EventBatch {
    v1::EventBatch {
        events: batch.events.iter().map(event).collect(),
        lost: batch.lost,
        now_ns: batch.up_to.0,
    }
}

fn event(event: &RawEvent) -> v1::Event {
    let (kind, end_state) = match event.kind {
        RawEventKind::Spawn => (v1::EventKind::Spawn, v1::TaskState::Unknown),
        RawEventKind::PollStart => (v1::EventKind::PollStart, v1::TaskState::Unknown),
        RawEventKind::PollEnd => (v1::EventKind::PollEnd, v1::TaskState::Unknown),
        RawEventKind::Wake => (v1::EventKind::Wake, v1::TaskState::Unknown),
        RawEventKind::End(how) => (v1::EventKind::End, state(how)),
    };
    v1::Event {
        kind: kind.into(),
        at_ns: event.at.0,
        task: event.task.number(),
        other: event.other.map_or(0, |id| id.number()),
        thread: event.thread,
        end_state: end_state.into(),
    }
}

fn cut(text: &str) -> String {
    let end = (0..=text.len().min(MAX_STRING))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        let long = "ä".repeat(MAX_STRING);
        assert_eq!(cut(&long).len(), MAX_STRING);
        assert_eq!(cut(&format!("x{long}")).len(), MAX_STRING - 1);
    }
}
