//! The text of `taskscope doctor`.

use std::fmt::Write;

use taskscope_model::Nanos;

use super::{Diagnosis, Proof, Verdict, debug_info};
use crate::cli::output::Style;
use crate::cli::table::{Column, Table};
use crate::feed::Hello;
use crate::text::{clean, count, duration};

/// Draws what was found.
pub(super) fn draw(hello: &Hello, diagnosis: &Diagnosis, style: Style) -> String {
    let mut text = format!(
        "{} · pid {} · taskscope {} · up {}\n\n",
        clean(&hello.name),
        hello.pid,
        clean(&hello.instrument_version),
        duration(Nanos(hello.now_ns)),
    );
    let column = |title, least| Column {
        title,
        right: false,
        least,
        ..Column::default()
    };
    let columns = vec![
        column("SOURCE", None),
        column("DELIVERS", None),
        column("WHAT IT GIVES", Some(12)),
        column("PROVEN BY", Some(20)),
    ];
    text.push_str(
        &Table {
            columns,
            rows: diagnosis.sources.iter().map(row).collect(),
        }
        .draw(style),
    );
    let catches = diagnosis
        .sources
        .iter()
        .any(|source| source.name == "stacks" && source.active);
    if let Some(words) = debug_info(hello).filter(|_| catches) {
        let _ = writeln!(text, "\nDebug information: {words}");
    }
    for advice in &diagnosis.advice {
        let _ = write!(text, "\n{}.\n", sentence(&advice.problem));
        for line in advice.change.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if !diagnosis.problems.is_empty() {
        text.push_str("\nNot all went well there:\n");
        for problem in &diagnosis.problems {
            let _ = writeln!(text, "  {}", clean(problem));
        }
    }
    if diagnosis.healthy() {
        text.push_str("\nNothing to change: all that this version can tell is told.\n");
    }
    text
}

fn row(verdict: &Verdict) -> Vec<String> {
    let (delivers, how) = match verdict.proof() {
        Some(Proof::App) => ("yes", format!("{} of the app", events(verdict.events))),
        Some(Proof::Trial) => (
            "yes",
            format!(
                "{} of the trial, the app made none yet",
                events(verdict.trial_events)
            ),
        ),
        None if verdict.off && verdict.name == "stacks" => {
            ("off", "it is not caught, see below".to_owned())
        }
        None if verdict.off => ("off", "its level leaves it out".to_owned()),
        None if verdict.active => ("no", "nothing arrived, not even of the trial".to_owned()),
        None => ("no", "it is not set up".to_owned()),
    };
    vec![
        clean(&verdict.name).into_owned(),
        delivers.to_owned(),
        verdict.gives().unwrap_or("?").to_owned(),
        how,
    ]
}

fn events(number: u64) -> String {
    if number == 1 {
        "1 event".to_owned()
    } else {
        format!("{} events", count(number))
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
