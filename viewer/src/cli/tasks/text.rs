//! The table of `taskscope tasks`.

use std::fmt::Write;
use std::sync::Arc;

use taskscope_model::query::{Column, Group};
use taskscope_model::{Nanos, Site, Sketch, Sketches, Task, World};

use super::known::Known;
use super::question::{Answer, Question, Rows, Sort};
use crate::cli::args::ViewArgs;
use crate::cli::output::Style;
use crate::cli::table::{self, Table};
use crate::feed::Hello;
use crate::text::{Names, Places, bytes, clean, count, duration, kind_of};

/// The columns where none are named, in order of their worth where there is little room.
const USUAL: [Column; 10] = [
    Column::Id,
    Column::State,
    Column::For,
    Column::Name,
    Column::Place,
    Column::Polls,
    Column::Busy,
    Column::Scheduled,
    Column::Idle,
    Column::Wakes,
];

/// One of the two distributions of a task.
type Which = fn(&Sketches) -> &Sketch;

/// The percentiles that are told.
const PERCENTILES: [(&str, f64, Which); 4] = [
    ("POLL P50", 0.5, |of| &of.polls),
    ("POLL P99", 0.99, |of| &of.polls),
    ("DELAY P50", 0.5, |of| &of.delays),
    ("DELAY P99", 0.99, |of| &of.delays),
];

/// Columns of what a task waits for before it is fitted to the width.
const WAITS_FOR: usize = 30;

/// Not known.
const UNKNOWN: &str = "?";

/// There is none.
const NONE: &str = "-";

/// Draws the tasks, and how many there are.
pub(super) fn draw(
    hello: &Hello,
    world: &World,
    question: &Question,
    answer: &Answer<'_>,
    view: &ViewArgs,
    style: Style,
) -> String {
    let table = match &answer.rows {
        Rows::Tasks(tasks) => of_tasks(tasks, hello, world, view),
        Rows::Groups(groups) => of_groups(groups, Known::of(hello), world),
    };
    let mut text = table.draw(style);
    let _ = writeln!(
        text,
        "\n{}",
        summary(world, question, answer, table.rows.len())
    );
    let totals = world.totals();
    for (number, what) in [
        (
            totals.untracked,
            "tasks could not be tracked: the table of the target was full",
        ),
        (
            totals.unplaced,
            "spawn places could not be told apart: the table of the target was full",
        ),
    ] {
        if number > 0 {
            let _ = writeln!(text, "{} {what}", count(number));
        }
    }
    if hello.sources.iter().any(|source| !source.active) {
        let _ = writeln!(
            text,
            "? is not told by this target: `taskscope doctor` says what to change"
        );
    }
    text
}

fn summary(world: &World, question: &Question, answer: &Answer<'_>, shown: usize) -> String {
    let totals = world.totals();
    let mut line = match question.sort {
        Sort::Groups(..) => format!("{} places", count(answer.matching as u64)),
        Sort::Tasks(_) if question.ended => format!("{} tasks", count(answer.matching as u64)),
        Sort::Tasks(_) => format!(
            "{} of {} live tasks",
            count(answer.matching as u64),
            count(totals.live())
        ),
    };
    if shown < answer.matching {
        let _ = write!(line, ", the first {} shown", count(shown as u64));
    }
    let _ = write!(line, ", by {}", question.sort);
    if !question.filter.is_empty() {
        let _ = write!(line, ", {}", clean(&question.filter.to_string()));
    }
    line
}

fn of_tasks(tasks: &[&Task], hello: &Hello, world: &World, view: &ViewArgs) -> Table {
    let named = !view.columns.is_empty();
    let has_name = |task: &&Task| name(task, world.site(task.birth.site)).is_some();
    // Most apps name none of their tasks: a column of nothing would only take the room.
    let names = tasks.iter().any(has_name);
    let shown = match named {
        true => view.columns.clone(),
        false => USUAL
            .into_iter()
            .filter(|column| *column != Column::Name || names)
            .collect(),
    };
    let known = Known::of(hello);
    let sites = tasks.iter().filter_map(|task| world.site(task.birth.site));
    let places = Places::of(sites.map(|site| (Arc::clone(&site.file), site.line)));
    let mut columns: Vec<_> = shown.iter().map(|column| head(*column, named)).collect();
    // Behind the place, before what is left out first where there is little room.
    let waits_at = shown
        .iter()
        .position(|column| *column == Column::Place)
        .filter(|_| !named && tasks.iter().any(|task| waits_for(task, world).is_some()))
        .map(|at| at + 1);
    if let Some(at) = waits_at {
        let head = table::Column {
            title: "WAITS FOR",
            right: false,
            least: Some(14),
            readable: 30,
            spare: 1,
            is_place: false,
        };
        columns.insert(at, head);
    }
    if view.percentiles {
        let head = |title| table::Column {
            title,
            right: true,
            least: None,
            ..table::Column::default()
        };
        columns.extend(PERCENTILES.iter().map(|(title, ..)| head(*title)));
    }
    let row = |task: &&Task| {
        let mut row: Vec<_> = shown
            .iter()
            .map(|column| cell(*column, task, world, known, &places))
            .collect();
        if let Some(at) = waits_at {
            row.insert(at, waits_for(task, world).unwrap_or_else(none));
        }
        if view.percentiles {
            row.extend(PERCENTILES.iter().map(|(_, q, of)| {
                let sketch = task.sketches.as_deref().map(of);
                sketch.map_or_else(unknown, |sketch| {
                    sketch.percentile(*q).map_or_else(none, duration)
                })
            }));
        }
        row
    };
    Table {
        columns,
        rows: tasks.iter().map(row).collect(),
    }
}

