//! Which key does what: one table, which the help screen shows too. A key does the same on every screen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Quit,
    Suspend,
    Help,
    /// To the tab with this number, from 0.
    Tab(usize),
    NextTab,
    Back,
    Move(Motion),
    Pan(isize),
    Open,
    Parent,
    Waker,
    Filter,
    Places,
    Sort,
    /// Sort by the column so many to the right.
    SortBeside(isize),
    Reverse,
    Ended,
    Pause,
    Copy,
    Retry,
    /// Mute a finding, or no longer.
    Mute,
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    /// So many lines down.
    Lines(isize),
    /// So many half screens down.
    HalfPages(isize),
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
}

/// What the help screen says of a key.
pub(super) struct Entry {
    pub(super) keys: &'static str,
    pub(super) does: &'static str,
}

/// All keys, in the groups of the help screen.
pub(super) const HELP: &[(&str, &[Entry])] = &[
    (
        "Moving",
        &[
            Entry {
                keys: "j k ↓ ↑",
                does: "down and up; on a task, from door to door",
            },
            Entry {
                keys: "ctrl-d ctrl-u",
                does: "half a screen",
            },
            Entry {
                keys: "PgDn PgUp",
                does: "a screen",
            },
            Entry {
                keys: "gg G Home End",
                does: "to the first and the last row",
            },
            Entry {
                keys: "h l ← →",
                does: "more columns to the left and right; on problems: the next of those concerned",
            },
            Entry {
                keys: "⏎",
                does: "open what is selected",
            },
            Entry {
                keys: "p w",
                does: "open the parent, the last waker",
            },
            Entry {
                keys: "esc backspace",
                does: "back; on a first screen: clear the filter, then let go of the selection",
            },
            Entry {
                keys: "1 2 3 4 5 6 tab",
                does: "problems, tasks, resources, waits, stacks, places",
            },
            Entry {
                keys: "g",
                does: "group by spawn place, and back",
            },
        ],
    ),
    (
        "Choosing",
        &[
            Entry {
                keys: "/",
                does: "filter; ⏎ keeps it, esc restores the last one, ↑ ↓ are its history",
            },
            Entry {
                keys: "s",
                does: "pick the column to sort by",
            },
            Entry {
                keys: "< >",
                does: "sort by the column beside",
            },
            Entry {
                keys: "R",
                does: "reverse the order",
            },
            Entry {
                keys: "e",
                does: "show or hide ended tasks; on problems: explain the rule",
            },
            Entry {
                keys: "m",
                does: "mute a problem, or no longer: it goes last and is not counted",
            },
        ],
    ),
    (
        "The picture",
        &[
            Entry {
                keys: "space",
                does: "pause the picture; news is still taken in",
            },
            Entry {
                keys: "r",
                does: "reconnect now",
            },
            Entry {
                keys: "c",
                does: "copy what the screen says as text",
            },
            Entry {
                keys: "?",
                does: "this help",
            },
            Entry {
                keys: "ctrl-z",
                does: "suspend",
            },
            Entry {
                keys: "q ctrl-c",
                does: "leave",
            },
        ],
    ),
    (
        "Mouse",
        &[
            Entry {
                keys: "click",
                does: "select a row; sort by a heading; choose a tab",
            },
            Entry {
                keys: "double click",
                does: "open",
            },
            Entry {
                keys: "wheel",
                does: "scroll",
            },
            Entry {
                keys: "shift-drag",
                does: "select text, in most terminals",
            },
        ],
    ),
];

/// What a key means while nothing is being typed.
pub(super) fn action(key: KeyEvent) -> Option<Action> {
    use Action::{Back, Move, Open, Pan, Quit, SortBeside, Tab};
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return Some(match key.code {
            KeyCode::Char('c') => Quit,
            KeyCode::Char('z') => Action::Suspend,
            KeyCode::Char('d') => Move(Motion::HalfPages(1)),
            KeyCode::Char('u') => Move(Motion::HalfPages(-1)),
            KeyCode::Char('f') => Move(Motion::HalfPages(2)),
            KeyCode::Char('b') => Move(Motion::HalfPages(-2)),
            _ => return None,
        });
    }
    if key
        .modifiers
        .intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META)
    {
        return None;
    }
    Some(match key.code {
        KeyCode::Char('q') => Quit,
        KeyCode::Char('?') | KeyCode::F(1) => Action::Help,
        KeyCode::Char(c @ '1'..='6') => Tab(c as usize - '1' as usize),
        KeyCode::Tab | KeyCode::BackTab => Action::NextTab,
        KeyCode::Esc | KeyCode::Backspace => Back,
        KeyCode::Char('j') | KeyCode::Down => Move(Motion::Lines(1)),
        KeyCode::Char('k') | KeyCode::Up => Move(Motion::Lines(-1)),
        KeyCode::PageDown => Move(Motion::HalfPages(2)),
        KeyCode::PageUp => Move(Motion::HalfPages(-2)),
        KeyCode::Home => Move(Motion::Top),
        KeyCode::Char('G') | KeyCode::End => Move(Motion::Bottom),
        KeyCode::Char('h') | KeyCode::Left => Pan(-1),
        KeyCode::Char('l') | KeyCode::Right => Pan(1),
        KeyCode::Enter => Open,
        KeyCode::Char('p') => Action::Parent,
        KeyCode::Char('w') => Action::Waker,
        KeyCode::Char('/') => Action::Filter,
        KeyCode::Char('g') => Action::Places,
        KeyCode::Char('s') => Action::Sort,
        KeyCode::Char('<') => SortBeside(-1),
        KeyCode::Char('>') => SortBeside(1),
        KeyCode::Char('R') => Action::Reverse,
        KeyCode::Char('e') => Action::Ended,
        KeyCode::Char(' ') => Action::Pause,
        KeyCode::Char('c') => Action::Copy,
        KeyCode::Char('r') => Action::Retry,
        KeyCode::Char('m') => Action::Mute,
        _ => return None,
    })
}
