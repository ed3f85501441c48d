//! What is around every screen: the target above, what the screen is about, the keys below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::super::app::{App, Screen};
use super::super::theme::Look;
use super::super::update::tab_of;
use super::layout::Regions;
use super::{document_of, footer, header, problems, put, stacks, task, thing, waits};
use crate::text::{clean, count, fit, width};

/// The tabs, and what they are called where there is less and less room.
const TABS: [[&str; 3]; 6] = [
    ["1 Problems", "1 Problems", "1 Prob"],
    ["2 Tasks", "2 Tasks", "2 Tasks"],
    ["3 Resources", "3 Res", "3 Res"],
    ["4 Waits", "4 Waits", "4 Waits"],
    ["5 Stacks", "5 Stacks", "5 St"],
    ["6 Places", "6 Places", "6 Pl"],
];
/// Columns that the tabs take by their long names, with the workers behind them; and by those in between.
const ROOMY: u16 = 96;
const TIGHT: u16 = 62;

/// Texts, each with its style.
pub(super) type Pieces = Vec<(String, Style)>;

/// Draws everything but the body.
pub(super) fn draw(app: &App, regions: &Regions, buffer: &mut Buffer) {
    let look = app.theme.look();
    let workers_below = header::draw(app, &look, regions.header, buffer);
    if regions.banner.height > 0 {
        let text = header::banner(app);
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
    let below = match document_of(app, regions.body.width) {
        Some((document, walk)) => document.below(walk.scroll, regions.body.height),
        None if matches!(app.screen(), Screen::Problems) => problems::below(app),
        None => 0,
    };
    title(app, below, &look, regions.title, buffer);
    if regions.losses.height > 0 {
        let text = fit(
            &losses(app),
            usize::from(regions.losses.width).saturating_sub(1),
        );
        put(buffer, regions.losses, 1, 0, &text, look.caution);
    }
    footer::draw(app, &look, regions.footer, buffer);
}

/// The columns that they take together.
pub(super) fn widths(pieces: &Pieces) -> usize {
    pieces.iter().map(|(text, _)| width(text)).sum()
}

/// Writes them one behind the other.
pub(super) fn write(pieces: &Pieces, x: usize, y: u16, area: Rect, buffer: &mut Buffer) {
    let mut x = x as u16;
    for (text, style) in pieces {
        x = put(buffer, area, x, y, text, *style);
    }
}

fn tabs(app: &App, look: &Look, area: Rect, with_workers: bool, buffer: &mut Buffer) {
    let current = tab_of(&app.screens);
    for (i, (x, tab)) in tab_names(app, area.width).into_iter().enumerate() {
        let style = if i == current { look.accent } else { look.dim };
        let behind = put(buffer, area, x, 0, &tab, style);
        let standing = app.problems.standing();
        if i == 0 && standing > 0 {
            let worst = app.problems.worst(app.picture.world());
            let style = worst.map_or(style, |tier| look.tier(tier));
            put(buffer, area, behind + 1, 0, &count(standing as u64), style);
        }
        if i == current && app.theme == super::super::Theme::Mono {
            put(buffer, area, x - 1, 0, "[", style);
            put(buffer, area, x + width(&tab) as u16, 0, "]", style);
        }
    }
    let end = tab_names(app, area.width)
        .last()
        .map_or(0, |(x, tab)| usize::from(*x) + width(tab));
    // The keys below tell of the help too, so the workers come first where there is not room for both.
    let (help, workers) = ("? help", header::workers(app, look));
    let (room, wide) = (usize::from(area.width), widths(&workers));
    let both = end + wide + help.len() + 6 <= room;
    if with_workers && (both || end + wide + 3 <= room) {
        let behind = if both { help.len() + 4 } else { 1 };
        write(&workers, room - behind - wide, 0, area, buffer);
    }
    if both || (!with_workers && end + help.len() + 2 <= room) {
        put(
            buffer,
            area,
            (room - help.len() - 1) as u16,
            0,
            help,
            look.dim,
        );
    }
}

/// Where each tab begins, and what it says.
fn tab_names(app: &App, columns: u16) -> Vec<(u16, String)> {
    let mut x = 1;
    let mut names = Vec::new();
    for (i, names_of) in TABS.into_iter().enumerate() {
        let tab = match columns {
            ROOMY.. => names_of[0],
            TIGHT.. => names_of[1],
            _ => names_of[2],
        };
        names.push((x, tab.to_owned()));
        x += tab.len() as u16 + 2 + u16::from(columns >= ROOMY);
        if i == 0 && app.problems.standing() > 0 {
            x += count(app.problems.standing() as u64).len() as u16 + 1;
        }
    }
    names
}

/// The tab at a place of the screen.
pub(in super::super) fn tab_at(app: &App, regions: &Regions, at: Position) -> Option<usize> {
    if !regions.tabs.contains(at) {
        return None;
    }
    let hit = |(start, tab): &(u16, String)| (*start..start + tab.len() as u16).contains(&at.x);
    tab_names(app, regions.tabs.width).iter().position(hit)
}

/// What the screen is about: on the left, and on the right.
fn titles(app: &App) -> (Pieces, Pieces) {
    let look = app.theme.look();
    let plain = Style::new();
    let filter = |pieces: &mut Pieces| {
        let only = app.only.to_string();
        if !only.is_empty() {
            pieces.push((format!("told only: {}", clean(&only)), look.caution));
        }
        let filter = app.tasks.filter.to_string();
        if !filter.is_empty() {
            pieces.push((clean(&filter).into_owned(), look.accent));
        }
    };
    let arrow = |descending: bool| if descending { '↓' } else { '↑' };
    match app.screen() {
        Screen::Tasks(within) => {
            let mut left = vec![("tasks".to_owned(), look.strong)];
            if let Some(within) = within {
                left.push((format!("at {}", within.name(40)), look.accent));
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
        Screen::Problems => problems::titles(app),
        Screen::Resources => {
            let mut left = vec![("resources".to_owned(), look.strong)];
            let filter = app.resources.filter.to_string();
            if !filter.is_empty() {
                left.push((clean(&filter).into_owned(), look.accent));
            }
            let (rows, all) = (
                app.resources.rows().len(),
                app.picture.world().resources().len(),
            );
            let n = if rows == all {
                count(all as u64)
            } else {
                format!("{} of {}", count(rows as u64), count(all as u64))
            };
            let order = app.resources.order;
            let by = format!("by {} {}", order.column.name(), arrow(order.descending));
            (left, vec![(n, plain), (by, plain)])
        }
        Screen::Waits(_) => waits::titles(app),
        Screen::Stacks => {
            let mut left = vec![("stacks".to_owned(), look.strong)];
            filter(&mut left);
            (left, stacks::titles(app))
        }
        Screen::Resource(thing) => thing::titles(app, thing),
        Screen::Explain(rule, _) => {
            let rule = clean(rule).into_owned();
            (
                vec![("rule".to_owned(), plain), (rule, look.strong)],
                Vec::new(),
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
                .filter(|screen| matches!(screen, Screen::Task(_) | Screen::Resource(_)))
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

/// Of a text, `below` so many lines more can be scrolled to; that stands here so as to cover none of them.
fn title(app: &App, below: usize, look: &Look, area: Rect, buffer: &mut Buffer) {
    put(
        buffer,
        area,
        0,
        0,
        &"─".repeat(usize::from(area.width)),
        look.rule,
    );
    let (left, mut right) = titles(app);
    if below > 0 {
        right.push((format!("{} more ↓", count(below as u64)), Style::new()));
        right.rotate_right(1);
    }
    let stays = usize::from(below > 0);
    let room = usize::from(area.width);
    let long = |pieces: &Pieces| {
        pieces
            .iter()
            .map(|(text, _)| width(text) + 3)
            .sum::<usize>()
    };
    // The order is the first to go, then the count, then the end of the title; that there is more never goes.
    while right.len() > stays && long(&right) + long(&left) + 2 > room {
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

/// What is missing from the picture or did not go well at the target, in words; what matters most stands first.
fn losses(app: &App) -> String {
    let totals = app.picture.world().totals();
    let setup = app.link.hello.as_deref().map(|hello| &hello.setup);
    let before = setup.map_or(0, |setup| setup.tasks_before);
    let parts = [
        (
            totals.untracked,
            "tasks untracked: the target's table is full",
        ),
        (before, "tasks are older than taskscope there: unseen"),
        (totals.unplaced, "places not told apart"),
        (totals.unlisted, "ended unlisted, in the counts only"),
    ];
    let parts = parts.into_iter().filter(|(n, _)| *n > 0);
    let mut parts: Vec<_> = parts
        .map(|(n, what)| format!("{} {what}", count(n)))
        .collect();
    match setup.map_or(&[][..], |setup| &setup.problems) {
        [] => {}
        [problem] => parts.push(clean(problem).into_owned()),
        // The number stands first: a long line is cut at its end.
        problems => parts.push(format!(
            "{} problems, see `taskscope doctor`: {}",
            problems.len(),
            clean(&problems[0])
        )),
    }
    parts.join(" · ")
}
