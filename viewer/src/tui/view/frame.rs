//! What is around every screen: the target above, what the screen is about, the keys below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use taskscope_model::Nanos;
use taskscope_model::query::FilterError;

use super::super::app::{App, Mode, Screen};
use super::super::link::Phase;
use super::super::theme::Look;
use super::document::wrap;
use super::layout::Regions;
use super::{put, put_line, task, tasks};
use crate::text::{clean, count, duration, fit, path, share, width};

/// Blocks of the bar that shows how busy the workers are.
const BAR: usize = 5;
const TABS: [&str; 2] = ["1 Tasks", "2 Places"];

type Pieces = Vec<(String, Style)>;

/// Draws everything but the body.
pub(super) fn draw(app: &App, regions: &Regions, buffer: &mut Buffer) {
    let look = app.theme.look();
    let workers_below = header(app, &look, regions, buffer);
    if regions.banner.height > 0 {
        let text = banner(app);
        buffer.set_style(regions.banner, look.bad);
        put(
            buffer,
            regions.banner,
            0,
            0,
            &format!(" {}", fit(&text, usize::from(regions.banner.width) - 1)),
            look.bad,
        );
    }
    if regions.tabs.height > 0 {
        tabs(app, &look, regions.tabs, workers_below, buffer);
    }
    title(app, &look, regions.title, buffer);
    if regions.losses.height > 0 {
        let text = fit(
            &losses(app),
            usize::from(regions.losses.width).saturating_sub(1),
        );
        put(buffer, regions.losses, 1, 0, &text, look.caution);
    }
    footer(app, &look, regions.footer, buffer);
}

fn widths(pieces: &Pieces) -> usize {
    pieces.iter().map(|(text, _)| width(text)).sum()
}

fn write(pieces: &Pieces, x: usize, y: u16, area: Rect, buffer: &mut Buffer) {
    let mut x = x as u16;
    for (text, style) in pieces {
        x = put(buffer, area, x, y, text, *style);
    }
}

/// Draws the first line; says whether the workers found no room in it.
fn header(app: &App, look: &Look, regions: &Regions, buffer: &mut Buffer) -> bool {
    let area = regions.header;
    let room = usize::from(area.width);
    let totals = app.picture.world().totals();
    let mut long = vec![(format!(" {}", shorten(app.title(), 24)), look.strong)];
    let mut short = vec![(
        format!(" {}", shorten(app.title(), (room / 3).clamp(6, 24))),
        look.strong,
    )];
    if let Some(hello) = app.link.hello.as_deref() {
        long.push((format!(" · pid {}", hello.pid), Style::new()));
    }
    for pieces in [&mut long, &mut short] {
        pieces.push((" · ".to_owned(), look.dim));
        pieces.push(link_word(app, look));
    }
    if let Some(since) = app.picture.frozen_since() {
        let age = duration(Nanos::from(app.now.saturating_sub(since)));
        for pieces in [&mut long, &mut short] {
            pieces.push((" ".to_owned(), Style::new()));
            pieces.push((format!(" PAUSED {age} "), look.bad));
        }
    }
    if app.link.hello.is_some() {
        long.push((
            format!(" · up {}", duration(Nanos(app.picture.now().0))),
            Style::new(),
        ));
    }
    let mut counts: Pieces = vec![(format!("{} tasks", count(totals.live())), look.strong)];
    let live = counts.clone();
    counts.push((
        format!(
            "  {} run  {} sched  {} idle",
            count(totals.running),
            count(totals.scheduled),
            count(totals.idle)
        ),
        Style::new(),
    ));
    let workers = workers(app, look);
    let mut rates = workers.clone();
    if let Some(polls) = app.picture.load().polls() {
        rates.push((
            format!(" · {} polls/s", count(polls.round() as u64)),
            Style::new(),
        ));
    }
    let none = Pieces::new();
    // The richest that fits.
    let ways = [
        (&long, &rates, &counts),
        (&long, &workers, &counts),
        (&long, &none, &counts),
        (&short, &none, &counts),
        (&long, &none, &live),
        (&short, &none, &live),
        (&short, &none, &none),
    ];
    let space = |(left, mid, right): &(&Pieces, &Pieces, &Pieces)| {
        let between = if widths(mid) > 0 { 3 } else { 0 };
        widths(left) + between + widths(mid) + 2 + widths(right) < room
    };
    let known = app.link.hello.is_some();
    let (left, mid, right) = ways
        .into_iter()
        .find(|way| space(way))
        .unwrap_or((&short, &none, &none));
    write(left, 0, 0, area, buffer);
    if known {
        let from = room.saturating_sub(widths(right) + 1);
        write(right, from, 0, area, buffer);
        let middle = widths(left) + (from - widths(left).min(from)).saturating_sub(widths(mid)) / 2;
        write(mid, middle, 0, area, buffer);
    }
    known && widths(mid) == 0
}

