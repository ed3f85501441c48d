//! The JSON of `taskscope check`. `schema/check.v1.json` says what each field means.

use serde::Serialize;
use taskscope_model::{Finding, Tier};

use super::Seen;
use crate::cli::about::Target;
use crate::cli::args::CheckArgs;
use crate::cli::findings::json::Row;
use crate::cli::schema;
use crate::text::unseen;

#[derive(Debug, Serialize)]
pub(super) struct Check<'a> {
    schema: &'static str,
    target: Target<'a>,
    at_ns: u64,
    watched_ns: u64,
    lost: Option<&'a str>,
    fail_on: Vec<&'static str>,
    failed: bool,
    unseen: Vec<String>,
    findings: Vec<Row<'a>>,
}

impl<'a> Check<'a> {
    pub(super) fn of(
        seen: &'a Seen,
        args: &CheckArgs,
        findings: &'a [Finding],
        failing: usize,
    ) -> Self {
        let tiers = Tier::ALL.into_iter().rev();
        Self {
            schema: schema::CHECK,
            target: Target::of(&seen.hello),
            at_ns: seen.world.now().0,
            watched_ns: seen.watched().0,
            lost: seen.lost.as_deref(),
            fail_on: tiers
                .filter(|tier| args.fail_on.names(*tier))
                .map(Tier::as_str)
                .collect(),
            failed: failing > 0,
            unseen: unseen(&seen.hello, &seen.world),
            findings: Row::all(findings, &seen.world),
        }
    }
}
