//! `taskscope explain`: what a rule looks for, why that is wrong, and what to do.

use std::fmt::Write;

use serde::Serialize;
use taskscope_model::rules::{RULES, Rule};

use super::args::{ExplainArgs, Format};
use super::failure::Failure;
use super::output::Style;
use super::{Outcome, output, schema};
use crate::text::{clean, paragraphs, wrap};

/// The JSON: all rules, or the one that was asked for.
#[derive(Debug, Serialize)]
struct Explained {
    schema: &'static str,
    rules: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    rule: &'static str,
    tier: &'static str,
    summary: &'static str,
    explain: &'static str,
}

/// Prints what a rule is about, or the list of them.
pub(super) fn run(args: &ExplainArgs) -> Outcome {
    let rules: Vec<&Rule> = match &args.rule {
        None => RULES.iter().collect(),
        Some(name) => vec![find(name)?],
    };
    match args.format {
        Format::Json => output::print_json(&Explained {
            schema: schema::EXPLAIN,
            rules: rules.iter().map(|rule| Row::of(rule)).collect(),
        }),
        Format::Text if args.rule.is_some() => {
            let style = Style::of_stdout();
            output::print(
                &rules
                    .iter()
                    .map(|rule| page(rule, style))
                    .collect::<String>(),
            )
        }
        Format::Text => output::print(&list(&rules, Style::of_stdout())),
    }
}

/// The rule of this name, however its words are joined.
fn find(name: &str) -> Result<&'static Rule, Failure> {
    let same = |rule: &&Rule| {
        rule.name
            .eq_ignore_ascii_case(&name.replace(['_', ' '], "-"))
    };
    RULES.iter().find(same).ok_or_else(|| {
        let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
        let names = names.join(", ");
        Failure::Usage(format!(
            "no rule is called `{}`; there are {names}",
            clean(name)
        ))
    })
}

/// The most columns of a paragraph: longer lines are hard to read.
const READABLE: usize = 100;

fn page(rule: &Rule, style: Style) -> String {
    let mut text = format!("{} ({})\n", rule.name, rule.tier);
    for paragraph in paragraphs(rule.explain) {
        for line in wrap(&paragraph, style.width.clamp(20, READABLE)) {
            let _ = writeln!(text, "{line}");
        }
        text.push('\n');
    }
    text
}

fn list(rules: &[&Rule], style: Style) -> String {
    let (name, tier) = (24, 13);
    let mut text = String::new();
    for rule in rules {
        let room = style.width.saturating_sub(name + tier).max(20);
        for (i, line) in wrap(rule.summary, room).into_iter().enumerate() {
            let (rule, of) = if i == 0 {
                (rule.name, rule.tier.as_str())
            } else {
                ("", "")
            };
            let _ = writeln!(text, "{rule:<name$}{of:<tier$}{line}");
        }
    }
    text.push_str("\nproven: it can't be otherwise. persistent: so for a while. statistical: a pattern in numbers.\n");
    text.push_str("`taskscope explain RULE` tells all of one.\n");
    text
}

impl Row {
    fn of(rule: &Rule) -> Self {
        Self {
            rule: rule.name,
            tier: rule.tier.as_str(),
            summary: rule.summary,
            explain: rule.explain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_found_however_its_name_is_written() {
        for rule in RULES {
            for name in [
                rule.name.to_owned(),
                rule.name.to_uppercase(),
                rule.name.replace('-', "_"),
            ] {
                assert_eq!(find(&name).map(|found| found.name).unwrap(), rule.name);
            }
        }
        let error = find("dead\u{1b}lock")
            .map(|rule| rule.name)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`dead␛lock`; there are ") && error.contains("deadlock"),
            "{error}"
        );
    }

    #[test]
    fn every_rule_is_listed_within_the_width() {
        let all: Vec<_> = RULES.iter().collect();
        for width in [60, 100] {
            let text = list(
                &all,
                Style {
                    width,
                    colours: false,
                },
            );
            assert!(RULES.iter().all(|rule| text.contains(rule.name)));
            assert!(
                text.lines()
                    .take(RULES.len())
                    .all(|line| line.chars().count() <= width),
                "{text}"
            );
        }
    }
}
