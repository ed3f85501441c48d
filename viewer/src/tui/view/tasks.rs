//! The table of tasks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use taskscope_model::query::Column;
use taskscope_model::{Kind, Nanos, State, Task, TaskId};

use super::super::app::App;
use super::super::theme::Look;
use super::View;
use super::grid::{self, Placed, Spec};
use crate::text::{self, bytes, count_in, duration, fit, place};

/// The number of the column that says what a task waits for. Nothing can be sorted by it.
const WAITS_FOR: usize = Column::ALL.len();

/// The columns as they stand from left to right: the answers first.
const ORDER: [usize; 18] = [
    Column::Id as usize,
    Column::State as usize,
    Column::For as usize,
    Column::Name as usize,
    Column::Place as usize,
    WAITS_FOR,
    Column::Polls as usize,
    Column::Busy as usize,
    Column::Scheduled as usize,
    Column::Idle as usize,
    Column::Wakes as usize,
    Column::Wakers as usize,
    Column::Kind as usize,
    Column::SelfWakes as usize,
    Column::Age as usize,
    Column::Size as usize,
    Column::Runtime as usize,
    Column::Parent as usize,
];

fn specs(app: &App, columns: u16) -> Vec<Spec> {
    let narrow = columns < 60;
    let id = app.tasks.id_digits().max(if narrow { 4 } else { 6 });
    let known = Column::ALL.map(|column| match column {
        Column::Id => Spec::number("ID", id),
        Column::State if narrow => Spec::text("STATE", 6, 6),
        Column::State => Spec::text("STATE", 9, 9),
        Column::For => Spec::number("FOR", 7),
        Column::Name => Spec::text("NAME", if narrow { 9 } else { 10 }, 40),
        Column::Place => Spec::text(
            "SPAWNED AT",
            match columns {
                ..60 => 12,
                60..100 => 14,
                _ => 16,
            },
            48,
        ),
        Column::Kind => Spec::text("KIND", 8, 8),
        Column::Polls => Spec::number("POLLS", 8),
        Column::Busy => Spec::number("BUSY", 7),
        Column::Scheduled => Spec::number("SCHED", 7),
        Column::Idle => Spec::number("IDLE", 7),
        Column::Wakes => Spec::number("WAKES", 8),
        Column::SelfWakes => Spec::number("SELF", 7),
        Column::Wakers => Spec::number("WAKERS", 7),
        Column::Age => Spec::number("AGE", 7),
        Column::Size => Spec::number("SIZE", 7),
        Column::Runtime => Spec::number("RUNTIME", 8),
        Column::Parent => Spec::number("PARENT", 7),
    });
    let waits = Spec::text(
        "WAITS FOR",
        match columns {
            ..60 => 14,
            60..100 => 22,
            _ => 27,
        },
        44,
    );
    known.into_iter().chain([waits]).collect()
}

fn placed(app: &App, columns: u16) -> (Vec<Spec>, Vec<Placed>) {
    let specs = specs(app, columns);
    let sorted = app.tasks.order.column as usize;
    // Most apps name none of their tasks: a column of nothing would only take the room.
    let nameless = !app.tasks.has_names();
    let idle = !app.tasks.has_waits();
    let order: Vec<_> = ORDER
        .into_iter()
        .filter(|column| !(nameless && *column == Column::Name as usize))
        .filter(|column| !(idle && *column == WAITS_FOR))
        .collect();
    let placed = grid::place(&specs, &order, columns, app.tasks.shift, sorted);
    (specs, placed)
}

/// The numbers of the columns that are on the screen and can be sorted by, from left to right.
pub(in super::super) fn shown(app: &App) -> Vec<usize> {
    placed(app, app.size.0)
        .1
        .iter()
        .map(|column| column.index)
        .filter(|column| *column != WAITS_FOR)
        .collect()
}

/// The number of the column whose heading is there.
pub(in super::super) fn column_at(app: &App, x: u16) -> Option<usize> {
    grid::column_at(&placed(app, app.size.0).1, x)
}

/// Draws headings and rows.
pub(super) fn draw(app: &App, area: Rect, view: View, buffer: &mut Buffer) {
    let look = app.theme.look();
    let (specs, placed) = placed(app, area.width);
    let order = app.tasks.order;
    let table = grid::Table {
        specs: &specs,
        placed: &placed,
        sorted: (order.column as usize, order.descending),
        look: &look,
    };
    let rows = app.tasks.rows();
    grid::draw(
        &table,
        rows,
        view,
        area,
        buffer,
        |id: &TaskId, column, width| {
            let column = Column::ALL.get(column).copied();
            match (app.picture.world().task(*id), column) {
                (Some(task), Some(column)) => Some(value(app, task, column, width, &look)),
                (Some(task), None) => {
                    let names = app.names();
                    let waits = names.waits_for(task.id, width);
                    let waits = waits.or_else(|| names.waits_at(task, width))?;
                    Some((fit(&waits, width), Style::new()))
                }
                // The rows are a little older than the world.
                (None, Some(Column::State)) => Some(("gone".to_owned(), look.dim)),
                (None, _) => None,
            }
        },
    );
    grid::marks(rows, view, area, &look, buffer, |id| {
        app.problems.of_task(*id)
    });
}

