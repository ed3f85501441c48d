//! What is known of the connection.

use std::time::Duration;

use crate::feed::{Hello, Source};

/// The connection to the target.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// How it stands.
    pub(super) phase: Phase,
    /// What the target said of itself when it was last reached.
    pub(super) hello: Option<Box<Hello>>,
    /// When and why it was last lost, until it is reached again.
    pub(super) lost: Option<(Duration, String)>,
}

/// How a connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Being made.
    Connecting {
        /// Which attempt this is; 0 before the first.
        attempt: u32,
    },
    /// Made.
    Live,
    /// Broken, or it could not be made.
    Lost {
        /// When it is tried again.
        retry_at: Duration,
    },
    /// Given up.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
}

impl Default for Link {
    fn default() -> Self {
        Self {
            phase: Phase::Connecting { attempt: 0 },
            hello: None,
            lost: None,
        }
    }
}

impl Link {
    pub(super) fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Whether the target can tell facts of this kind. One that lists no sources at all is believed.
    pub(super) fn tells(&self, source: &str) -> bool {
        self.hello.as_ref().is_none_or(|hello| {
            let tells = |s: &Source| s.name == source && s.active;
            hello.sources.is_empty() || hello.sources.iter().any(tells)
        })
    }

    /// What keeps the target from telling anything of its tasks, in words; `None` where nothing does.
    pub(super) fn blind(&self) -> Option<String> {
        let hello = self.hello.as_deref()?;
        let setup = &hello.setup;
        if !setup.tokio_unstable {
            let why = "This target was built without `--cfg tokio_unstable`, so tokio tells nothing of its tasks.";
            return Some(why.to_owned());
        }
        if !setup.installed {
            let why = match setup.install_error.as_str() {
                "" => String::new(),
                error => format!(": {}", crate::text::clean(error)),
            };
            return Some(format!("taskscope is not the target's subscriber{why}."));
        }
        let level = setup.static_max_level.as_str();
        if !matches!(level, "" | "trace") {
            let level = crate::text::clean(level);
            return Some(format!(
                "This target was built with `max_level_{level}`, which leaves out what tokio tells of its tasks."
            ));
        }
        if !self.tells("tasks") {
            return Some("This target does not tell of its tasks.".to_owned());
        }
        None
    }
}
