//! `taskscope check`: watches a target for a time, and says with its exit code whether something is wrong.

mod json;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use taskscope_model::{Change, Finding, FindingId, Stamp, Tier, World};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, timeout_at};

use super::advice;
use super::args::{CheckArgs, Format};
use super::failure::Failure;
use super::findings::{sorted, text};
use super::output::Style;
use super::{Outcome, output, target};
use crate::client::{Address, Sketching, WatchOptions, watch};
use crate::feed::{Feed, Hello};

/// News that wait to be taken.
const QUEUE: usize = 16;

/// How long the first picture may take; the target may be busy, and a picture of many tasks is large.
const FIRST_WITHIN: Duration = Duration::from_secs(60);

/// Something was found.
const FOUND: u8 = 1;

/// What was seen while a target was watched.
#[derive(Debug, Default)]
struct Seen {
    hello: Hello,
    world: World,
    /// Each finding as it was last told, those that the target no longer keeps included.
    findings: BTreeMap<FindingId, Finding>,
    /// The target's clock when the watch began; `None` before the first whole picture.
    began: Option<Stamp>,
    /// Why the watch ended before its time.
    lost: Option<String>,
}

/// Watches the target.
pub(super) async fn run(address: Option<Address>, args: &CheckArgs) -> Outcome {
    let address = target::resolve(address).await?;
    let options = WatchOptions {
        interval: args.interval.unwrap_or_default().0,
        filter: String::new(),
        sketching: Sketching::Asked,
        follow_restart: false,
    };
    let (feed, news) = mpsc::channel(QUEUE);
    // Nothing is asked: the watcher would end where nobody could.
    let (_asks, asked) = mpsc::channel(1);
    let watching = tokio::spawn(watch(address, options, feed, asked));
    let seen = look(news, args.length.0).await;
    watching.abort();
    let seen = seen?;
    let findings = seen.worth_telling(args.past);
    let failing = findings
        .iter()
        .filter(|finding| args.fail_on.names(finding.tier))
        .count();
    match args.format {
        Format::Json => output::print_json(&json::Check::of(&seen, args, &findings, failing))?,
        Format::Text => {
            output::print(&report(&seen, args, &findings, failing, Style::of_stdout()))?
        }
    };
    let blind = seen.world.is_empty() && !advice::of_silence(&seen.hello).is_empty();
    match seen.lost {
        _ if failing > 0 => Ok(ExitCode::from(FOUND)),
        // Who sees nothing finds nothing.
        None if blind => Err(Failure::Lost(
            "the target tells nothing of its tasks, so this is no check: `taskscope doctor` says what to change".to_owned(),
        )),
        None => Ok(ExitCode::SUCCESS),
        // What was not watched to the end can't be called clean.
        Some(why) => Err(Failure::Lost(format!(
            "the target was lost before the end of the watch: {why}"
        ))),
    }
}

/// Takes news for so long after the first whole picture, or until there can be none.
#[allow(
    clippy::disallowed_methods,
    reason = "the loop that watches owns the clock"
)]
async fn look(mut news: Receiver<Feed>, length: Duration) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let mut until = Instant::now() + FIRST_WITHIN;
    loop {
        let began = seen.began.is_some();
        let Ok(next) = timeout_at(until, news.recv()).await else {
            return if began {
                Ok(seen)
            } else {
                Err(Failure::Lost(
                    "the target did not tell all that it has within a minute".to_owned(),
                ))
            };
        };
        if let Some(why) = next.and_then(|feed| seen.take(feed)) {
            if !began {
                return Err(Failure::Lost(why));
            }
            seen.lost = Some(why);
            return Ok(seen);
        }
        if !began && seen.began.is_some() {
            until = Instant::now() + length;
        }
    }
}

impl Seen {
    /// Takes news; says why where there will be no more.
    fn take(&mut self, feed: Feed) -> Option<String> {
        match feed {
            Feed::Connecting { .. } => {}
            Feed::Connected(hello) | Feed::Learnt(hello) => self.hello = *hello,
            Feed::Update {
                restart,
                complete,
                changes,
            } => {
                if restart {
                    self.world = World::new();
                }
                for change in changes {
                    if let Change::Finding(finding) = &change {
                        self.note(finding);
                    }
                    self.world.apply(change);
                }
                if complete && self.began.is_none() {
                    self.began = Some(self.world.now());
                }
            }
            Feed::Lost { reason, .. } | Feed::Refused { reason } => return Some(reason),
        }
        None
    }

