//! The table of `taskscope resources`.

use std::fmt::Write;
use std::sync::Arc;

use taskscope_model::query::ResourceColumn;
use taskscope_model::{Nanos, Sureness, World};

use super::{Answer, Question};
use crate::cli::findings::text::blind;
use crate::cli::output::Style;
use crate::cli::table::{Column, Table};
use crate::feed::Hello;
use crate::text::{Names, Places, clean, count, doubt, duration};

/// Draws the resources, and how many there are.
pub(super) fn draw(
    hello: &Hello,
    world: &World,
    question: &Question,
    answer: &Answer<'_>,
    style: Style,
) -> String {
    let mut text = table(world, answer).draw(style);
    let all = world.resources().len();
    let _ = write!(
        text,
        "\n{} of {} resources",
        count(answer.matching as u64),
        count(all as u64)
    );
    if answer.rows.len() < answer.matching {
        let _ = write!(
            text,
            ", the first {} shown",
            count(answer.rows.len() as u64)
        );
    }
    let _ = write!(text, ", by {}", question.order);
    if !question.filter.is_empty() {
        let _ = write!(text, ", {}", clean(&question.filter.to_string()));
    }
    text.push('\n');
    let doubts = [
        ("? behind a holder", Sureness::Moved),
        ("free?, and free without a total", Sureness::Partial),
    ];
    for (mark, sureness) in doubts {
        if let Some(doubt) =
            doubt(sureness).filter(|_| answer.rows.iter().any(|row| row.usage.sureness == sureness))
        {
            let _ = writeln!(text, "{mark}: {doubt}");
        }
    }
    blind(hello, world, style, &mut text);
    text
}

fn table(world: &World, answer: &Answer<'_>) -> Table {
    let column = |title, right, least: Option<usize>, spare| Column {
        title,
        right,
        least,
        readable: least.map_or(0, |least| least + 4),
        spare,
        is_place: title == "CREATED AT",
    };
    let columns = vec![
        column("KIND", false, None, 0),
        column("CREATED AT", false, Some(10), 0),
        column("STATE", false, Some(8), 0),
        column("HELD BY", false, Some(8), 0),
        column("FOR", true, None, 0),
        column("WAITING", true, None, 0),
        column("LONGEST", true, None, 1),
        column("WAITS", true, None, 2),
        column("TAKEN", true, None, 3),
        column("WAITED", true, None, 4),
        column("LONGEST HOLD", true, None, 5),
        column("ID", true, None, 5),
    ];
    let (names, now) = (Names::of(world), world.now());
    let at = answer
        .rows
        .iter()
        .filter_map(|row| world.place(row.origin.place));
    let places = Places::of(at.map(|place| (Arc::clone(&place.file), place.line)));
    let rows = answer.rows.iter().map(|resource| {
        let queue = answer.queues.at(resource.id);
        let number = |column: ResourceColumn| column.number(resource, queue, now);
        let time = |column| number(column).map_or_else(|| "-".to_owned(), |ns| duration(Nanos(ns)));
        let many = |column| number(column).map_or_else(|| "-".to_owned(), count);
        vec![
            resource.origin.kind.to_string(),
            match (world.place(resource.origin.place), resource.origin.creator) {
                (Some(place), _) if !place.file.is_empty() => {
                    places.name(&place.file, place.line).to_owned()
                }
                (_, Some(creator)) => format!("by {}", names.task(creator)),
                (_, None) => "?".to_owned(),
            },
            names.state(resource),
            names.holders_in(resource, usize::MAX),
            time(ResourceColumn::Held),
            many(ResourceColumn::Waiters),
            time(ResourceColumn::Longest),
            many(ResourceColumn::Waits),
            many(ResourceColumn::Acquired),
            time(ResourceColumn::Waited),
            time(ResourceColumn::Hold),
            resource.id.number().to_string(),
        ]
    });
    Table {
        columns,
        rows: rows.collect(),
    }
}
