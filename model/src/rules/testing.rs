//! Trials of the judge over scripts.

use std::ops::{Deref, DerefMut};

use super::{Judge, Thresholds};
use crate::script::Script;
use crate::{Change, Finding, FindingId, Tier};

/// A script with a judge who looks at it. It begins at second 10, as scripts do.
#[derive(Debug)]
pub(super) struct Trial {
    script: Script,
    judge: Judge,
}

impl Deref for Trial {
    type Target = Script;
    fn deref(&self) -> &Script {
        &self.script
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut Script {
        &mut self.script
    }
}

impl Trial {
    pub(super) fn new() -> Self {
        Self::of(Script::new())
    }

    /// Somebody looks at long polls.
    pub(super) fn with_polls_seen() -> Self {
        let mut trial = Self::new();
        trial.judge = trial.judge.with_polls_seen();
        trial
    }

    pub(super) fn of(script: Script) -> Self {
        let judge = Judge::new(Thresholds::default());
        Self { script, judge }
    }

    /// One look at this moment; gives the findings that are new, or have come, gone or become surer. Those that only say
    /// afresh what is seen are applied like all others, and left out here.
    pub(super) fn look(&mut self, millis: u64) -> Vec<Finding> {
        self.script.now(millis);
        let mut told = Vec::new();
        for change in self.judge.look(&self.script.world) {
            if let Change::Finding(finding) = &change
                && !self.is_afresh(finding)
            {
                told.push((**finding).clone());
            }
            self.script.apply(change);
        }
        told
    }

    /// Whether the last look wanted the names of stacks.
    pub(super) fn wants_lines(&self) -> bool {
        self.judge.wants_lines()
    }

    fn is_afresh(&self, finding: &Finding) -> bool {
        let stands = |f: &Finding| f.cleared.is_none();
        self.as_told(finding.id)
            .is_some_and(|before| stands(before) && stands(finding) && before.tier >= finding.tier)
    }

    /// The finding as it was last told.
    pub(super) fn as_told(&self, id: FindingId) -> Option<&Finding> {
        self.script.world.findings().get(id)
    }

    /// Looks every half second from one moment up to another; gives what each of them gives.
    pub(super) fn looks(&mut self, from: u64, to: u64) -> Vec<Finding> {
        (from..=to)
            .step_by(500)
            .flat_map(|at| self.look(at))
            .collect()
    }

    /// The same, as rules and tiers.
    pub(super) fn rules(&mut self, from: u64, to: u64) -> Vec<(String, Tier)> {
        let findings = self.looks(from, to);
        findings
            .iter()
            .map(|f| (f.rule.to_string(), f.tier))
            .collect()
    }

    /// The one finding of these looks.
    pub(super) fn only(&mut self, from: u64, to: u64) -> Finding {
        let findings = self.looks(from, to);
        match &findings[..] {
            [finding] => finding.clone(),
            _ => panic!("{findings:#?}"),
        }
    }
}

/// A rule and a tier, as [`Trial::rules`] gives them.
pub(super) fn found(rule: &str, tier: Tier) -> Vec<(String, Tier)> {
    vec![(rule.to_owned(), tier)]
}

/// No rule at all.
pub(super) fn nothing() -> Vec<(String, Tier)> {
    Vec::new()
}
