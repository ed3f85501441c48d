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
mod tests {
    use super::*;
    use crate::feed::Setup;

    pub(super) fn healthy() -> Hello {
        let source = |(name, _): (&str, _)| Source {
            name: name.to_owned(),
            active: true,
            events: 9,
            trial_events: 2,
        };
        Hello {
            pid: 4242,
            name: "shop".to_owned(),
            instrument_version: "0.1.0".to_owned(),
            protocol_version: 1,
            sources: EXPECTED.map(source).to_vec(),
            setup: Setup {
                tokio_unstable: true,
                static_max_level: "trace".to_owned(),
                installed: true,
                clock: "tsc".to_owned(),
                debug_info: "full".to_owned(),
                ..Setup::default()
            },
            ..Hello::default()
        }
    }

    fn silence(hello: &mut Hello) {
        for source in &mut hello.sources {
            (source.events, source.trial_events) = (0, 0);
        }
    }

    fn codes(hello: &Hello) -> Vec<&'static str> {
        Diagnosis::of(hello)
            .advice
            .iter()
            .map(|advice| advice.code)
            .collect()
    }

    #[test]
    fn a_healthy_target_has_nothing_to_change() {
        let diagnosis = Diagnosis::of(&healthy());
        assert!(diagnosis.healthy() && diagnosis.advice.is_empty());
    }

    #[test]
    fn a_trial_is_proof_enough_where_the_app_has_done_nothing_yet() {
        let mut hello = healthy();
        hello
            .sources
            .iter_mut()
            .for_each(|source| source.events = 0);
        let diagnosis = Diagnosis::of(&hello);
        assert!(diagnosis.healthy());
        assert_eq!(diagnosis.sources[0].proof(), Some(Proof::Trial));
    }

    #[test]
    fn a_source_that_the_target_does_not_have_is_not_proven() {
        let mut hello = healthy();
        hello.sources.retain(|source| source.name != "wakers");
        assert!(!Diagnosis::of(&hello).healthy());
    }

    #[test]
    fn a_setting_proves_nothing() {
        let mut hello = healthy();
        silence(&mut hello);
        assert_eq!(codes(&hello), ["nothing_arrives"]);
        assert!(!Diagnosis::of(&hello).healthy());
    }

    #[test]
    fn each_fault_has_its_advice() {
        let with = |change: fn(&mut Hello)| {
            let mut hello = healthy();
            silence(&mut hello);
            change(&mut hello);
            codes(&hello)
        };
        assert_eq!(
            with(|hello| hello.setup.tokio_unstable = false),
            ["tokio_unstable"]
        );
        assert_eq!(
            with(|hello| hello.setup.static_max_level = "info".to_owned()),
            ["static_max_level"]
        );
        assert_eq!(
            with(|hello| hello.setup.installed = false),
            ["not_installed"]
        );
    }

    /// A target whose level leaves out so many sources, permits first.
    fn of_level(left_out: usize) -> Hello {
        let mut hello = healthy();
        for source in hello.sources.iter_mut().rev().skip(1).take(left_out) {
            (source.active, source.events, source.trial_events) = (false, 0, 0);
        }
        hello
    }

    #[test]
    fn what_a_level_leaves_out_is_told_with_the_setting_and_is_no_fault() {
        for (left_out, level) in [(1, "locks"), (2, "tasks")] {
            let hello = of_level(left_out);
            let diagnosis = Diagnosis::of(&hello);
            assert!(diagnosis.settled() && !diagnosis.healthy());
            let off = diagnosis.sources.iter().filter(|source| source.off);
            assert_eq!(off.count(), left_out);
            assert_eq!(codes(&hello), ["level"]);
            let advice = &diagnosis.advice[0];
            assert!(
                advice.problem.contains(&format!("`{level}`")),
                "{}",
                advice.problem
            );
            assert!(advice.change.contains("TASKSCOPE_LEVEL=permits"));
        }
        // Another fault has its own advice, whatever the level.
        let mut hello = of_level(2);
        hello.sources[3].trial_events = 0;
        hello.sources[3].events = 0;
        assert_eq!(codes(&hello), ["nothing_arrives", "level"]);
        // Where not even tasks are told, a level is not the reason.
        silence(&mut hello);
        hello.sources[0].active = false;
        hello.setup.installed = false;
        assert_eq!(codes(&hello), ["not_installed"]);
        assert!(
            Diagnosis::of(&hello)
                .sources
                .iter()
                .all(|source| !source.off)
        );
    }

    #[test]
    fn what_the_build_does_not_tell_is_said_with_the_lines_for_it() {
        for (info, code, change) in [
            ("full", None, ""),
            ("line-tables", None, ""),
            (
                "symbols",
                Some("debug_info"),
                "debug = \"line-tables-only\"",
            ),
            ("stripped", Some("debug_info"), "strip = false"),
        ] {
            let mut hello = healthy();
            info.clone_into(&mut hello.setup.debug_info);
            let diagnosis = Diagnosis::of(&hello);
            assert_eq!(codes(&hello).first().copied(), code, "{info}");
            assert!(
                diagnosis
                    .advice
                    .iter()
                    .all(|advice| advice.change.contains(change))
            );
            assert!(debug_info(&hello).is_some());
        }
        let mut hello = healthy();
        hello.setup.debug_info.clear();
        assert!(looks(&hello) && codes(&hello).is_empty());
    }

    #[test]
    fn stacks_that_are_not_caught_have_the_targets_reason() {
        let mut hello = healthy();
        hello.setup.no_stacks = "built without\u{1b} frame pointers".to_owned();
        hello.setup.debug_info.clear();
        (hello.sources[6].active, hello.sources[6].events) = (false, 0);
        hello.sources[6].trial_events = 0;
        let diagnosis = Diagnosis::of(&hello);
        assert_eq!(codes(&hello), ["no_stacks"]);
        assert!(diagnosis.settled() && !diagnosis.healthy() && !looks(&hello));
        let style = Style {
            width: 100,
            colours: false,
        };
        insta::assert_snapshot!("no_stacks", text::draw(&hello, &diagnosis, style));
        let mut hello = healthy();
        hello.setup.debug_info = "stripped".to_owned();
        insta::assert_snapshot!(
            "stripped",
            text::draw(&hello, &Diagnosis::of(&hello), style)
        );
    }

    #[test]
    fn silence_has_its_reasons_where_it_is_one() {
        let codes = |hello: &Hello| -> Vec<_> {
            let advice = advice::of_silence(hello);
            advice.iter().map(|advice| advice.code).collect()
        };
        let mut hello = healthy();
        hello.setup.installed = false;
        assert!(codes(&hello).is_empty(), "what arrives is no silence");
        silence(&mut hello);
        assert_eq!(codes(&hello), ["not_installed"]);
        hello.setup.installed = true;
        assert!(codes(&hello).is_empty(), "it has only just started");
        hello.now_ns = 10_000_000_000;
        assert_eq!(codes(&hello), ["nothing_arrives"]);
    }

    #[test]
    fn what_was_there_before_is_told_though_all_is_proven() {
        let mut hello = healthy();
        hello.setup.installed_in_runtime = true;
        for (tasks, said) in [(0, ": the future in"), (1, ": 1 task"), (3, ": 3 tasks")] {
            hello.setup.tasks_before = tasks;
            let diagnosis = Diagnosis::of(&hello);
            assert_eq!(codes(&hello), ["installed_late"]);
            assert!(diagnosis.advice[0].problem.contains(said), "{tasks}");
            assert!(!diagnosis.healthy());
        }
    }

    #[test]
    fn what_went_wrong_at_start_up_is_told_though_all_is_proven() {
        let mut hello = healthy();
        hello.setup.problems = vec!["no TCP: the port is\u{1b}[2J taken".to_owned()];
        let diagnosis = Diagnosis::of(&hello);
        assert!(!diagnosis.healthy() && diagnosis.advice.is_empty());
        let style = Style {
            width: 100,
            colours: false,
        };
        let text = text::draw(&hello, &diagnosis, style);
        assert!(
            text.ends_with("\nNot all went well there:\n  no TCP: the port is␛[2J taken\n"),
            "{text}"
        );
    }

    #[test]
    fn the_text_says_it_all() {
        let mut hello = healthy();
        silence(&mut hello);
        hello.name = "shop\u{1b}[2J".to_owned();
        hello.setup.tokio_unstable = false;
        hello.setup.installed_in_runtime = true;
        hello.setup.tasks_before = 1200;
        let style = Style {
            width: 100,
            colours: false,
        };
        insta::assert_snapshot!("ill", text::draw(&hello, &Diagnosis::of(&hello), style));
        let tasks = of_level(2);
        insta::assert_snapshot!("level", text::draw(&tasks, &Diagnosis::of(&tasks), style));
        let narrow = Style { width: 60, ..style };
        insta::assert_snapshot!(
            "level_60",
            text::draw(&tasks, &Diagnosis::of(&tasks), narrow)
        );
        insta::assert_snapshot!(
            "healthy",
            text::draw(&healthy(), &Diagnosis::of(&healthy()), style)
        );
    }
}
