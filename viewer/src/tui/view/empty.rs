//! Why a table is empty, in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::app::App;
use super::super::link::Phase;
use super::document::wrap;
use super::put;
use crate::text::{clean, count, duration, unseen, width};
use taskscope_model::Nanos;

/// Draws why there are no tasks to show.
pub(super) fn tasks(app: &App, area: Rect, buffer: &mut Buffer) {
    draw(app, area, &why(app), buffer);
}

/// Draws why there are no places to show.
pub(super) fn groups(app: &App, area: Rect, buffer: &mut Buffer) {
    let lines = match why(app) {
        // What is hidden among tasks is no matter here: places count the ended ones too.
        lines if app.picture.world().is_empty() || !app.picture.is_complete() => lines,
        _ => vec![
            "No place has a task that matches the filter.".to_owned(),
            "/ changes the filter, esc clears it.".to_owned(),
        ],
    };
    draw(app, area, &lines, buffer);
}

/// Draws why there are no resources to show.
pub(super) fn resources(app: &App, area: Rect, buffer: &mut Buffer) {
    let told = app.picture.world().resources().len();
    let lines = if !app.picture.is_complete() {
        connecting(app)
    } else if told > 0 {
        vec![
            format!("The filter hides all {} resources.", count(told as u64)),
            "/ changes the filter, esc clears it.".to_owned(),
        ]
    } else {
        let mut lines = vec!["No lock, semaphore or channel is known.".to_owned()];
        lines.extend(missing(app));
        lines
    };
    draw(app, area, &lines, buffer);
}

/// Draws why there are no places at which tasks wait.
pub(super) fn stacks(app: &App, area: Rect, buffer: &mut Buffer) {
    let lines = match app.picture.is_complete() {
        false => connecting(app),
        true => vec![
            "No live task is told of, or none that matches the filter.".to_owned(),
            "/ changes the filter, esc clears it; 2 shows the tasks.".to_owned(),
        ],
    };
    draw(app, area, &lines, buffer);
}

/// Draws why nobody can be seen to wait, before anything was told.
pub(super) fn waits(app: &App, area: Rect, buffer: &mut Buffer) {
    draw(app, area, &connecting(app), buffer);
}

/// What the target can't tell of, each on a line.
pub(super) fn missing(app: &App) -> Vec<String> {
    let Some(hello) = app.link.hello.as_deref() else {
        return Vec::new();
    };
    let missing = unseen(hello, app.picture.world());
    missing
        .into_iter()
        .map(|what| format!("? {what}"))
        .collect()
}

fn draw(app: &App, area: Rect, lines: &[String], buffer: &mut Buffer) {
    let look = app.theme.look();
    let room = usize::from(area.width).saturating_sub(4).clamp(1, 76);
    let wrapped: Vec<(usize, String)> = lines
        .iter()
        .enumerate()
        .flat_map(|(i, line)| wrap(line, room).into_iter().map(move |part| (i, part)))
        .collect();
    let above = usize::from(area.height).saturating_sub(wrapped.len()) / 3;
    for (y, (paragraph, line)) in (above as u16..).zip(wrapped) {
        let style = if paragraph == 0 {
            look.strong
        } else {
            Style::new()
        };
        let x = usize::from(area.width).saturating_sub(width(&line)) / 2;
        put(buffer, area, x as u16, y, &line, style);
    }
}

/// The reason, and what to do; the first line says it all.
fn why(app: &App) -> Vec<String> {
    if !app.picture.is_complete() {
        return connecting(app);
    }
    let name = clean(app.title()).into_owned();
    if app.tasks.candidates() > 0 {
        let all = count(app.tasks.candidates() as u64);
        return vec![
            match app.tasks.candidates() {
                1 => "The filter hides the only task.".to_owned(),
                _ => format!("The filter hides all {all} tasks."),
            },
            "/ changes the filter, esc clears it.".to_owned(),
        ];
    }
    if app.tasks.hidden() > 0 {
        let n = count(app.tasks.hidden() as u64);
        return vec![
            format!("No task that matches is alive; {n} that have ended are hidden."),
            "e shows them.".to_owned(),
        ];
    }
    if let Some(within) = &app.tasks.within {
        return vec![
            format!("No task of {} is listed now.", within.name(40)),
            "e shows ended ones; esc goes back.".to_owned(),
        ];
    }
    if let Some(blind) = app.link.blind() {
        let address = clean(&app.address);
        return vec![
            "No task can be seen.".to_owned(),
            blind,
            String::new(),
            format!("`taskscope doctor {address}` says what to change."),
        ];
    }
    let live = app.picture.world().totals().live();
    if live > 0 {
        return vec![
            format!(
                "{name} has {} live tasks, but none of them was told.",
                count(live)
            ),
            "That is so where the target was asked for certain tasks only (`--only`).".to_owned(),
        ];
    }
    let mut lines = match app.picture.world().totals().ended() {
        0 => vec![format!(
            "No tasks yet: {name} has spawned none since taskscope was installed."
        )],
        n => vec![format!("No task is alive; {} have ended.", count(n))],
    };
    match app
        .link
        .hello
        .as_deref()
        .map_or(0, |hello| hello.setup.tasks_before)
    {
        0 => {}
        n => lines.push(format!(
            "{} were alive before that and can't be seen: install it earlier.",
            count(n)
        )),
    }
    lines
}

/// How far the connection has come.
fn connecting(app: &App) -> Vec<String> {
    let address = clean(&app.address).into_owned();
    let reason = app
        .link
        .lost
        .as_ref()
        .map(|(_, reason)| clean(reason).into_owned());
    match &app.link.phase {
        Phase::Live => vec![match app.picture.live().len() {
            0 => "Connected; waiting for the first picture…".to_owned(),
            n => format!("Connected; {} tasks told so far…", count(n as u64)),
        }],
        Phase::Connecting { attempt } => {
            let mut lines = vec![match attempt {
                0 | 1 => format!("Connecting to {address}…"),
                n => format!("Connecting to {address}, attempt {n}…"),
            }];
            lines.extend(reason);
            lines
        }
        Phase::Lost { retry_at } => {
            let left = duration(Nanos::from(retry_at.saturating_sub(app.now)));
            vec![
                format!("Not connected to {address}."),
                reason.unwrap_or_default(),
                String::new(),
                format!("Next attempt in {left}; r tries at once, q leaves."),
            ]
        }
        Phase::Refused { reason } => {
            vec![
                format!("{address} can't be watched."),
                clean(reason).into_owned(),
                String::new(),
                "q leaves.".to_owned(),
            ]
        }
    }
}
