//! The places at which tasks wait: one line each, and below them the way to the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use taskscope_model::query::{At, StackGroup};

use super::super::app::App;
use super::super::walk::Walk;
use super::frame::Pieces;
use super::grid::{self, Spec};
use super::page::Page;
use super::{View, put};
use crate::text::{clean, count, count_in, counted, fit, label_of, stackless};

/// Tasks of the selected group that are named.
const NAMED: usize = 5;

/// How many rows there are for the list, of so many lines with its heading: the rest shows the selected one.
pub(in super::super) fn list_height(app: &App, body: usize) -> usize {
    let most = match body {
        0..=7 => body.saturating_sub(1),
        _ => (body / 2).max(3),
    };
    app.stacks.rows().len().clamp(1, most.max(1))
}

/// What a group is called.
pub(in super::super) fn name(app: &App, group: &StackGroup, columns: usize) -> String {
    match &group.at {
        At::Nowhere(why) => why.as_str().to_owned(),
        At::Spots(spots) => spots.first().map_or_else(String::new, |spot| {
            let line = app.names().spot(spot, columns, columns);
            match line.place.as_str() {
                "?" => format!("{} {}", line.function, line.what),
                place => format!("{} {place}", line.function),
            }
        }),
    }
}

/// What the title says.
pub(super) fn titles(app: &App) -> Pieces {
    let places = counted(app.stacks.rows().len() as u64, "place");
    let tasks = counted(app.stacks.tasks() as u64, "task");
    vec![(format!("{tasks} in {places}"), Style::new())]
}

fn specs(columns: u16) -> [Spec; 4] {
    let narrow = columns < 60;
    [
        Spec::number("TASKS", if narrow { 5 } else { 7 }),
        Spec::text("AT", if narrow { 12 } else { 16 }, 34),
        Spec::text("IN", 14, 48),
        Spec::text("WAITS FOR", if narrow { 11 } else { 16 }, 40),
    ]
}

/// Where they stand: what is waited for comes before the function, which the line tells already.
const ORDER: [usize; 4] = [0, 1, 3, 2];

/// Draws headings, rows and the selected group.
pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let look = app.theme.look();
    let rows = app.stacks.rows();
    let height = list_height(app, area.height.into());
    let specs = specs(area.width);
    let placed = grid::place(&specs, &ORDER, area.width, 0, 0);
    let table = grid::Table {
        specs: &specs,
        placed: &placed,
        sorted: (0, true),
        look: &look,
    };
    let view = View {
        top: app.stacks.cursor.top(rows.len(), height),
        selected: Some(app.stacks.cursor.at()),
    };
    let list = Rect {
        height: (height as u16 + 1).min(area.height),
        ..area
    };
    grid::draw(&table, rows, view, list, buffer, |group, column, width| {
        Some((cell(app, group, column, width), Style::new()))
    });
    let rest = Rect {
        y: area.y + list.height,
        height: area.height - list.height,
        ..area
    };
    if let Some(group) = app.stacks.selected().filter(|_| rest.height > 1) {
        selected(app, group, rest, buffer);
    }
}

fn cell(app: &App, group: &StackGroup, column: usize, width: usize) -> String {
    let spots = match &group.at {
        _ if column == 0 => return count_in(group.tasks.len() as u64, width),
        At::Nowhere(why) if column == 1 => return fit(why.as_str(), width),
        At::Nowhere(_) => return "-".to_owned(),
        At::Spots(spots) => spots,
    };
    let more = match spots.len() {
        0 | 1 => String::new(),
        n => format!(" +{}", n - 1),
    };
    let Some(spot) = spots.first() else {
        return String::new();
    };
    let room = width.saturating_sub(more.len());
    let line = app.names().spot(spot, room, room);
    match column {
        1 => line.place,
        2 => crate::text::function(&line.function, width),
        _ => format!("{}{more}", fit(&line.what, room)),
    }
}

fn selected(app: &App, group: &StackGroup, area: Rect, buffer: &mut Buffer) {
    let look = app.theme.look();
    put(
        buffer,
        area,
        0,
        0,
        &"─".repeat(area.width.into()),
        look.rule,
    );
    let title = format!(" {} ", name(app, group, 40));
    let room = usize::from(area.width).saturating_sub(2);
    put(buffer, area, 1, 0, &fit(&title, room), look.strong);
    let mut page = Page::new(app, area.width);
    about(&mut page, group);
    let rest = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    page.document.draw(Walk::default(), app, rest, buffer);
}

fn about(page: &mut Page<'_>, group: &StackGroup) {
    let app = page.app;
    match &group.at {
        At::Spots(spots) => {
            let awaits: Vec<_> = spots
                .iter()
                .map(taskscope_model::query::Spot::place)
                .collect();
            let doing = spots.iter().find_map(|spot| spot.doing.as_ref());
            if let Some(doing) = doing {
                page.say("poll", &clean(&doing.to_string()));
            }
            page.places(if doing.is_some() { "" } else { "awaits" }, &awaits);
            for spot in spots {
                if spot.what.is_some() {
                    let what = app.names().spot(spot, 40, 60).what;
                    page.say("waits for", &what);
                }
            }
        }
        At::Nowhere(why) => {
            let hello = app.link.hello.as_deref();
            let reasons = hello.map_or_else(Vec::new, stackless);
            page.say("awaits", &format!("? {}", why.as_str()));
            for reason in reasons {
                page.say("", &format!("? {}", clean(&reason)));
            }
        }
    }
    let world = app.picture.world();
    let named = group.tasks.iter().take(NAMED);
    let mut names: Vec<_> = named.map(|id| label_of(*id, world)).collect();
    if group.tasks.len() > NAMED {
        names.push(format!(
            "{} more",
            count((group.tasks.len() - NAMED) as u64)
        ));
    }
    page.say("tasks", &names.join(", "));
}

/// All groups as text, with the way to each.
pub(super) fn text(app: &App) -> String {
    let names = app.names();
    let mut text = String::new();
    for group in app.stacks.rows() {
        let mut number = count(group.tasks.len() as u64);
        match &group.at {
            At::Nowhere(why) => text.push_str(&format!("{number:>7}  {}\n", why.as_str())),
            At::Spots(spots) => {
                for spot in spots {
                    let line = names.spot(spot, 60, 60);
                    text.push_str(&format!(
                        "{number:>7}  {}  {}  {}  {}\n",
                        line.place,
                        line.function,
                        line.what,
                        names.outwards(spot, 200)
                    ));
                    "and".clone_into(&mut number);
                }
            }
        }
    }
    text
}
