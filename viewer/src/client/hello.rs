//! The handshake: who the target is, and whether both sides speak the same version.

use std::time::Duration;

use taskscope_proto::{PROTOCOL_VERSION, v1};

use super::decode::cut;
use super::error::ConnectError;
use crate::feed::{Hello, Limits, Setup, Source};

/// The oldest version of the protocol that this viewer speaks.
const OLDEST_VERSION: u32 = 1;

/// More sources than there will be.
const MAX_SOURCES: usize = 64;

/// More problems than anybody reads.
const MAX_PROBLEMS: usize = 64;

/// Longest text about the target, in bytes: a path may be 4,096.
const MAX_TEXT: usize = 4096;

/// Longest word, in bytes.
const MAX_WORD: usize = 64;

/// What the viewer says first.
pub(super) fn request() -> v1::HelloRequest {
    v1::HelloRequest {
        protocol_version: PROTOCOL_VERSION,
        viewer_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// What the target answered, bounded.
///
/// # Errors
///
/// [`ConnectError::TooNew`] or [`ConnectError::TooOld`] where the two have no version in common.
pub(super) fn read(answer: v1::HelloResponse) -> Result<Hello, ConnectError> {
    match answer.protocol_version {
        version if version > PROTOCOL_VERSION => return Err(ConnectError::TooNew(version)),
        version if version < OLDEST_VERSION => return Err(ConnectError::TooOld(version)),
        _ => {}
    }
    Ok(Hello {
        session: answer.session_id,
        pid: answer.pid,
        name: cut(answer.name, MAX_TEXT),
        executable: cut(answer.executable, MAX_TEXT),
        protocol_version: answer.protocol_version,
        instrument_version: cut(answer.instrument_version, MAX_WORD),
        started_unix_ns: answer.started_unix_ns,
        now_ns: answer.now_ns,
        sources: answer
            .sources
            .into_iter()
            .take(MAX_SOURCES)
            .map(source)
            .collect(),
        setup: setup(answer.setup.unwrap_or_default()),
        limits: limits(&answer.limits.unwrap_or_default()),
    })
}

fn source(source: v1::Source) -> Source {
    Source {
        name: cut(source.name, MAX_WORD),
        active: source.active,
        events: source.events,
        trial_events: source.trial_events,
    }
}

fn setup(setup: v1::Setup) -> Setup {
    Setup {
        tokio_unstable: setup.tokio_unstable,
        static_max_level: cut(setup.static_max_level, MAX_WORD),
        installed: setup.installed,
        install_error: cut(setup.install_error, MAX_TEXT),
        installed_in_runtime: setup.installed_in_runtime,
        tasks_before: setup.tasks_before,
        clock: cut(setup.clock, MAX_WORD),
        problems: setup
            .problems
            .into_iter()
            .take(MAX_PROBLEMS)
            .map(|problem| cut(problem, MAX_TEXT))
            .collect(),
        debug_info: cut(setup.debug_info, MAX_WORD),
        no_stacks: cut(setup.no_stacks, MAX_TEXT),
        no_signals: cut(setup.no_signals, MAX_TEXT),
    }
}

fn limits(limits: &v1::Limits) -> Limits {
    Limits {
        max_tasks: limits.max_tasks,
        ended_for: Duration::from_nanos(limits.ended_for_ns),
        ended_bytes: limits.ended_bytes,
        max_name_bytes: limits.max_name_bytes,
        max_watchers: limits.max_watchers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(protocol_version: u32) -> v1::HelloResponse {
        v1::HelloResponse {
            protocol_version,
            ..Default::default()
        }
    }

    #[test]
    fn each_side_is_told_when_it_is_the_old_one() {
        assert!(matches!(
            read(answer(PROTOCOL_VERSION + 1)),
            Err(ConnectError::TooNew(_))
        ));
        assert!(matches!(
            read(answer(OLDEST_VERSION - 1)),
            Err(ConnectError::TooOld(_))
        ));
        assert!(read(answer(PROTOCOL_VERSION)).is_ok());
    }

    #[test]
    fn nothing_that_a_target_says_of_itself_is_unbounded() {
        let mut long = answer(1);
        long.name = "é".repeat(1 << 20);
        long.sources = vec![
            v1::Source {
                name: "x".repeat(1000),
                ..Default::default()
            };
            1000
        ];
        long.setup = Some(v1::Setup {
            problems: vec!["y".repeat(10_000); 1000],
            ..Default::default()
        });
        let hello = read(long).expect("the version is known");
        assert_eq!(hello.name.len(), MAX_TEXT);
        assert_eq!(hello.sources.len(), MAX_SOURCES);
        assert_eq!(hello.sources[0].name.len(), MAX_WORD);
        assert_eq!(hello.setup.problems.len(), MAX_PROBLEMS);
        assert_eq!(hello.setup.problems[0].len(), MAX_TEXT);
    }
}