/// What a task waits for, else where it waits.
fn waits_for(task: &Task, world: &World) -> Option<String> {
    let names = Names::of(world);
    let tracked = names.waits_for(task.id, WAITS_FOR);
    tracked.or_else(|| names.waits_at(task, WAITS_FOR))
}

fn head(column: Column, named: bool) -> table::Column {
    let (title, right, least) = match column {
        Column::Id => ("ID", true, None),
        Column::State => ("STATE", false, None),
        Column::For => ("FOR", true, None),
        Column::Name => ("NAME", false, Some(8)),
        Column::Place => ("LOC", false, Some(10)),
        Column::Kind => ("KIND", false, None),
        Column::Polls => ("POLLS", true, None),
        Column::Busy => ("BUSY", true, None),
        Column::Scheduled => ("SCHED", true, None),
        Column::Idle => ("IDLE", true, None),
        Column::Wakes => ("WAKES", true, None),
        Column::SelfWakes => ("SELF", true, None),
        Column::Wakers => ("WAKERS", true, None),
        Column::Age => ("AGE", true, None),
        Column::Size => ("SIZE", true, None),
        Column::Runtime => ("RUNTIME", true, None),
        Column::Parent => ("PARENT", true, None),
    };
    let needed = named
        || matches!(
            column,
            Column::Id | Column::State | Column::For | Column::Place
        );
    table::Column {
        title,
        right,
        least,
        readable: 0,
        spare: u8::from(!needed),
        is_place: column == Column::Place,
    }
}

fn cell(column: Column, task: &Task, world: &World, known: Known, places: &Places) -> String {
    let (now, vitals, site) = (world.now(), &task.vitals, world.site(task.birth.site));
    let number = |number: Option<u64>| number.map_or_else(unknown, count);
    let time = |time: Option<Nanos>| time.map_or_else(unknown, duration);
    match column {
        Column::Id => number_as_is(task),
        Column::State => vitals.state.to_string(),
        Column::For => duration(task.in_state(now)),
        Column::Name => name(task, site).map_or_else(none, |name| clean(name).into_owned()),
        Column::Place => site.map_or_else(unknown, |site| {
            places.name(&site.file, site.line).to_owned()
        }),
        Column::Kind => site.map_or_else(unknown, |site| site.kind.to_string()),
        Column::Polls => number(known.polls(vitals.polls)),
        Column::Busy => time(known.polls(task.busy(now))),
        Column::Scheduled => time(known.waits(task, world, task.scheduled(now))),
        Column::Idle => time(known.waits(task, world, task.idle(now))),
        Column::Wakes => number(known.wakes(task, world, vitals.wakes)),
        Column::SelfWakes => number(known.wakes(task, world, vitals.self_wakes)),
        Column::Wakers => number(known.wakers(task, world, vitals.wakers.into())),
        Column::Age => duration(task.age(now)),
        Column::Size => site
            .map(|site| site.size)
            .filter(|size| *size > 0)
            .map_or_else(unknown, bytes),
        Column::Runtime => vitals
            .runtime
            .map_or_else(unknown, |runtime| runtime.0.to_string()),
        Column::Parent => match task.birth.parent {
            None => none(),
            Some(parent) => world.task(parent).map_or_else(unknown, number_as_is),
        },
    }
}

fn of_groups(groups: &[Group], known: Known, world: &World) -> Table {
    let number = |title, spare| table::Column {
        title,
        right: true,
        spare,
        ..table::Column::default()
    };
    let columns = vec![
        number("LIVE", 0),
        number("RUNNING", 1),
        number("SCHEDULED", 2),
        // What the two before leave of the live ones.
        number("IDLE", 3),
        number("ENDED", 0),
        number("POLLS", 0),
        number("BUSY", 0),
        number("DELAYED", 4),
        number("WAKES", 5),
        number("LONGEST IDLE", 6),
        table::Column {
            title: "KIND",
            ..table::Column::default()
        },
        table::Column {
            title: "LOC",
            least: Some(12),
            // The rows are places: without them the numbers mean nothing.
            readable: 24,
            is_place: true,
            ..table::Column::default()
        },
    ];
    let files = groups.iter().map(|group| Arc::clone(&group.file));
    let places = Places::of(files.zip(groups.iter().map(|group| group.line)));
    let row = |group: &Group| {
        let number = |number: Option<u64>| number.map_or_else(unknown, count);
        let time = |time: Option<Nanos>| time.map_or_else(unknown, duration);
        vec![
            count(group.live()),
            count(group.running),
            count(group.scheduled),
            count(group.idle),
            count(group.ended.tasks()),
            number(known.polls(group.polls)),
            time(known.polls(group.busy)),
            time(known.waits_of(group, world, group.delayed)),
            number(known.wakes_of(group, world, group.wakes)),
            duration(group.longest_idle),
            kind_of(group, world).to_owned(),
            places.name(&group.file, group.line).to_owned(),
        ]
    };
    Table {
        columns,
        rows: groups.iter().map(row).collect(),
    }
}

fn name<'a>(task: &'a Task, site: Option<&'a Site>) -> Option<&'a str> {
    let closure = || site?.type_name.as_deref();
    task.birth.name.as_deref().or_else(closure)
}

/// Ids are looked for, so they are written as others write them.
fn number_as_is(task: &Task) -> String {
    task.birth
        .tokio_id
        .map_or_else(unknown, |id| id.to_string())
}

fn unknown() -> String {
    UNKNOWN.to_owned()
}

fn none() -> String {
    NONE.to_owned()
}
