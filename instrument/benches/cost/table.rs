//! Markdown of what was measured.

use std::fmt::Write as _;

use crate::{
    args::Args,
    limits::{Limit, Verdict},
    sample::{Memory, Speed},
    stats::Spread,
    variant::Variant,
};

/// What one clock said.
type Pick = fn(&Speed) -> f64;

/// Time per operation on one kind of runtime, on each clock that says something there.
pub(crate) fn speed(speeds: &[Speed], args: &Args, runtime: &str) -> String {
    let title = if runtime == "current" {
        "current_thread"
    } else {
        "multi_thread, 2 workers"
    };
    let mut out = String::new();
    let clocks: [(&str, Pick); 3] = [
        ("ns per operation", |speed| speed.wall),
        ("ns of the thread's CPU time per operation", |speed| {
            speed.thread
        }),
        ("ns of the process's CPU time per operation", |speed| {
            speed.cpu
        }),
    ];
    for (index, (clock, pick)) in clocks.into_iter().enumerate() {
        if index == 1 && runtime != "current" {
            continue; // tasks move between threads
        }
        if index > 0 {
            out.push('\n');
        }
        let _ = writeln!(
            out,
            "### {title}: {clock}\n\n| | {} |",
            args.ops.join(" | ")
        );
        let _ = writeln!(out, "|---|{}", "--:|".repeat(args.ops.len()));
        for &variant in &args.variants {
            let cells = args.ops.iter().map(|op| {
                let values = |variant| {
                    speeds
                        .iter()
                        .filter(|speed| {
                            speed.variant == variant && speed.runtime == runtime && speed.op == *op
                        })
                        .map(|speed| (speed.round, pick(speed)))
                        .collect::<Vec<_>>()
                };
                speed_cell(&values(variant), &values(Variant::Traced))
            });
            let _ = writeln!(
                out,
                "| {variant} | {} |",
                cells.collect::<Vec<_>>().join(" | ")
            );
        }
    }
    out
}

fn speed_cell(values: &[(usize, f64)], base: &[(usize, f64)]) -> String {
    let Some(spread) = Spread::of(values.iter().map(|(_, value)| *value)) else {
        return "–".into();
    };
    let mut cell = figure(spread.median);
    if let Some(ratio) = Spread::by_round(values, base, |value, base| value / base) {
        let _ = write!(cell, " · {}×", ratio_figure(ratio.median));
    }
    if values.len() > 1 {
        let _ = write!(cell, " ({}–{})", figure(spread.least), figure(spread.most));
    }
    cell
}

/// Bytes per idle task.
pub(crate) fn memory(memories: &[Memory], args: &Args) -> String {
    let mut out = String::from(
        "### Resident bytes per idle task\n\n\
         | | tasks | bytes per task | at most | above `traced` | spawning took |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for &tasks in &args.tasks {
        for &variant in &args.variants {
            for watched in [false, true] {
                let rows: Vec<&Memory> = memories
                    .iter()
                    .filter(|memory| {
                        memory.variant == variant
                            && memory.tasks == tasks
                            && memory.watched.is_some() == watched
                    })
                    .collect();
                let Some(bytes) = Spread::of(rows.iter().map(|row| row.bytes)) else {
                    continue;
                };
                let at_end = |rows: &[&Memory]| {
                    rows.iter()
                        .map(|row| (row.round, row.bytes))
                        .collect::<Vec<_>>()
                };
                let base: Vec<&Memory> = memories
                    .iter()
                    .filter(|memory| memory.variant == Variant::Traced && memory.tasks == tasks)
                    .collect();
                let above =
                    Spread::by_round(&at_end(&rows), &at_end(&base), |bytes, base| bytes - base);
                let column = |pick: fn(&Memory) -> f64| {
                    Spread::of(rows.iter().map(|row| pick(row))).map_or(0.0, |spread| spread.median)
                };
                let _ = writeln!(
                    out,
                    "| {variant}{} | {tasks} | {} ({}–{}) | {} | {} | {:.1} s |",
                    if watched { " with a viewer" } else { "" },
                    figure(bytes.median),
                    figure(bytes.least),
                    figure(bytes.most),
                    figure(column(|row| row.most)),
                    above.map_or_else(
                        || "–".into(),
                        |above| format!("{:+.0}", above.median.round() + 0.0)
                    ),
                    column(|row| row.spawn) / 1000.0
                );
            }
        }
    }
    out
}

/// Each limit with what was measured.
pub(crate) fn limits(verdicts: &[Verdict]) -> String {
    let mut out =
        String::from("### Limits of taskscope\n\n| | limit | measured | |\n|---|--:|--:|---|\n");
    for verdict in verdicts {
        let limit = match verdict.limit {
            Limit::AtMost(most) => format!("≤ {most}"),
            Limit::AtLeast(least) => format!("≥ {least}"),
        };
        let Spread {
            median,
            least,
            most,
        } = verdict.measured;
        let _ = writeln!(
            out,
            "| {} | {limit} | {} ({}–{}) | {} |",
            verdict.what,
            ratio_figure(median),
            ratio_figure(least),
            ratio_figure(most),
            if verdict.holds() {
                "kept"
            } else {
                "**exceeded**"
            }
        );
    }
    out
}

/// Three digits are more than the noise leaves.
fn figure(value: f64) -> String {
    if value.abs() < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn ratio_figure(value: f64) -> String {
    if value.abs() < 10.0 {
        format!("{value:.2}")
    } else {
        figure(value)
    }
}
