//! The last lines: keys and notices, or a filter that is being typed and what is wrong with it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use taskscope_model::query::FilterError;

use super::super::app::{App, Mode, Screen};
use super::super::theme::Look;
use super::document::wrap;
use super::{put, put_line, tasks};
use crate::text::{clean, fit, width};

pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    match &app.mode {
        Mode::Filter(prompt) => {
            let room = usize::from(area.width).saturating_sub(4);
            let (before, behind) = prompt.around_caret();
            let (before, behind) = (clean(before), clean(behind));
            // What is left of the caret is scrolled away where the line is too long.
            let mut shown = &*before;
            while width(shown) > room {
                let mut chars = shown.chars();
                chars.next();
                shown = chars.as_str();
            }
            let mut line = vec![
                Span::styled(" / ", look.accent),
                Span::raw(shown.to_owned()),
            ];
            let mut rest = behind.chars();
            let under = rest.next().unwrap_or(' ');
            line.push(Span::styled(
                under.to_string(),
                Style::new().add_modifier(Modifier::REVERSED),
            ));
            line.push(Span::raw(rest.as_str().to_owned()));
            put_line(buffer, area, 0, &Line::from(line));
            match &prompt.error {
                None => {
                    let keys = [
                        ("⏎", "keep"),
                        ("esc", "as before"),
                        ("↑↓", "history"),
                        ("ctrl-u", "empty"),
                    ];
                    hints(&keys, look, area, 1, buffer);
                }
                Some(error) => {
                    let text = prompt.text();
                    let at = (0..=error.at.min(text.len()))
                        .rev()
                        .find(|i| text.is_char_boundary(*i));
                    let gone = width(&before) - width(shown);
                    let x = (3 + width(&clean(&text[..at.unwrap_or(0)])))
                        .saturating_sub(gone)
                        .max(3);
                    put(buffer, area, x as u16, 1, "^", look.caution);
                    let message = clean(&error.message);
                    if area.height <= 2 {
                        put(buffer, area, x as u16 + 2, 1, &message, look.caution);
                    } else {
                        let lines = wrap(&message, usize::from(area.width).saturating_sub(2));
                        for (y, line) in (2..).zip(lines) {
                            put(buffer, area, 1, y, &line, look.caution);
                        }
                    }
                }
            }
        }
        Mode::Sort(_) => {
            let keys = [
                ("j k", "choose"),
                ("⏎", "sort"),
                ("R", "reverse"),
                ("esc", "leave"),
            ];
            hints(&keys, look, area, 0, buffer);
        }
        Mode::Screen => {
            if let Some(notice) = &app.notice {
                put(
                    buffer,
                    area,
                    1,
                    0,
                    &fit(&notice.text, usize::from(area.width).saturating_sub(1)),
                    look.accent,
                );
                return;
            }
            let used = hints(keys(app), look, area, 0, buffer);
            if let Some(why) = unknown(app) {
                let x = usize::from(area.width).saturating_sub(width(why) + 1);
                if x > used {
                    put(buffer, area, x as u16, 0, why, look.caution);
                } else {
                    // Better to know why than to read about keys again.
                    put(
                        buffer,
                        area,
                        0,
                        0,
                        &" ".repeat(usize::from(area.width)),
                        Style::new(),
                    );
                    put(
                        buffer,
                        area,
                        1,
                        0,
                        &fit(why, usize::from(area.width) - 1),
                        look.caution,
                    );
                }
            }
        }
    }
}

