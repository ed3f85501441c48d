//! From the problems of each look to findings that are told when they come, kept fresh while they stand, and cleared once.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::problem::{Key, Problem};
use crate::{Change, Finding, FindingId, Nanos, Stamp};

/// Findings of one rule that stand at the same time; more are not told.
pub(super) const MAX_OPEN: usize = 128;
/// Findings that are kept after they were cleared.
pub(super) const MAX_CLEARED: usize = 256;
/// A finding is cleared when this many looks in a row have not seen it: one may come at a moment that is no rule.
const ABSENT: u64 = 2;
/// A finding that stands is told again with what is seen now when this long has passed: a little less than two looks half
/// a second apart, so that it is every second one of them.
const FRESH_FOR: Nanos = Nanos(900_000_000);
/// With more findings than this they are told again as much less often: in a second no more than this many are.
const FRESH_AT_ONCE: u64 = 32;
/// Subjects beyond this many are left out.
const MAX_SUBJECTS: usize = 16;

type Name = (&'static str, Key);

/// The problems that were seen, and what was told of them.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: HashMap<Name, Entry, FixedState>,
    // In the order in which they were cleared.
    cleared: BTreeMap<u64, Name>,
    open: HashMap<&'static str, usize, FixedState>,
    look: u64,
    clearings: u64,
    findings: u64,
}

#[derive(Debug, Default)]
struct Entry {
    // In how many looks in a row, and in which one last.
    seen: u32,
    look: u64,
    told: Option<Told>,
}

#[derive(Debug)]
struct Told {
    finding: Finding,
    size: u64,
    // When it was told last.
    at: Stamp,
    // Its place among those that were cleared; `None` while it stands.
    cleared: Option<u64>,
}

impl Ledger {
    /// Takes the problems of one look; gives what is new about the findings.
    pub(super) fn settle(&mut self, problems: Vec<Problem>, now: Stamp) -> Vec<Change> {
        self.look += 1;
        let standing: usize = self.open.values().sum();
        let fresh_for = Nanos(FRESH_FOR.0 * (standing as u64 / FRESH_AT_ONCE + 1));
        let mut news = Vec::new();
        for problem in problems {
            self.take(problem, now, fresh_for, &mut news);
        }
        self.clear_the_absent(now, &mut news);
        while self.cleared.len() > MAX_CLEARED {
            if let Some((_, name)) = self.cleared.pop_first()
                && let Some(told) = self.entries.remove(&name).and_then(|entry| entry.told)
            {
                news.push(Change::FindingGone(told.finding.id));
            }
        }
        news
    }

    fn take(&mut self, problem: Problem, now: Stamp, fresh_for: Nanos, news: &mut Vec<Change>) {
        let name = (problem.rule, problem.key);
        let entry = self.entries.entry(name).or_default();
        if entry.look == self.look {
            return;
        }
        let in_a_row = entry.look + 1 == self.look;
        entry.seen = if in_a_row {
            entry.seen.saturating_add(1)
        } else {
            1
        };
        entry.look = self.look;
        let open = self.open.entry(problem.rule).or_default();
        let told = match &mut entry.told {
            Some(told) if told.cleared.is_none() => Some(told),
            _ if entry.seen < problem.looks => return,
            Some(told) if problem.past && !is_worse(&problem, told) => return,
            told => {
                if *open >= MAX_OPEN {
                    return;
                }
                *open += 1;
                told.as_mut()
            }
        };
        let finding = match told {
            None => {
                self.findings += 1;
                let id = FindingId::new(self.findings).unwrap_or(FindingId::FIRST);
                let told = Told {
                    size: problem.size,
                    at: now,
                    finding: finding(id, problem.since, &problem),
                    cleared: None,
                };
                &mut entry.told.insert(told).finding
            }
            Some(told) => {
                // What was over and is back began anew.
                let over = told.cleared.take();
                let since = match over {
                    Some(place) => {
                        self.cleared.remove(&place);
                        problem.since
                    }
                    None if problem.past || is_worse(&problem, told) => {
                        told.finding.since.min(problem.since)
                    }
                    None if told.at.until(now) < fresh_for || is_as_told(&problem, told) => return,
                    None => told.finding.since.min(problem.since),
                };
                told.size = problem.size.max(told.size);
                told.at = now;
                told.finding = finding(told.finding.id, since, &problem);
                &mut told.finding
            }
        };
        if problem.past {
            finding.cleared = Some(now);
            self.clearings += 1;
            self.cleared.insert(self.clearings, name);
            *open -= 1;
        }
        news.push(Change::Finding(Box::new(finding.clone())));
        if problem.past
            && let Some(told) = &mut entry.told
        {
            told.cleared = Some(self.clearings);
        }
    }

    fn clear_the_absent(&mut self, now: Stamp, news: &mut Vec<Change>) {
        let look = self.look;
        let before = news.len();
        let (open, cleared, clearings) = (&mut self.open, &mut self.cleared, &mut self.clearings);
        self.entries.retain(|name, entry| {
            let absent = look - entry.look;
            let Some(told) = &mut entry.told else {
                return absent == 0;
            };
            if told.cleared.is_none() && absent >= ABSENT {
                *clearings += 1;
                told.cleared = Some(*clearings);
                told.finding.cleared = Some(now);
                cleared.insert(*clearings, *name);
                if let Some(open) = open.get_mut(name.0) {
                    *open -= 1;
                }
                news.push(Change::Finding(Box::new(told.finding.clone())));
            }
            true
        });
        // The entries are in no order, and what is told has one.
        news[before..].sort_by_key(|change| match change {
            Change::Finding(finding) => finding.id,
            _ => FindingId::FIRST,
        });
    }
}

/// Whether a problem has become so much worse that it is told again.
fn is_worse(problem: &Problem, told: &Told) -> bool {
    problem.tier > told.finding.tier || problem.size / 2 >= told.size.max(1)
}

/// Whether the finding says of the problem what there is to say.
fn is_as_told(problem: &Problem, told: &Told) -> bool {
    let since = told.finding.since.min(problem.since);
    told.finding == finding(told.finding.id, since, problem)
}

fn finding(id: FindingId, since: Stamp, problem: &Problem) -> Finding {
    Finding {
        id,
        rule: problem.rule.into(),
        tier: problem.tier,
        subjects: problem
            .subjects
            .iter()
            .take(MAX_SUBJECTS)
            .copied()
            .collect(),
        since,
        cleared: None,
        summary: problem.summary.as_str().into(),
        evidence: problem
            .evidence
            .iter()
            .map(|line| line.as_str().into())
            .collect(),
        advice: problem.advice.into(),
    }
}