fn link_word(app: &App, look: &Look) -> (String, Style) {
    match &app.link.phase {
        Phase::Live if app.picture.is_complete() => ("live".to_owned(), look.good),
        Phase::Live => ("loading".to_owned(), look.caution),
        Phase::Connecting { .. } if app.link.hello.is_none() => {
            ("connecting".to_owned(), look.caution)
        }
        Phase::Refused { .. } => ("refused".to_owned(), look.bad),
        Phase::Lost { .. } | Phase::Connecting { .. } => ("not live".to_owned(), look.bad),
    }
}

fn workers(app: &App, look: &Look) -> Pieces {
    let n = app.picture.world().totals().workers;
    let noun = if n == 1 { "worker" } else { "workers" };
    let Some(busy) = app.picture.load().busy(n) else {
        return vec![(format!("{n} {noun}"), Style::new())];
    };
    let full = (busy * BAR as f64).round() as usize;
    let bar = "▰".repeat(full) + &"▱".repeat(BAR - full);
    let style = if busy > 0.9 { look.caution } else { look.good };
    vec![
        (format!("{n} {noun} "), Style::new()),
        (bar, style),
        (format!(" {}", share(busy)), Style::new()),
    ]
}

fn banner(app: &App) -> String {
    let reason = app.link.lost.as_ref().map_or("", |(_, reason)| reason);
    match &app.link.phase {
        Phase::Refused { reason } => format!("NOT LIVE: {reason}"),
        Phase::Lost { retry_at } => {
            let left = duration(Nanos::from(retry_at.saturating_sub(app.now)));
            format!(
                "NOT LIVE{}: {reason} · next try in {left}, r now",
                lost_for(app)
            )
        }
        Phase::Connecting { attempt } => {
            format!("NOT LIVE{}: {reason} · attempt {attempt}…", lost_for(app))
        }
        Phase::Live => String::new(),
    }
}

fn lost_for(app: &App) -> String {
    let lost = app.link.lost.as_ref();
    lost.map_or_else(String::new, |(at, _)| {
        format!(
            " for {}",
            duration(Nanos::from(app.now.saturating_sub(*at)))
        )
    })
}

fn tabs(app: &App, look: &Look, area: Rect, with_workers: bool, buffer: &mut Buffer) {
    let current = usize::from(matches!(app.screens.first(), Some(Screen::Groups)));
    for (i, (tab, x)) in TABS.into_iter().zip(tab_starts()).enumerate() {
        let style = if i == current { look.accent } else { look.dim };
        put(buffer, area, x, 0, tab, style);
        if i == current && app.theme == super::super::Theme::Mono {
            put(buffer, area, x - 1, 0, "[", style);
            put(buffer, area, x + tab.len() as u16, 0, "]", style);
        }
    }
    let help = "? help";
    let from = usize::from(area.width).saturating_sub(help.len() + 1);
    put(buffer, area, from as u16, 0, help, look.dim);
    if with_workers {
        let workers = workers(app, look);
        let x = from.saturating_sub(widths(&workers) + 3);
        if x > 24 {
            write(&workers, x, 0, area, buffer);
        }
    }
}

fn tab_starts() -> impl Iterator<Item = u16> {
    TABS.iter().scan(1, |x, tab| {
        let start = *x;
        *x += tab.len() as u16 + 3;
        Some(start)
    })
}

/// The tab at a place of the screen.
pub(in super::super) fn tab_at(regions: &Regions, at: Position) -> Option<usize> {
    if !regions.tabs.contains(at) {
        return None;
    }
    let hit = |(start, tab): (u16, &str)| (start..start + tab.len() as u16).contains(&at.x);
    tab_starts().zip(TABS).position(hit)
}