fn keys(app: &App) -> &'static [(&'static str, &'static str)] {
    if !app.picture.is_complete() && !matches!(app.screen(), Screen::Help(_)) {
        return &[("r", "retry"), ("?", "help"), ("q", "quit")];
    }
    match app.screen() {
        Screen::Tasks(_) => &[
            ("/", "filter"),
            ("s", "sort"),
            ("⏎", "open"),
            ("g", "places"),
            ("space", "pause"),
            ("e", "ended"),
            ("?", "help"),
            ("q", "quit"),
            ("R", "reverse"),
            ("< >", "sort beside"),
            ("c", "copy"),
        ],
        Screen::Problems if app.picture.world().findings().is_empty() => &[
            ("2", "tasks"),
            ("3", "resources"),
            ("4", "who waits"),
            ("c", "copy"),
            ("space", "pause"),
            ("?", "help"),
            ("q", "quit"),
        ],
        Screen::Problems => &[
            ("⏎", "open"),
            ("← →", "whom"),
            ("e", "explain"),
            ("m", "mute"),
            ("c", "copy"),
            ("4", "waits drawn"),
            ("space", "pause"),
            ("?", "help"),
            ("q", "quit"),
        ],
        Screen::Resources => &[
            ("/", "filter"),
            ("s", "sort"),
            ("⏎", "open"),
            ("space", "pause"),
            ("?", "help"),
            ("q", "quit"),
            ("R", "reverse"),
            ("< >", "sort beside"),
            ("c", "copy"),
        ],
        Screen::Waits(_) => &[
            ("j k", "names"),
            ("⏎", "open"),
            ("space", "pause"),
            ("c", "copy"),
            ("?", "help"),
            ("q", "quit"),
        ],
        Screen::Resource(_) => &[
            ("esc", "back"),
            ("j k", "names"),
            ("⏎", "open"),
            ("space", "pause"),
            ("c", "copy"),
            ("?", "help"),
            ("q", "quit"),
        ],
        Screen::Stacks => &[
            ("/", "filter"),
            ("⏎", "its tasks"),
            ("space", "pause"),
            ("?", "help"),
            ("q", "quit"),
            ("c", "copy"),
        ],
        Screen::Groups => &[
            ("/", "filter"),
            ("s", "sort"),
            ("⏎", "its tasks"),
            ("g", "tasks"),
            ("space", "pause"),
            ("?", "help"),
            ("q", "quit"),
            ("R", "reverse"),
            ("< >", "sort beside"),
            ("c", "copy"),
        ],
        Screen::Task(_) => &[
            ("esc", "back"),
            ("j k", "doors"),
            ("⏎", "open"),
            ("p", "parent"),
            ("w", "waker"),
            ("space", "pause"),
            ("c", "copy"),
            ("?", "help"),
            ("q", "quit"),
        ],
        Screen::Help(_) | Screen::Explain(..) => &[
            ("esc", "back"),
            ("j k", "scroll"),
            ("c", "copy"),
            ("q", "quit"),
        ],
    }
}

/// Rows below a filter that say what is wrong with it: its place, and behind it or below it the message.
fn error_rows(message: &str, x: usize, columns: u16) -> u16 {
    let columns = usize::from(columns);
    if x + 2 + width(message) <= columns {
        return 1;
    }
    1 + (wrap(message, columns.saturating_sub(2)).len() as u16).min(3)
}

/// Rows of the footer.
pub(super) fn rows(app: &App, columns: u16) -> u16 {
    match &app.mode {
        Mode::Filter(prompt) => {
            // As if the place were at the end of the line: it moves, the footer should not.
            let rows = |error: &FilterError| {
                error_rows(
                    &clean(&error.message),
                    3 + width(&clean(prompt.text())),
                    columns,
                )
            };
            1 + prompt.error.as_ref().map_or(1, rows)
        }
        Mode::Sort(_) | Mode::Screen => 1,
    }
}

/// Writes as many keys as there is room for; says how far it came.
fn hints(keys: &[(&str, &str)], look: &Look, area: Rect, y: u16, buffer: &mut Buffer) -> usize {
    let mut x = 1;
    for (key, does) in keys {
        let wide = width(key) + 1 + width(does);
        if x + wide > usize::from(area.width) {
            break;
        }
        let behind = put(buffer, area, x as u16, y, key, look.accent);
        put(buffer, area, behind + 1, y, does, look.dim);
        x += wide + 2;
    }
    x
}

/// Why the selected row shows a `?`.
fn unknown(app: &App) -> Option<&'static str> {
    let Screen::Tasks(_) = app.screen() else {
        return None;
    };
    tasks::unknown(app, app.picture.world().task(app.tasks.selected()?)?)
}
