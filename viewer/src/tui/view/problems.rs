//! What is wrong: one line each, and below them all about the one that is selected.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use taskscope_model::rules::RULES;
use taskscope_model::{Finding, Nanos};

use super::super::app::App;
use super::super::walk::Walk;
use super::document::Document;
use super::frame::Pieces;
use super::layout::body_height;
use super::{empty, grid, put};
use crate::text::{clean, count, duration, fit, width, wrap};

/// From so many columns on there is room for the rule and its tier in each line.
const WIDE: u16 = 76;
/// Columns of the rule, the tier and the time.
const RULE: u16 = 23;
const TIER: u16 = 11;
const TIME: u16 = 7;
/// Columns of the labels below.
const LABELS: usize = 8;

/// How many lines of so many rows there are for the list: the rest tells about the selected one.
pub(in super::super) fn list_height(app: &App, body: usize) -> usize {
    if is_text(app) {
        return body.max(1);
    }
    let most = match body {
        0..=4 => 1,
        5..=9 => 2,
        _ => (body / 3).max(3),
    };
    app.problems.rows().len().clamp(1, most)
}

/// Whether there is nothing to list, so that the screen is a text.
pub(super) fn is_text(app: &App) -> bool {
    app.picture.is_complete() && app.problems.rows().is_empty()
}

/// How many problems are below those that the list shows.
pub(super) fn below(app: &App) -> usize {
    let rows = app.problems.rows().len();
    let height = body_height(app);
    rows.saturating_sub(app.problems.cursor.top(rows, height) + height)
}

/// Draws the screen.
pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if !app.picture.is_complete() {
        return empty::waits(app, area, buffer);
    }
    let look = app.theme.look();
    let rows = app.problems.rows();
    let height = list_height(app, area.height.into());
    let top = app.problems.cursor.top(rows.len(), height);
    let world = app.picture.world();
    for (y, (row, id)) in (0..).zip(rows.iter().enumerate().skip(top).take(height)) {
        if let Some(finding) = world.findings().get(*id) {
            line(
                app,
                finding,
                Rect {
                    y: area.y + y,
                    height: 1,
                    ..area
                },
                buffer,
            );
        }
        if row == app.problems.cursor.at() {
            grid::select(area, y, &look, buffer);
        }
        if let Some(finding) = world.findings().get(*id) {
            let style = style_of(app, finding);
            put(buffer, area, 1, y, grid::sign(finding.tier), style);
        }
    }
    let Some(finding) = app.problems.selected(world) else {
        return;
    };
    let rest = Rect {
        y: area.y + height as u16,
        height: area.height.saturating_sub(height as u16),
        ..area
    };
    put(
        buffer,
        rest,
        0,
        0,
        &"─".repeat(rest.width.into()),
        look.rule,
    );
    let title = format!(" {} · {} ", clean(&finding.rule), finding.tier);
    put(
        buffer,
        rest,
        1,
        0,
        &fit(&title, usize::from(rest.width).saturating_sub(2)),
        look.strong,
    );
    let rest = Rect {
        y: rest.y + 1,
        height: rest.height.saturating_sub(1),
        ..rest
    };
    let about = about(app, finding, rest.width);
    let chosen = app.problems.subject.unwrap_or(0);
    // Whoever looks for the others may lose sight of the first lines.
    let scroll = match app.problems.subject {
        None => 0,
        Some(door) => {
            let at = about.doors().iter().position(|at| *at == Some(door));
            (at.unwrap_or(0) + 1).saturating_sub(rest.height.into())
        }
    };
    let walk = Walk {
        door: Some(chosen),
        scroll,
    };
    let below = about.below(scroll, rest.height);
    if below > 0 {
        let more = format!(" {} more ↓ ", count(below as u64));
        let x = rest.width.saturating_sub(width(&more) as u16 + 1);
        put(
            buffer,
            Rect {
                y: rest.y - 1,
                height: 1,
                ..rest
            },
            x,
            0,
            &more,
            Style::new(),
        );
    }
    about.draw(walk, app, rest, buffer);
}

/// How a finding is coloured: what is over or muted is past caring.
fn style_of(app: &App, finding: &Finding) -> Style {
    let look = app.theme.look();
    if finding.cleared.is_some() || app.problems.is_muted(finding.id) {
        look.dim
    } else {
        look.tier(finding.tier)
    }
}

/// One finding on one line, its mark left out.
fn line(app: &App, finding: &Finding, area: Rect, buffer: &mut Buffer) {
    let look = app.theme.look();
    let style = style_of(app, finding);
    let lasts = duration(lasts(app, finding));
    let mut x = 3;
    if area.width >= WIDE {
        let room = usize::from(RULE - 1);
        put(buffer, area, x, 0, &fit(&finding.rule, room), style);
        put(buffer, area, x + RULE, 0, finding.tier.as_str(), style);
        x += RULE + TIER + 1;
    }
    let spare = TIME.saturating_sub(width(&lasts) as u16);
    put(buffer, area, x + spare, 0, &lasts, look.strong);
    x += TIME + 2;
    let muted = if app.problems.is_muted(finding.id) {
        "muted: "
    } else {
        ""
    };
    let past = if finding.cleared.is_some() {
        "past: "
    } else {
        ""
    };
    let text = format!("{muted}{past}{}", clean(&finding.summary));
    let calm = if muted.is_empty() && past.is_empty() {
        Style::new()
    } else {
        look.dim
    };
    let room = usize::from(area.width.saturating_sub(x));
    put(buffer, area, x, 0, &fit(&text, room), calm);
}

