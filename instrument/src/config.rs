//! How the instrument is set up: by the environment, then by the app.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use taskscope_model::rules::Thresholds;

use crate::judge::Telling;
use crate::scope::Level;

/// What `TASKSCOPE_ALLOW_REMOTE` has to say.
const CONSENT: &str = "anyone-may-read-this-process";

/// The settings in force.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) enabled: bool,
    pub(crate) level: Level,
    /// Whether it is caught where tasks wait.
    pub(crate) stacks: bool,
    /// Whether threads whose poll does not return may be asked by a signal where they are.
    pub(crate) signals: bool,
    pub(crate) name: Option<String>,
    pub(crate) socket_dir: Option<PathBuf>,
    pub(crate) bind: Option<SocketAddr>,
    pub(crate) allow_remote: bool,
    pub(crate) ended_for: Duration,
    pub(crate) ended_bytes: u64,
    /// Whether the process is looked at for what is wrong.
    pub(crate) findings: bool,
    /// From where on something is wrong.
    pub(crate) thresholds: Thresholds,
    /// How the app is told of that.
    pub(crate) telling: Telling,
    /// What could not be understood, for people.
    pub(crate) problems: Vec<String>,
}

impl Config {
    /// The defaults, changed by what `variable` gives of the environment.
    pub(crate) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut config = Self {
            enabled: true,
            level: Level::default(),
            stacks: true,
            signals: true,
            name: None,
            socket_dir: None,
            bind: None,
            allow_remote: false,
            ended_for: Duration::from_secs(10),
            ended_bytes: 8 << 20,
            findings: true,
            thresholds: Thresholds::default(),
            telling: Telling::default(),
            problems: Vec::new(),
        };
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        for name in ["TASKSCOPE", "TASKSCOPE_STACKS", "TASKSCOPE_SIGNALS"] {
            let Some(word) = value(name) else { continue };
            let switch = match name {
                "TASKSCOPE" => &mut config.enabled,
                "TASKSCOPE_STACKS" => &mut config.stacks,
                _ => &mut config.signals,
            };
            match word.as_str() {
                "off" | "0" => *switch = false,
                "on" | "1" => {}
                other => config.refuse(name, other, "`on` or `off`"),
            }
        }
        if let Some(word) = value("TASKSCOPE_LEVEL") {
            let named = |level: &Level| level.as_str() == word;
            match [Level::Tasks, Level::Locks, Level::Permits]
                .into_iter()
                .find(named)
            {
                Some(level) => config.level = level,
                None => config.refuse("TASKSCOPE_LEVEL", &word, "`tasks`, `locks` or `permits`"),
            }
        }
        config.name = value("TASKSCOPE_NAME");
        if let Some(address) = value("TASKSCOPE_BIND") {
            match address.parse() {
                Ok(address) => config.bind = Some(address),
                Err(_) => config.refuse(
                    "TASKSCOPE_BIND",
                    &address,
                    "an address and a port, as 127.0.0.1:6670",
                ),
            }
        }
        if let Some(consent) = value("TASKSCOPE_ALLOW_REMOTE") {
            match consent == CONSENT {
                true => config.allow_remote = true,
                false => config.refuse(
                    "TASKSCOPE_ALLOW_REMOTE",
                    &consent,
                    &format!("the words `{CONSENT}`"),
                ),
            }
        }
        if let Some(seconds) = value("TASKSCOPE_ENDED_SECONDS") {
            match seconds.parse::<u32>() {
                Ok(seconds) => config.ended_for = Duration::from_secs(seconds.into()),
                Err(_) => config.refuse("TASKSCOPE_ENDED_SECONDS", &seconds, "a number of seconds"),
            }
        }
        if let Some(bytes) = value("TASKSCOPE_ENDED_BYTES") {
            match bytes.parse() {
                Ok(bytes) => config.ended_bytes = bytes,
                Err(_) => config.refuse("TASKSCOPE_ENDED_BYTES", &bytes, "a number of bytes"),
            }
        }
        if let Some(findings) = value("TASKSCOPE_FINDINGS") {
            match findings.as_str() {
                "off" | "0" => config.findings = false,
                "on" | "1" => {}
                "log" => config.telling.warn = true,
                other => config.refuse("TASKSCOPE_FINDINGS", other, "`on`, `log` or `off`"),
            }
        }
        config
    }

    fn refuse(&mut self, name: &str, value: &str, wanted: &str) {
        self.problems.push(format!(
            "{name} is `{value}`, which is not {wanted}: it is left out"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        Config::from_env(|name| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_sets_what_it_names() {
        let config = config(&[
            ("TASKSCOPE_NAME", "shop"),
            ("TASKSCOPE_BIND", "127.0.0.1:6670"),
            ("TASKSCOPE_ENDED_SECONDS", "3"),
            ("TASKSCOPE_ENDED_BYTES", "1000"),
        ]);
        assert_eq!(
            (config.name.as_deref(), config.bind.map(|a| a.port())),
            (Some("shop"), Some(6670))
        );
        assert_eq!(
            (
                config.ended_for.as_secs(),
                config.ended_bytes,
                config.problems.len()
            ),
            (3, 1000, 0)
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_and_left_out() {
        let config = config(&[
            ("TASKSCOPE", "perhaps"),
            ("TASKSCOPE_BIND", "6670"),
            ("TASKSCOPE_ALLOW_REMOTE", "1"),
            ("TASKSCOPE_ENDED_SECONDS", "-1"),
            ("TASKSCOPE_ENDED_BYTES", ""),
            ("TASKSCOPE_FINDINGS", "loud"),
            ("TASKSCOPE_STACKS", "deep"),
        ]);
        assert!(config.enabled && config.bind.is_none() && !config.allow_remote);
        assert!(config.stacks);
        assert_eq!(config.problems.len(), 6, "{:?}", config.problems);
    }

    #[test]
    fn findings_are_made_told_to_the_log_too_or_not_at_all() {
        let findings = |value| {
            let config = config(&[("TASKSCOPE_FINDINGS", value)]);
            (config.findings, config.telling.warn, config.problems.len())
        };
        assert_eq!(findings(""), (true, false, 0));
        assert_eq!(findings("on"), (true, false, 0));
        assert_eq!(findings("log"), (true, true, 0));
        assert_eq!(findings("off"), (false, false, 0));
    }

    #[test]
    fn remote_viewers_take_words() {
        assert!(config(&[("TASKSCOPE_ALLOW_REMOTE", CONSENT)]).allow_remote);
        assert!(!config(&[("TASKSCOPE", "off")]).enabled);
    }
}