/// What the screen is about: on the left, and on the right.
fn titles(app: &App) -> (Pieces, Pieces) {
    let look = app.theme.look();
    let plain = Style::new();
    let filter = |pieces: &mut Pieces| {
        let filter = app.tasks.filter.to_string();
        if !filter.is_empty() {
            pieces.push((clean(&filter).into_owned(), look.accent));
        }
    };
    let arrow = |descending: bool| if descending { '↓' } else { '↑' };
    match app.screen() {
        Screen::Tasks(place) => {
            let mut left = vec![("tasks".to_owned(), look.strong)];
            if let Some(place) = place {
                left.push((
                    format!("at {}", path(&place.file, place.line, 40)),
                    look.accent,
                ));
            }
            filter(&mut left);
            let (rows, all) = (app.tasks.rows().len(), app.tasks.candidates());
            let mut n = if rows == all {
                count(all as u64)
            } else {
                format!("{} of {}", count(rows as u64), count(all as u64))
            };
            if app.tasks.hidden() > 0 {
                n.push_str(&format!(
                    ", {} ended hidden",
                    count(app.tasks.hidden() as u64)
                ));
            }
            if !app.picture.is_complete() && rows == 0 {
                return (left, Vec::new());
            }
            let order = app.tasks.order;
            (
                left,
                vec![
                    (n, plain),
                    (
                        format!("by {} {}", order.column.name(), arrow(order.descending)),
                        plain,
                    ),
                ],
            )
        }
        Screen::Groups => {
            let mut left = vec![("places".to_owned(), look.strong)];
            filter(&mut left);
            let n = count(app.groups.rows().len() as u64);
            let order = format!(
                "by {} {}",
                app.groups.column.name(),
                arrow(app.groups.descending)
            );
            (left, vec![(n, plain), (order, plain)])
        }
        Screen::Task(detail) => {
            let mut left = vec![("task".to_owned(), plain)];
            left.extend(task::title(app, detail));
            let deep = app
                .screens
                .iter()
                .filter(|screen| matches!(screen, Screen::Task(_)))
                .count();
            let right = if deep > 1 {
                vec![(format!("{deep} deep"), plain)]
            } else {
                Vec::new()
            };
            (left, right)
        }
        Screen::Help(_) => (vec![("help".to_owned(), look.strong)], Vec::new()),
    }
}

/// What the screen is about, as text.
pub(super) fn title_text(app: &App) -> String {
    let (left, right) = titles(app);
    let parts: Vec<_> = left
        .into_iter()
        .chain(right)
        .map(|(text, _)| text)
        .collect();
    format!("{} · {}", clean(app.title()), parts.join(" · "))
}

fn title(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    put(
        buffer,
        area,
        0,
        0,
        &"─".repeat(usize::from(area.width)),
        look.rule,
    );
    let (left, mut right) = titles(app);
    let room = usize::from(area.width);
    let long = |pieces: &Pieces| {
        pieces
            .iter()
            .map(|(text, _)| width(text) + 3)
            .sum::<usize>()
    };
    // The order is the first to go, then the count, then the end of the title.
    while !right.is_empty() && long(&right) + long(&left) + 2 > room {
        right.pop();
    }
    let limit = room.saturating_sub(if right.is_empty() {
        2
    } else {
        long(&right) + 2
    });
    let mut x = 1;
    for (i, (text, style)) in left.iter().enumerate() {
        let from = if i == 0 { x } else { x + 2 };
        let text = fit(text, limit.saturating_sub(from + 2));
        if text.is_empty() {
            break;
        }
        put(buffer, area, from as u16, 0, &format!(" {text} "), *style);
        x = from + width(&text) + 2;
    }
    if !right.is_empty() {
        let text = right
            .iter()
            .map(|(text, _)| text.as_str())
            .collect::<Vec<_>>()
            .join(" · ");
        let from = room.saturating_sub(width(&text) + 3);
        put(
            buffer,
            area,
            from as u16,
            0,
            &format!(" {text} "),
            Style::new(),
        );
    }
}

/// What is missing from the picture, in words.
fn losses(app: &App) -> String {
    let totals = app.picture.world().totals();
    let mut parts = Vec::new();
    if totals.untracked > 0 {
        parts.push(format!(
            "{} tasks are not tracked: the target's table of tasks was full",
            count(totals.untracked)
        ));
    }
    if totals.unplaced > 0 {
        parts.push(format!(
            "{} spawn places are not told apart: the table of places was full",
            count(totals.unplaced)
        ));
    }
    if totals.unlisted > 0 {
        parts.push(format!(
            "{} tasks ended unlisted: they are in the counts only",
            count(totals.unlisted)
        ));
    }
    parts.join(" · ")
}

fn footer(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
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
                Style::new().add_modifier(ratatui::style::Modifier::REVERSED),
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
        Screen::Help(_) => &[
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
pub(super) fn footer_rows(app: &App, columns: u16) -> u16 {
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

/// A text of the target, cleaned and cut.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    fit(text, columns)
}
