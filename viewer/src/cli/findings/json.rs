//! The JSON of `taskscope findings`. `schema/findings.v1.json` says what each field means.

use serde::Serialize;
use taskscope_model::{Finding, World};

use crate::cli::about::Target;
use crate::cli::refs::SubjectRef;
use crate::cli::schema;
use crate::feed::Hello;
use crate::text::unseen;

#[derive(Debug, Serialize)]
pub(in crate::cli) struct Findings<'a> {
    schema: &'static str,
    target: Target<'a>,
    at_ns: u64,
    unseen: Vec<String>,
    findings: Vec<Row<'a>>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Row<'a> {
    id: String,
    rule: &'a str,
    tier: &'static str,
    since_ns: u64,
    cleared_ns: Option<u64>,
    stood_for_ns: u64,
    summary: &'a str,
    subjects: Vec<SubjectRef<'a>>,
    evidence: Vec<&'a str>,
    advice: &'a str,
}

impl<'a> Findings<'a> {
    pub(in crate::cli) fn of(hello: &'a Hello, world: &'a World, findings: &'a [Finding]) -> Self {
        Self {
            schema: schema::FINDINGS,
            target: Target::of(hello),
            at_ns: world.now().0,
            unseen: unseen(hello, world),
            findings: Row::all(findings, world),
        }
    }
}

impl<'a> Row<'a> {
    /// A row for each.
    pub(in crate::cli) fn all(findings: &'a [Finding], world: &'a World) -> Vec<Self> {
        let rows = findings.iter().map(|finding| Self::of(finding, world));
        rows.collect()
    }

    fn of(finding: &'a Finding, world: &'a World) -> Self {
        let until = finding.cleared.unwrap_or(world.now());
        let subjects = finding.subjects.iter();
        Self {
            id: finding.id.number().to_string(),
            rule: &finding.rule,
            tier: finding.tier.as_str(),
            since_ns: finding.since.0,
            cleared_ns: finding.cleared.map(|at| at.0),
            stood_for_ns: finding.since.until(until).0,
            summary: &finding.summary,
            subjects: subjects
                .map(|concern| SubjectRef::of(*concern, world))
                .collect(),
            evidence: finding.evidence.iter().map(|line| &**line).collect(),
            advice: &finding.advice,
        }
    }
}
