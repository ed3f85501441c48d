//! `taskscope tasks`: the tasks of a target as they are now.

mod json;
mod known;
mod question;
mod text;

use std::io::{self, Write};

use super::advice::{self, Advice};
use super::args::{Format, TasksArgs, ViewArgs};
use super::output::Style;
use super::{Outcome, output, target};
use crate::client::{Address, Sketching, Snapshot, snapshot, snapshot_of_tasks};
pub(super) use question::{Question, filter};

/// Prints the tasks of the target.
pub(super) async fn run(address: Option<Address>, args: &TasksArgs) -> Outcome {
    // What is written wrongly is said before anybody is asked.
    let question = Question::read(&args.choice, &args.view)?;
    let address = target::resolve(address).await?;
    print(&address, &question, &args.view).await
}

/// Prints the tasks of the target at `address`.
pub(super) async fn print(address: &Address, question: &Question, view: &ViewArgs) -> Outcome {
    let sketching = if view.percentiles {
        Sketching::All
    } else {
        Sketching::Asked
    };
    // Of what tasks share, only the column of what they wait for and the JSON tell.
    let columns = view.format == Format::Text && !view.columns.is_empty();
    let alone = (view.group || columns) && !question.filter.asks_for_stacks();
    let only = question.only.to_string();
    let Snapshot { hello, world } = if alone {
        snapshot_of_tasks(address, only, sketching).await?
    } else {
        snapshot(address, only, sketching).await?
    };
    let answer = question.answer(&world, view.limit);
    // Who tells of tasks is not silent, whatever it says of its sources.
    let silent = world.is_empty() && world.totals().spawned == 0;
    let advice = if silent {
        advice::of_silence(&hello)
    } else {
        Vec::new()
    };
    match view.format {
        Format::Json => {
            output::print_json(&json::Tasks::of(&hello, &world, question, &answer, &advice))
        }
        Format::Text => {
            warn(&advice);
            output::print(&text::draw(
                &hello,
                &world,
                question,
                &answer,
                view,
                Style::of_stdout(),
            ))
        }
    }
}

/// Says why there is nothing, so that it is not taken for an app without tasks.
fn warn(advice: &[Advice]) {
    for Advice { problem, .. } in advice {
        // Where nobody can be told, nothing is left to do.
        let _ = writeln!(io::stderr(), "warning: no task can be seen: {problem}");
    }
    if !advice.is_empty() {
        let _ = writeln!(io::stderr(), "`taskscope doctor` says what to change");
    }
}
