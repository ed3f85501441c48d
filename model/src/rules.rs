//! What can be wrong: one file per rule, and the [`Judge`] that asks them all.
//!
//! A rule looks at a world (and at the little it remembers of its last look) and names the problems that it sees; the
//! judge tells a problem once two looks have seen it, tells it again with what is seen then for as long as it stands, and
//! clears it when it is gone. The first lines of each rule's file are also what `taskscope explain` prints.

#[macro_use]
mod docs;
mod ledger;
mod look;
mod problem;
mod survey;
#[cfg(test)]
mod testing;
mod thresholds;
mod words;

mod accept_backlog;
mod async_mutex_not_needed;
mod blocking_pool_full;
mod busy_wake;
mod cancelled_mid_await;
mod deadlock;
mod futurelock;
mod held_across_await;
mod judge;
mod large_future;
#[cfg(test)]
mod laws;
mod long_poll;
mod lost_waker;
mod never_polled;
mod starved;
mod std_lock_in_task;
mod task_leak;

pub use judge::Judge;
pub use thresholds::Thresholds;

use crate::Tier;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, as findings carry it: `held-across-await`.
    pub name: &'static str,
    /// How sure its findings are at most. Where doubt is left a finding has a lower tier.
    pub tier: Tier,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// What it finds, how it knows, what to do, and where it can be wrong: several paragraphs, wrapped at 120 columns.
    pub explain: &'static str,
}

impl Rule {
    /// The rule with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.name == name)
    }
}

macro_rules! rule {
    ($name:literal, $tier:ident, $file:literal) => {
        Rule {
            name: $name,
            tier: Tier::$tier,
            summary: docs::first_line(docs!($file)),
            explain: docs!($file),
        }
    };
}

/// All rules, those that are surest first.
pub const RULES: &[Rule] = &[
    rule!("deadlock", Proven, "rules/deadlock.rs"),
    rule!("futurelock", Proven, "rules/futurelock.rs"),
    rule!("lost-waker", Proven, "rules/lost_waker.rs"),
    rule!("long-poll", Persistent, "rules/long_poll.rs"),
    rule!("std-lock-in-task", Persistent, "rules/std_lock_in_task.rs"),
    rule!("starved", Persistent, "rules/starved.rs"),
    rule!(
        "held-across-await",
        Persistent,
        "rules/held_across_await.rs"
    ),
    rule!(
        "cancelled-mid-await",
        Persistent,
        "rules/cancelled_mid_await.rs"
    ),
    rule!("busy-wake", Persistent, "rules/busy_wake.rs"),
    rule!(
        "blocking-pool-full",
        Persistent,
        "rules/blocking_pool_full.rs"
    ),
    rule!("accept-backlog", Persistent, "rules/accept_backlog.rs"),
    rule!("never-polled", Persistent, "rules/never_polled.rs"),
    rule!("task-leak", Statistical, "rules/task_leak.rs"),
    rule!("large-future", Statistical, "rules/large_future.rs"),
    rule!(
        "async-mutex-not-needed",
        Statistical,
        "rules/async_mutex_not_needed.rs"
    ),
];

#[cfg(test)]
mod tests {
    use super::{RULES, Rule};

    #[test]
    fn each_rule_is_explained_by_the_first_lines_of_its_file() {
        for rule in RULES {
            let line = rule.summary;
            assert!(line.len() > 20 && line.len() < 110, "{line:?}");
            assert!(rule.explain.starts_with(line), "{}", rule.name);
            assert!(rule.explain.lines().count() > 6, "{}", rule.explain);
            assert!(
                !rule.explain.contains("//!") && !rule.explain.contains("use super"),
                "{}",
                rule.name
            );
            assert!(
                rule.explain.lines().all(|line| line.len() <= 120),
                "{}",
                rule.name
            );
            assert_eq!(Rule::named(rule.name), Some(rule));
        }
        assert_eq!(Rule::named("no such rule"), None);
        let tiers: Vec<_> = RULES.iter().map(|rule| rule.tier).collect();
        assert!(tiers.is_sorted_by(|a, b| a >= b));
    }
}
