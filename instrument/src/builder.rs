//! How an app sets the instrument up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use taskscope_model::Finding;
use taskscope_model::rules::Thresholds;
use tracing_core::subscriber::NoSubscriber;
use tracing_core::{Dispatch, Subscriber, dispatcher};

use crate::config::Config;
use crate::judge::OnFinding;
use crate::scope::{Level, Scope};
use crate::target;

/// Settings that differ from the defaults.
///
/// Each has a variable of the environment too, which is taken where the app says nothing:
///
/// | method | variable | default |
/// |---|---|---|
/// | | `TASKSCOPE=off` | `on`: with `off` nothing is recorded, and no thread started |
/// | [`level`](Self::level) | `TASKSCOPE_LEVEL=tasks`, `locks` or `permits` | `permits`: everything |
/// | [`stacks`](Self::stacks) | `TASKSCOPE_STACKS=off` | `on`, where the system allows it |
/// | [`signals`](Self::signals) | `TASKSCOPE_SIGNALS=off` | `on` |
/// | [`name`](Self::name) | `TASKSCOPE_NAME` | the executable's file name |
/// | [`socket_dir`](Self::socket_dir) | `TASKSCOPE_DIR` | `$XDG_RUNTIME_DIR/taskscope`, or `taskscope-UID` among the temporary files |
/// | [`bind`](Self::bind) | `TASKSCOPE_BIND` | no TCP |
/// | [`allow_remote`](Self::allow_remote) | `TASKSCOPE_ALLOW_REMOTE=anyone-may-read-this-process` | loopback addresses only |
/// | [`ended_for`](Self::ended_for) | `TASKSCOPE_ENDED_SECONDS` | 10 s |
/// | [`ended_bytes`](Self::ended_bytes) | `TASKSCOPE_ENDED_BYTES` | 8 MiB |
/// | | `TASKSCOPE_FINDINGS=off` | `on`: with `off` nobody looks for what is wrong |
/// | [`warn_findings`](Self::warn_findings) | `TASKSCOPE_FINDINGS=log` | no warnings |
/// | [`on_finding`](Self::on_finding) | | |
/// | [`thresholds`](Self::thresholds) | | those of [`Thresholds`] |
///
/// ```no_run
/// taskscope::builder().name("shop").bind(([127, 0, 0, 1], 6670).into()).init();
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is set up before `init` or `wrap`"]
pub struct Builder {
    config: Config,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            config: Config::from_env(|name| std::env::var(name).ok()),
        }
    }
}

impl Builder {
    /// How much is recorded: less costs less, where locks and channels are used much.
    pub fn level(mut self, level: Level) -> Self {
        self.config.level = level;
        self
    }

    /// Whether it is caught at which lines tasks wait: some 10 ns for a wait, on Linux. Elsewhere, and without the feature
    /// `stacks`, this changes nothing.
    pub fn stacks(mut self, stacks: bool) -> Self {
        self.config.stacks = stacks;
        self
    }

    /// Whether a thread that computes in a poll which has not returned for 200 ms may be asked by a signal where it is; one
    /// that waits in the kernel is looked at without. The signal is the highest real-time signal that the app does not
    /// use, its handler takes a microsecond, and system calls are restarted after it; no thread is asked that waits in a
    /// call which is not.
    pub fn signals(mut self, signals: bool) -> Self {
        self.config.signals = signals;
        self
    }

    /// What viewers call this process.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.config.name = Some(name.into());
        self
    }

    /// The folder for the Unix socket. Viewers look into the default one unless they are told otherwise.
    pub fn socket_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.config.socket_dir = Some(dir.into());
        self
    }

    /// Lets viewers connect over TCP too. There is no authentication: everybody who can reach the address can read
    /// task names and source paths, so only loopback addresses are taken unless [`allow_remote`](Self::allow_remote)
    /// is set. Port 0 takes a free one, which [`status`](crate::status) tells.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.config.bind = Some(address);
        self
    }

    /// Lets [`bind`](Self::bind) take addresses that other machines can reach.
    pub fn allow_remote(mut self, allow: bool) -> Self {
        self.config.allow_remote = allow;
        self
    }

    /// How long ended tasks stay listed.
    pub fn ended_for(mut self, time: Duration) -> Self {
        self.config.ended_for = time;
        self
    }

    /// How much memory ended tasks may take that are listed, in bytes. When it is used up the oldest go first, and tasks
    /// that were never seen alive, because they came and went within 50 ms, are only counted.
    pub fn ended_bytes(mut self, bytes: u64) -> Self {
        self.config.ended_bytes = bytes;
        self
    }

    /// Has each finding told to the app: what is wrong with the program, found by rules that look at it about twice a
    /// second, viewer or not. A second call of this takes the place of the first.
    ///
    /// Each finding is told once, when it is new; that it changed or cleared is not. It is called on a thread that
    /// belongs to taskscope and does nothing else: others wait meanwhile, and where more than 256 wait the app misses
    /// some, which [`status`](crate::status) says. A panic is caught, and said there too.
    ///
    /// ```no_run
    /// taskscope::builder()
    ///     .on_finding(|finding| eprintln!("{} ({}): {}", finding.rule, finding.tier, finding.summary))
    ///     .init();
    /// ```
    pub fn on_finding(mut self, call: impl Fn(&Finding) + Send + Sync + 'static) -> Self {
        self.config.telling.call = Some(OnFinding(Arc::new(call)));
        self
    }

    /// Has each finding told as an event of the level `WARN` with the target `taskscope` in the app's own log, once, when
    /// it is new. The message says what is wrong; the fields `rule`, `tier`, `evidence` and `advice` say the rest.
    ///
    /// Not done by default: what an app logs is the app's own.
    pub fn warn_findings(mut self, warn: bool) -> Self {
        self.config.telling.warn = warn;
        self
    }

    /// From where on the rules call something wrong.
    ///
    /// ```no_run
    /// use taskscope::{Nanos, Thresholds};
    ///
    /// let thresholds = Thresholds {
    ///     long_poll: Nanos(50_000_000), // This app answers within 100 ms.
    ///     ..Thresholds::default()
    /// };
    /// taskscope::builder().thresholds(thresholds).init();
    /// ```
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.config.thresholds = thresholds;
        self
    }

    /// Puts the instrument around a subscriber, to be installed as the global one.
    pub fn wrap<S: Subscriber>(self, subscriber: S) -> Scope<S> {
        let level = self.config.enabled.then_some(self.config.level);
        target::start(self.config);
        Scope::new(subscriber, level)
    }

    /// Installs the instrument as the process's global subscriber, without logs of the app's own.
    ///
    /// To be called before a runtime is built: what lives before can't be seen. Where another subscriber is set
    /// already, the process can be found by viewers but shows no tasks, and says why; see [`status`](crate::status).
    pub fn init(self) {
        if !self.config.enabled {
            return;
        }
        let dispatch = Dispatch::new(self.wrap(NoSubscriber::new()));
        // The viewer and `status` tell of a failure, from looking at what is installed.
        let _ = dispatcher::set_global_default(dispatch);
    }
}
