//! The table of `taskscope stacks`.

use std::fmt::Write;

use taskscope_model::World;
use taskscope_model::query::{At, Nowhere, StackGroup};

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
    for line in stackless(hello).into_iter().chain(unknown(answer)) {
        for part in wrap(&format!("? {line}"), style.width.max(20)) {
            let _ = writeln!(text, "{part}");
        }
    }
    text
}

/// What a `?` in the table, and `not known`, stand for.
fn unknown(answer: &Answer) -> Vec<String> {
    let spots = answer.groups.iter().flat_map(|group| match &group.at {
        At::Spots(spots) => spots.as_slice(),
        At::Nowhere(_) => &[],
    });
    let (mut uncaught, mut unnamed) = (false, false);
    for spot in spots {
        uncaught |= spot.stack.is_none();
        unnamed |= spot.stack.is_some() && spot.frames.is_none();
    }
    let nowhere = |group: &StackGroup| group.at == At::Nowhere(Nowhere::NotKnown);
    let reasons = [
        (uncaught, "at a resource: no stack of that wait was caught"),
        (
            unnamed,
            "alone: the program did not name that stack in time",
        ),
        (
            answer.groups.iter().any(nowhere),
            "not known: no stack was caught, or it is the future of a block_on, whose wakers are not told",
        ),
    ];
    let told = reasons.into_iter().filter(|(told, _)| *told);
    told.map(|(_, why)| why.to_owned()).collect()
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
