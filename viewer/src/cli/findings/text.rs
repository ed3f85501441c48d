//! The text of `taskscope findings`.

use std::fmt::Write;

use anstyle::{AnsiColor, Style as Paint};
use taskscope_model::rules::RULES;
use taskscope_model::{Finding, Tier, World};

use crate::cli::output::Style;
use crate::feed::Hello;
use crate::text::{Names, clean, duration, unseen, wrap};

/// Columns of the rule's name: those of the longest.
const RULE: usize = 23;
/// Columns of the tier.
const TIER: usize = 11;
/// Columns of the time.
const TIME: usize = 8;

/// Draws the findings and what they stand on, or what was looked for.
pub(in crate::cli) fn draw(
    hello: &Hello,
    world: &World,
    findings: &[Finding],
    style: Style,
) -> String {
    let mut text = list(world, findings, style);
    let standing = findings.iter().filter(|finding| finding.cleared.is_none());
    let stand = |n| if n == 1 { "stands" } else { "stand" };
    let _ = match (standing.count(), findings.len()) {
        (0, 0) => writeln!(
            text,
            "Nothing is wrong: none of {} rules finds anything.",
            RULES.len()
        ),
        (0, past) => writeln!(text, "Nothing is wrong now; {past} of the past."),
        (n, all) if n == all => writeln!(
            text,
            "{n} {}; `taskscope explain RULE` tells what a rule looks for.",
            stand(n)
        ),
        (n, all) => writeln!(
            text,
            "{n} {}, {} of the past; `taskscope explain RULE` tells what a rule looks for.",
            stand(n),
            all - n
        ),
    };
    blind(hello, world, style, &mut text);
    text
}

/// What can't be seen.
pub(in crate::cli) fn blind(hello: &Hello, world: &World, style: Style, text: &mut String) {
    let unseen = unseen(hello, world);
    if unseen.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\nWhat can't be seen (`taskscope doctor` says what to change):"
    );
    for line in unseen {
        indented(text, "  ", "  ", &line, style);
    }
}

/// The findings, one after the other.
pub(in crate::cli) fn list(world: &World, findings: &[Finding], style: Style) -> String {
    let mut text = String::new();
    for finding in findings {
        one(finding, world, style, &mut text);
        text.push('\n');
    }
    text
}

fn one(finding: &Finding, world: &World, style: Style, text: &mut String) {
    let paint = if style.colours && finding.cleared.is_none() {
        paint(finding.tier)
    } else {
        Paint::new()
    };
    let (time, past) = match finding.cleared {
        None => (finding.since.until(world.now()), ""),
        Some(cleared) => (finding.since.until(cleared), "past: "),
    };
    let mark = mark(finding.tier);
    let rule = clean(&finding.rule);
    let head = format!(
        "{mark} {rule:<RULE$}{:<TIER$}{:>TIME$}  ",
        finding.tier.as_str(),
        duration(time)
    );
    let summary = format!("{past}{}", clean(&finding.summary));
    let wide = crate::text::width(&head);
    if style.width >= wide + 30 {
        let mut lines = wrap(&summary, style.width - wide).into_iter();
        let _ = writeln!(
            text,
            "{paint}{head}{paint:#}{}",
            lines.next().unwrap_or_default()
        );
        for line in lines {
            let _ = writeln!(text, "{:wide$}{line}", "");
        }
    } else {
        let _ = writeln!(text, "{paint}{}{paint:#}", head.trim_end());
        indented(text, "  ", "  ", &summary, style);
    }
    for line in &finding.evidence {
        indented(text, "    ", "      ", &clean(line), style);
    }
    let names = Names::of(world);
    let about: Vec<_> = finding
        .subjects
        .iter()
        .map(|concern| names.concern(*concern, 48))
        .collect();
    if !about.is_empty() {
        indented(
            text,
            "    about  ",
            "           ",
            &about.join(" · "),
            style,
        );
    }
    if !finding.advice.is_empty() {
        indented(
            text,
            "    do     ",
            "           ",
            &clean(&finding.advice),
            style,
        );
    }
    if let Some(cleared) = finding.cleared {
        let _ = writeln!(
            text,
            "    ended  {} ago",
            duration(cleared.until(world.now()))
        );
    }
}

/// Writes a text below `first`, its further lines below `rest`.
fn indented(text: &mut String, first: &str, rest: &str, what: &str, style: Style) {
    let room = style.width.saturating_sub(rest.len()).max(20);
    for (i, line) in wrap(what, room).into_iter().enumerate() {
        let _ = writeln!(text, "{}{line}", if i == 0 { first } else { rest });
    }
}

/// The mark of a tier, for those who see no colours.
fn mark(tier: Tier) -> char {
    match tier {
        Tier::Proven => '✖',
        Tier::Persistent => '▲',
        Tier::Statistical => '•',
    }
}

fn paint(tier: Tier) -> Paint {
    match tier {
        Tier::Proven => AnsiColor::Red.on_default().bold(),
        Tier::Persistent => AnsiColor::Yellow.on_default(),
        Tier::Statistical => Paint::new(),
    }
}