/// What a cell shows, and how.
fn value(app: &App, task: &Task, column: Column, width: usize, look: &Look) -> (String, Style) {
    let world = app.picture.world();
    let now = app.picture.moment_of(task);
    let vitals = &task.vitals;
    let site = world.site(task.birth.site);
    let number = |n: u64| count_in(n, width);
    let known = |known: bool, text: String| if known { text } else { "?".to_owned() };
    let text = match column {
        Column::Id => task
            .birth
            .tokio_id
            .map_or_else(|| "?".to_owned(), |id| id.to_string()),
        Column::State => state_word(vitals.state, width).to_owned(),
        Column::For => duration(task.in_state(now)),
        Column::Name => task.birth.name.as_deref().map_or_else(
            || text::name(task, world).map_or_else(String::new, |name| fit(&name, width)),
            |name| fit(name, width),
        ),
        Column::Place => place(site, width),
        Column::Kind => site.map_or("?", |site| site.kind.as_str()).to_owned(),
        Column::Polls => known(app.link.tells("polls"), number(vitals.polls)),
        Column::Busy => known(app.link.tells("polls"), duration(task.busy(now))),
        Column::Scheduled => known(sees_wakes(app, task), duration(task.scheduled(now))),
        Column::Idle => known(sees_wakes(app, task), duration(task.idle(now))),
        Column::Wakes => known(sees_wakes(app, task), number(vitals.wakes)),
        Column::SelfWakes => known(sees_wakes(app, task), number(vitals.self_wakes)),
        Column::Wakers => known(sees_wakers(app, task), number(u64::from(vitals.wakers))),
        Column::Age => duration(task.age(now)),
        Column::Size => match site.map_or(0, |site| site.size) {
            0 => "?".to_owned(),
            size => bytes(size),
        },
        Column::Runtime => vitals
            .runtime
            .map_or_else(|| "?".to_owned(), |runtime| runtime.0.to_string()),
        Column::Parent => match task.birth.parent.map(|parent| world.task(parent)) {
            None => "-".to_owned(),
            Some(parent) => {
                let id = parent.and_then(|parent| parent.birth.tokio_id);
                id.map_or_else(|| "?".to_owned(), |id| format!("#{id}"))
            }
        },
    };
    let ended = vitals.state.has_ended();
    let style = match column {
        Column::State => look.state(vitals.state),
        _ if ended || text == "?" || text == "0" || text == "-" => look.dim,
        Column::For if worth_a_look(app, task) => look.caution,
        _ => Style::new(),
    };
    (text, style)
}

/// A poll, or a wait for a worker, that takes so long that others suffer. Alice Ryhl ("Async: What is blocking?") advises
/// 10 to 100 µs between awaits; 100 ms is a thousand times that. A blocking closure may take as long as it likes.
fn worth_a_look(app: &App, task: &Task) -> bool {
    matches!(task.vitals.state, State::Running | State::Scheduled)
        && kind(app, task) != Kind::Blocking
        && task.in_state(app.picture.moment_of(task)) > Nanos(100_000_000)
}

/// The state's word, or a short form of it.
fn state_word(state: State, width: usize) -> &'static str {
    match state {
        State::Scheduled if width < 9 => "sched",
        State::Running if width < 7 => "run",
        State::Cancelled if width < 9 => "cancel",
        State::Panicked if width < 8 => "panic",
        state => state.as_str(),
    }
}

/// Whether wakes of a task are seen: those of a `block_on` never are.
pub(super) fn sees_wakes(app: &App, task: &Task) -> bool {
    app.link.tells("wakes") && kind(app, task) != Kind::BlockOn
}

/// Whether it is known how many wakers of a task there are.
pub(super) fn sees_wakers(app: &App, task: &Task) -> bool {
    app.link.tells("wakers") && kind(app, task) != Kind::BlockOn
}

fn kind(app: &App, task: &Task) -> Kind {
    app.picture
        .world()
        .site(task.birth.site)
        .map_or(Kind::Unknown, |site| site.kind)
}

/// Why something about a task is `?`, in words.
pub(super) fn unknown(app: &App, task: &Task) -> Option<&'static str> {
    if kind(app, task) == Kind::BlockOn {
        return Some("? wakes of a block_on future can't be seen");
    }
    if !app.link.tells("polls") {
        return Some("? this target does not tell of polls");
    }
    if !app.link.tells("wakes") {
        return Some("? this target does not tell of wakes");
    }
    if !app.link.tells("wakers") {
        return Some("? this target does not tell of wakers");
    }
    if app
        .picture
        .world()
        .site(task.birth.site)
        .is_none_or(|site| site.file.is_empty())
    {
        return Some("? the target does not know where it was spawned");
    }
    None
}
