//! Help: every key, the language of filters, and what the words mean.

use ratatui::style::Style;
use ratatui::text::Span;
use taskscope_model::query::{FILTER_HELP, RESOURCE_FILTER_HELP};

use super::super::app::App;
use super::super::keys::HELP;
use super::document::Document;
use crate::text::clean;

/// What the words on the screens mean.
const WORDS: [(&str, &str); 22] = [
    (
        "✖ proven",
        "it can't be otherwise: nothing in the process can end it",
    ),
    (
        "▲ persist.",
        "persistent: so for a number of polls and a length of time, very likely wrong",
    ),
    (
        "• statist.",
        "statistical: a pattern in numbers, worth a look",
    ),
    (
        "scheduled",
        "woken, or just spawned, and waiting for a worker to poll it",
    ),
    ("running", "in a poll"),
    ("idle", "waiting for something to wake it"),
    ("done", "its future returned"),
    ("cancelled", "its future was dropped before it returned"),
    ("panicked", "a poll of it panicked"),
    (
        "for",
        "how long it has been in its state; for an ended task, how long ago it ended",
    ),
    ("busy", "time in polls, the poll under way included"),
    (
        "sched",
        "time between a wake, or the spawn, and the poll that answered it",
    ),
    (
        "wakes",
        "calls of wake, redundant ones included; self: those from a poll of the task itself",
    ),
    (
        "wakers",
        "clones of its waker that exist now; 0 in an idle task: nothing is left that could wake it",
    ),
    (
        "workers",
        "threads that poll tasks; the bar is the share of their last 2 s that they spent in polls",
    ),
    ("parent", "the task in whose poll it was spawned"),
    ("place", "the line of source on which it was spawned"),
    (
        "unlisted",
        "ended so fast that it has no row of its own; it is in the counts",
    ),
    (
        "holder",
        "who took a lock or a permit and has not given it back; a ? behind it: the guard may have been moved",
    ),
    (
        "granted",
        "handed what it asked for, but not polled since: all behind it wait for that poll",
    ),
    (
        "gone",
        "ended, while what it took was not given back: it was moved to another task, or leaked",
    ),
    ("?", "not known; the footer says why for the selected row"),
];

/// The text of the screen.
pub(in super::super) fn document(app: &App, columns: u16) -> Document {
    let look = app.theme.look();
    let mut document = Document::default();
    let heading = |document: &mut Document, text: &str| {
        document.line(vec![Span::styled(format!(" {text}"), look.heading)]);
    };
    for (group, entries) in HELP {
        heading(&mut document, group);
        for entry in *entries {
            document.entry(
                (entry.keys, 16, look.accent),
                (entry.does, Style::new()),
                columns,
            );
        }
        document.gap();
    }
    heading(&mut document, "Filters");
    for line in FILTER_HELP
        .lines()
        .chain([""])
        .chain(RESOURCE_FILTER_HELP.lines())
    {
        // Its lines are laid out already; they are only moved in.
        document.line(vec![Span::styled(
            format!("  {}", clean(line)),
            Style::new(),
        )]);
    }
    document.gap();
    heading(&mut document, "Words");
    for (word, meaning) in WORDS {
        document.entry((word, 11, look.accent), (meaning, Style::new()), columns);
    }
    document
}