    /// Takes what is told of a finding. Doubt that came up later does not undo what stood once.
    fn note(&mut self, finding: &Finding) {
        let mut finding = finding.clone();
        let before = self.findings.get(&finding.id);
        if let Some(before) = before.filter(|before| before.cleared.is_none()) {
            finding.tier = finding.tier.max(before.tier);
        }
        self.findings.insert(finding.id, finding);
    }

    /// The findings that stood at any moment of the watch, the worst first; with `past`, those too that were cleared
    /// before it.
    fn worth_telling(&self, past: bool) -> Vec<Finding> {
        let began = self.began.unwrap_or_default();
        let stood =
            |finding: &&Finding| past || finding.cleared.is_none_or(|cleared| cleared >= began);
        sorted(self.findings.values().filter(stood).cloned())
    }

    /// For how long it was watched, by the target's clock.
    fn watched(&self) -> taskscope_model::Nanos {
        self.began.unwrap_or_default().until(self.world.now())
    }
}

fn report(
    seen: &Seen,
    args: &CheckArgs,
    findings: &[Finding],
    failing: usize,
    style: Style,
) -> String {
    use std::fmt::Write;
    let mut out = text::list(&seen.world, findings, style);
    let watched = crate::text::duration(seen.watched());
    let of = |tier| {
        findings
            .iter()
            .filter(|finding| finding.tier == tier)
            .count()
    };
    let counts: Vec<_> = Tier::ALL
        .into_iter()
        .rev()
        .filter(|tier| of(*tier) > 0)
        .map(|tier| format!("{} {tier}", of(tier)))
        .collect();
    let found = if counts.is_empty() {
        "nothing".to_owned()
    } else {
        counts.join(", ")
    };
    let verdict = match (failing, args.fail_on.is_none()) {
        (_, true) => "",
        (0, _) => ": clean",
        _ => ": failed",
    };
    let _ = writeln!(
        out,
        "Watched for {watched}, found {found}{verdict} (--fail-on {}).",
        args.fail_on
    );
    text::blind(&seen.hello, &seen.world, style, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::FailOn;
    use crate::scene;

    fn args(fail_on: &str) -> CheckArgs {
        CheckArgs {
            address: None,
            length: "10s".parse().unwrap(),
            fail_on: fail_on.parse::<FailOn>().unwrap(),
            interval: None,
            past: false,
            format: Format::Text,
        }
    }

    fn seen() -> Seen {
        let mut seen = Seen::default();
        let take = |seen: &mut Seen, restart, changes| {
            let update = Feed::Update {
                restart,
                complete: true,
                changes,
            };
            assert_eq!(seen.take(update), None);
        };
        assert_eq!(seen.take(Feed::Connected(Box::new(scene::hello()))), None);
        take(&mut seen, true, scene::bank_changes());
        let standing = scene::findings().remove(0);
        let cleared = Finding {
            cleared: Some(Stamp(scene::NOW + 1)),
            ..standing.clone()
        };
        take(
            &mut seen,
            false,
            vec![
                Change::Finding(Box::new(cleared)),
                Change::FindingGone(standing.id),
                Change::Now(Stamp(scene::NOW + 10_000_000_000)),
            ],
        );
        seen
    }

    #[test]
    fn what_was_cleared_meanwhile_is_told_and_what_was_before_is_not() {
        let seen = seen();
        let rules = |past| -> Vec<String> {
            let found = seen.worth_telling(past);
            found
                .iter()
                .map(|finding| finding.rule.to_string())
                .collect()
        };
        assert_eq!(
            rules(false),
            ["held-across-await", "async-mutex-not-needed", "deadlock"]
        );
        assert_eq!(
            rules(true),
            [
                "held-across-await",
                "async-mutex-not-needed",
                "deadlock",
                "long-poll"
            ]
        );
    }

    #[test]
    fn the_report() {
        let seen = seen();
        let findings = seen.worth_telling(false);
        let style = Style {
            width: 100,
            colours: false,
        };
        insta::assert_snapshot!(
            "check",
            report(&seen, &args("proven,persistent"), &findings, 2, style)
        );
    }

    #[test]
    fn the_json_is_what_its_schema_says() {
        let seen = seen();
        let findings = seen.worth_telling(true);
        let json = json::Check::of(&seen, &args("none"), &findings, 0);
        let json = serde_json::to_value(json).unwrap();
        scene::check(&json, include_str!("../../schema/check.v1.json"));
        assert_eq!(
            (&json["failed"], &json["watched_ns"]),
            (&false.into(), &10_000_000_000_u64.into())
        );
        assert_eq!(json["fail_on"], serde_json::json!([]));
    }
}
