//! The table of `taskscope stacks`.

use std::fmt::Write;

use taskscope_model::World;
use taskscope_model::query::At;

use super::Answer;
use crate::cli::output::Style;
use crate::cli::table::{Column, Table};
use crate::feed::Hello;
use crate::text::{Names, clean, count, stackless, wrap};

/// Columns of a place, of the way to it, and of what is waited for, before they are fitted to the width.
const PLACE: usize = 40;
const WAY: usize = 120;
const WHAT: usize = 40;

/// Draws the groups, and how many there are.
pub(super) fn draw(hello: &Hello, world: &World, answer: &Answer, style: Style) -> String {
    let mut text = table(world, answer).draw(style);
    let tasks = if answer.matching == 1 {
        "task"
    } else {
        "tasks"
    };
    let groups = if answer.places == 1 {
        "place"
    } else {
        "places"
    };
    let _ = write!(
        text,
        "\n{} {tasks} in {} {groups}",
        count(answer.matching as u64),
        count(answer.places as u64)
    );
    if answer.groups.len() < answer.places {
        let shown = count(answer.groups.len() as u64);
        let _ = write!(text, ", the first {shown} shown");
    }
    if !answer.filter.is_empty() {
        let _ = write!(text, ", {}", clean(&answer.filter.to_string()));
    }
    text.push('\n');
    for line in stackless(hello) {
        for part in wrap(&format!("? {line}"), style.width.max(20)) {
            let _ = writeln!(text, "{part}");
        }
    }
    text
}

fn table(world: &World, answer: &Answer) -> Table {
    let text = |title, least, readable, spare| Column {
        title,
        least: Some(least),
        readable,
        spare,
        ..Column::default()
    };
    let number = Column {
        title: "TASKS",
        right: true,
        ..Column::default()
    };
    let place = Column {
        is_place: true,
        ..text("AT", 10, 14, 0)
    };
    let columns = vec![
        number,
        place,
        text("IN", 8, 18, 2),
        text("WAITS FOR", 8, 18, 1),
        text("WITHIN", 8, 16, 3),
    ];
    let names = Names::of(world);
    let mut rows = Vec::new();
    for group in &answer.groups {
        let tasks = count(group.tasks.len() as u64);
        let none = || "-".to_owned();
        match &group.at {
            At::Nowhere(why) => {
                rows.push(vec![tasks, why.as_str().to_owned(), none(), none(), none()]);
            }
            At::Spots(spots) => {
                // Several places at once stand below each other.
                for (i, spot) in spots.iter().enumerate() {
                    let line = names.spot(spot, PLACE, WHAT);
                    rows.push(vec![
                        if i == 0 {
                            tasks.clone()
                        } else {
                            "and".to_owned()
                        },
                        line.place,
                        line.function,
                        line.what,
                        names.outwards(spot, WAY),
                    ]);
                }
            }
        }
    }
    Table { columns, rows }
}
