//! The first line: who the target is, how the connection stands, how its workers and tasks do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use taskscope_model::Nanos;

use super::super::app::App;
use super::super::link::Phase;
use super::super::theme::Look;
use super::frame::{Pieces, widths, write};
use crate::text::{count, counted, duration, fit, share};

/// Blocks of the bar that shows how busy the workers are.
const BAR: usize = 5;

/// Draws the first line; says whether the workers found no room in it.
pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) -> bool {
    let room = usize::from(area.width);
    let totals = app.picture.world().totals();
    let mut long = vec![(format!(" {}", fit(app.title(), 24)), look.strong)];
    let mut short = vec![(
        format!(" {}", fit(app.title(), (room / 3).clamp(6, 24))),
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
    let mut counts: Pieces = vec![(counted(totals.live(), "task"), look.strong)];
    if app.link.blind().is_some() && totals.spawned == 0 {
        // None are told of, which is not the same as none.
        counts[0].0 = "? tasks".to_owned();
    }
    let live = counts.clone();
    if totals.spawned > 0 || app.link.blind().is_none() {
        let (run, sched, idle) = (
            count(totals.running),
            count(totals.scheduled),
            count(totals.idle),
        );
        counts.push((
            format!("  {run} run  {sched} sched  {idle} idle"),
            Style::new(),
        ));
    }
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

/// The workers and how busy they are.
pub(super) fn workers(app: &App, look: &Look) -> Pieces {
    let n = app.picture.world().totals().workers;
    let noun = if n == 1 { "worker" } else { "workers" };
    if n == 0 && app.picture.world().totals().polls > 0 {
        // Somebody polls, so there are some: they were there before the instrument, or can't be seen.
        return vec![("? workers".to_owned(), look.dim)];
    }
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

/// What is wrong with the connection, in words; what matters most stands first.
pub(super) fn banner(app: &App) -> String {
    let reason = app.link.lost.as_ref().map_or("", |(_, reason)| reason);
    match &app.link.phase {
        Phase::Refused { reason } => format!("NOT LIVE: {reason}"),
        Phase::Lost { retry_at } => {
            let left = duration(Nanos::from(retry_at.saturating_sub(app.now)));
            format!(
                "NOT LIVE{} · next try in {left}, r now · {reason}",
                lost_for(app)
            )
        }
        Phase::Connecting { attempt } => {
            format!("NOT LIVE{} · attempt {attempt}… · {reason}", lost_for(app))
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
