//! `taskscope doctor`: what a target can tell, and what to change to get the rest.

mod json;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::advice::{self, Advice, TRIAL_WITHIN};
use super::args::{DoctorArgs, Format};
use super::output::Style;
use super::{Outcome, output, target};
use crate::client::{Address, ConnectError, connect};
use crate::feed::{Hello, Source};

/// What something was to be changed, or is not proven, ends with.
const FOUND: u8 = 1;

/// How often it is asked until then.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// How long the target may take to look at its own debug information, which the first question makes it do.
const LOOKED_WITHIN: Duration = Duration::from_secs(1);

/// The sources that a target of this version has, and what each gives. One that is missing can't be told by the target.
const EXPECTED: [(&str, &str); 7] = [
    ("tasks", "each task, who spawned it, how it ended"),
    ("polls", "how often and how long each task runs"),
    ("wakes", "who wakes it, how long it waits to run"),
    ("wakers", "whether anything can still wake it"),
    ("locks", "who holds a lock, who waits for what"),
    ("permits", "who holds permits, who waits to send"),
    ("stacks", "at which lines each task waits"),
];

/// Says what the target can tell.
pub(super) async fn run(address: Option<Address>, args: &DoctorArgs) -> Outcome {
    let address = target::resolve(address).await?;
    let hello = settled(&address).await?;
    let diagnosis = Diagnosis::of(&hello);
    match args.format {
        Format::Json => output::print_json(&json::Doctor::of(&hello, &diagnosis))?,
        Format::Text => output::print(&text::draw(&hello, &diagnosis, Style::of_stdout()))?,
    };
    Ok(if diagnosis.healthy() {
        ExitCode::SUCCESS
    } else {
        FOUND.into()
    })
}

/// Who the target is, as soon as its trial had time to prove something: one that has only just started would be told
/// to change what needs no change.
async fn settled(address: &Address) -> Result<Hello, ConnectError> {
    let hello = connect(address).await?.hello;
    let settled = |hello: &Hello| Diagnosis::of(hello).settled() && !looks(hello);
    let trial = TRIAL_WITHIN.saturating_sub(Duration::from_nanos(hello.now_ns));
    let left = if looks(&hello) {
        trial.max(LOOKED_WITHIN)
    } else {
        trial
    };
    if settled(&hello) || left.is_zero() {
        return Ok(hello);
    }
    let later = async {
        loop {
            sleep(ASK_EVERY).await;
            let hello = connect(address).await?.hello;
            if settled(&hello) {
                return Ok(hello);
            }
        }
    };
    match timeout(left, later).await {
        Ok(hello) => hello,
        // It may have learnt something of itself meanwhile, though not enough.
        Err(_) => Ok(connect(address).await?.hello),
    }
}

/// Whether the target has yet to say what its debug information allows.
fn looks(hello: &Hello) -> bool {
    let catches = |source: &Source| source.name == "stacks" && source.active;
    hello.setup.debug_info.is_empty() && hello.sources.iter().any(catches)
}

/// What the debug information of a target allows to tell of a stack, in words.
fn debug_info(hello: &Hello) -> Option<&'static str> {
    Some(match hello.setup.debug_info.as_str() {
        "full" => "full: the lines and the names of all functions, also of those that were inlined",
        "line-tables" => "line tables: all lines; of functions that were inlined only short names",
        "symbols" => "symbols only: names of functions that were not inlined, no lines",
        "stripped" => "none, it is stripped: offsets within the executable, no names and no lines",
        "" => "? it has not looked at it yet",
        _ => return None,
    })
}

/// What a target can tell, judged by what arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Diagnosis {
    sources: Vec<Verdict>,
    advice: Vec<Advice>,
    /// What did not go as it should, in the target's words.
    problems: Vec<String>,
}

/// What is known of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    name: String,
    active: bool,
    /// Whether it is switched off on purpose, by the level of the target.
    off: bool,
    events: u64,
    trial_events: u64,
}

/// How it is known that a source delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// An event of the app arrived.
    App,
    /// An event of the target's own trial arrived.
    Trial,
}

impl Verdict {
    fn proof(&self) -> Option<Proof> {
        match (self.events, self.trial_events) {
            (0, 0) => None,
            (0, _) => Some(Proof::Trial),
            _ => Some(Proof::App),
        }
    }

    fn settled(&self) -> bool {
        self.off || self.proof().is_some()
    }

    /// What it tells of; nothing where it is newer than this viewer.
    fn gives(&self) -> Option<&'static str> {
        let known = EXPECTED.iter().find(|(name, _)| *name == self.name);
        known.map(|(_, gives)| *gives)
    }
}

impl Diagnosis {
    fn of(hello: &Hello) -> Self {
        let told = hello.sources.iter().map(|source| Verdict {
            name: source.name.clone(),
            active: source.active,
            off: advice::is_off(hello, source),
            events: source.events,
            trial_events: source.trial_events,
        });
        let mut sources: Vec<_> = told.collect();
        for (name, _) in EXPECTED {
            if sources.iter().all(|source| source.name != name) {
                sources.push(Verdict {
                    name: name.to_owned(),
                    active: false,
                    off: false,
                    events: 0,
                    trial_events: 0,
                });
            }
        }
        let settled = sources.iter().all(Verdict::settled);
        Self {
            advice: advice::of(hello, settled),
            sources,
            problems: hello.setup.problems.clone(),
        }
    }

    /// Whether nothing more will be learnt of any source.
    fn settled(&self) -> bool {
        self.sources.iter().all(Verdict::settled)
    }

    fn healthy(&self) -> bool {
        let proven = self.sources.iter().all(|source| source.proof().is_some());
        self.advice.is_empty() && self.problems.is_empty() && proven
    }
}

#[cfg(test)]
mod tests;
