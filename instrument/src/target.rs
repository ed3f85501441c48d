//! What runs in the process once the instrument is set up: the harvester, the server, and how they are doing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use taskscope_model::World;
use taskscope_model::rules::Judge;
use taskscope_record::{self as record, Role, clock};

use crate::config::Config;
use crate::facts::Facts;
use crate::harvester;
use crate::hub::{Hub, Retention};
use crate::judge;
use crate::runtime;
use crate::server::{self, Backend, EventHub, ServerConfig, ServerHandle, remove_socket};
use crate::stacks;

struct Target {
    facts: Arc<Facts>,
    server: Option<ServerHandle>,
}

static TARGET: OnceLock<Target> = OnceLock::new();

/// How the instrument of this process is doing, as [`status`] tells.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// It is the process's global subscriber, so tasks are recorded. It takes up to 50 ms after it was installed until
    /// this says so.
    pub installed: bool,
    /// The Unix socket to which viewers connect.
    pub socket: Option<PathBuf>,
    /// The TCP address to which viewers connect, with its actual port.
    pub tcp: Option<SocketAddr>,
    /// What did not go as it should, and what follows from it.
    pub problems: Vec<String>,
}

/// How the instrument of this process is doing. Nothing of taskscope prints, so an app that wants a line in its log about
/// it writes one itself:
///
/// ```no_run
/// taskscope::init();
/// for problem in taskscope::status().problems {
///     eprintln!("taskscope: {problem}");
/// }
/// ```
#[must_use]
pub fn status() -> Status {
    let Some(target) = TARGET.get() else {
        return Status::default();
    };
    let mut problems = target.facts.problems();
    let server = target.server.as_ref().map(ServerHandle::status);
    if let Some(status) = &server {
        problems.extend(status.problems());
    }
    Status {
        installed: target.facts.is_installed(),
        socket: target
            .server
            .as_ref()
            .and_then(|server| server.socket().map(Into::into)),
        tcp: target.server.as_ref().and_then(ServerHandle::tcp),
        problems,
    }
}

/// Starts everything, once per process: later calls change nothing.
pub(crate) fn start(config: Config) {
    if !config.enabled {
        return;
    }
    TARGET.get_or_init(|| start_first(config));
}

fn start_first(config: Config) -> Target {
    let clock = clock::start();
    record::start(runtime::here, harvester::listings(config.ended_bytes));
    let caught = stacks::catch(config.stacks);
    let facts = Arc::new(Facts::new(clock, config.name, config.level, caught));
    config
        .problems
        .into_iter()
        .for_each(|problem| facts.problem(problem));
    let hub = Arc::new(Hub::new(Retention {
        ended_for: config.ended_for.into(),
        ended_bytes: config.ended_bytes,
    }));
    let events = Arc::new(EventHub::default());
    let harvester = harvester::start(
        clock,
        Arc::clone(&hub),
        Arc::clone(&events),
        Arc::clone(&facts),
    );
    if let Err(error) = harvester {
        facts.problem(format!(
            "the thread that collects could not be started, so no task will show: {error}"
        ));
    }
    if facts.stacks().is_active()
        && let Err(error) =
            stacks::start(clock, Arc::clone(&hub), Arc::clone(&facts), config.signals)
    {
        facts.problem(format!(
            "the thread that names stacks could not be started, so they have no lines: {error}"
        ));
    }
    if config.findings {
        let (hub, facts_of_it) = (Arc::clone(&hub), Arc::clone(&facts));
        let rules = Judge::new(config.thresholds);
        let mut rules = match facts.stacks().is_active() {
            true => rules.with_polls_seen(),
            false => rules,
        };
        let of_stacks = Arc::clone(&facts);
        let look = Box::new(move |world: &World| {
            let found = rules.look(world);
            of_stacks.stacks().want(rules.wants_lines());
            found
        });
        let judge = judge::start(clock, hub, facts_of_it, look, config.telling);
        if let Err(error) = judge {
            facts.problem(format!(
                "the thread that looks for what is wrong could not be started, so there will be no findings: {error}"
            ));
        }
    }
    let server = server::start(
        &ServerConfig {
            socket_dir: config.socket_dir,
            bind: config.bind,
            allow_remote: config.allow_remote,
            on_thread_start: || record::set_role(Role::Ours),
        },
        Backend {
            hub,
            events,
            about: Arc::clone(&facts) as _,
            sketcher: Arc::clone(&facts) as _,
        },
    );
    let server = match server {
        Ok(server) => Some(server),
        Err(error) => {
            facts.problem(format!("no viewer can connect to this process: {error}"));
            None
        }
    };
    if let Some(socket) = server.as_ref().and_then(ServerHandle::socket) {
        let socket = socket.to_owned();
        record::at_exit(move || remove_socket(&socket));
    }
    Target { facts, server }
}