/// For how long it has been so, or was.
fn lasts(app: &App, finding: &Finding) -> Nanos {
    finding
        .since
        .until(finding.cleared.unwrap_or(app.picture.now()))
}

/// What there is to say of a finding; its doors are those concerned, in their order.
fn about(app: &App, finding: &Finding, columns: u16) -> Document {
    let look = app.theme.look();
    let mut document = Document::default();
    let room = usize::from(columns).saturating_sub(3);
    let mut summary = wrap(&clean(&finding.summary), room).into_iter();
    // The line above says it already where it is not cut.
    if summary.len() > 1 || columns < WIDE || width(&finding.summary) > room.saturating_sub(47) {
        for line in summary.by_ref() {
            document.line(vec![Span::styled(format!("  {line}"), look.strong)]);
        }
    }
    let label = |text| (text, LABELS, look.dim);
    for (i, line) in finding.evidence.iter().enumerate() {
        let text = if i == 0 { "seen" } else { "" };
        document.entry(label(text), (&clean(line), Style::new()), columns);
    }
    if let Some(cleared) = finding.cleared {
        let ago = duration(cleared.until(app.picture.now()));
        document.entry(
            label("ended"),
            (&format!("{ago} ago"), Style::new()),
            columns,
        );
    }
    if !finding.advice.is_empty() {
        document.entry(label("do"), (&clean(&finding.advice), look.good), columns);
    }
    let names = app.names();
    for (i, concern) in finding.subjects.iter().enumerate() {
        let text = if i == 0 { "about" } else { "" };
        let name = names.concern(*concern, usize::from(columns).saturating_sub(LABELS + 8));
        document.door(
            concern.subject,
            Line::from(vec![
                Span::styled(format!("  {text:<LABELS$}"), look.dim),
                Span::styled(name, look.accent),
                Span::styled(" ⏎", look.dim),
            ]),
        );
    }
    document
}

/// That nothing is wrong: what was looked for, and what could not be seen.
pub(super) fn nothing(app: &App, columns: u16) -> Document {
    let look = app.theme.look();
    let mut document = Document::default();
    let up = duration(Nanos(app.picture.now().0));
    document.gap();
    if let Some(blind) = app.link.blind() {
        document.line(vec![Span::styled(
            "  Nothing can be found here.",
            look.strong,
        )]);
        document.entry(("", 0, look.dim), (&blind, look.caution), columns);
    } else {
        let text = format!("  Nothing wrong in the last {up}.");
        document.line(vec![Span::styled(text, look.good)]);
    }
    let missing = empty::missing(app);
    if !missing.is_empty() {
        document.gap();
        document.line(vec![Span::styled("  What can't be seen", look.heading)]);
        for what in missing {
            document.entry(("", 0, look.dim), (&what, look.caution), columns);
        }
        let doctor = format!(
            "`taskscope doctor {}` says what to change.",
            clean(&app.address)
        );
        document.entry(("", 0, look.dim), (&doctor, look.dim), columns);
    }
    document.gap();
    document.line(vec![Span::styled("  What is looked for", look.heading)]);
    for rule in RULES {
        // Without the mark of its tier, which would make a list of what is not there look like one of problems.
        document.entry(
            (rule.name, usize::from(RULE) + 2, look.dim),
            (rule.summary, Style::new()),
            columns,
        );
    }
    document
}

/// What the title says.
pub(super) fn titles(app: &App) -> (Pieces, Pieces) {
    let look = app.theme.look();
    let world = app.picture.world();
    let mut left = vec![("what is wrong".to_owned(), look.strong)];
    if !app.picture.is_complete() {
        return (left, Vec::new());
    }
    let standing = app.problems.standing();
    let past = world
        .findings()
        .iter()
        .filter(|finding| finding.cleared.is_some())
        .count();
    if standing == 0 && !world.findings().is_empty() {
        let now = app.picture.now();
        let since = app.problems.cleared().map_or_else(String::new, |cleared| {
            format!(" for {}", duration(cleared.until(now)))
        });
        // What is muted is wrong all the same.
        let (what, style) = match app.problems.muted() {
            0 => (format!("nothing now{since}"), look.good),
            _ => ("nothing but what is muted".to_owned(), Style::new()),
        };
        left.push((what, style));
    }
    let mut right = Vec::new();
    if standing > 0 {
        right.push((count(standing as u64), Style::new()));
    }
    if past > 0 {
        right.push((format!("{} past", count(past as u64)), Style::new()));
    }
    if app.problems.muted() > 0 {
        right.push((format!("{} muted", app.problems.muted()), Style::new()));
    }
    (left, right)
}

/// All findings with all that is known of them, as text for the clipboard.
pub(super) fn text(app: &App) -> String {
    const COLUMNS: u16 = 120;
    let world = app.picture.world();
    if app.problems.rows().is_empty() {
        return nothing(app, COLUMNS).text();
    }
    let mut text = String::new();
    for finding in app
        .problems
        .rows()
        .iter()
        .filter_map(|id| world.findings().get(*id))
    {
        let lasts = duration(lasts(app, finding));
        let past = if finding.cleared.is_some() {
            "past: "
        } else {
            ""
        };
        let (sign, rule) = (grid::sign(finding.tier), clean(&finding.rule));
        text.push_str(&format!(
            "{sign} {rule} ({}) for {lasts}: {past}{}\n",
            finding.tier,
            clean(&finding.summary)
        ));
        text.push_str(&about(app, finding, COLUMNS).text());
        text.push('\n');
    }
    text
}
