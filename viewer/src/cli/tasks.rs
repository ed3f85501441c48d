//! `taskscope tasks`: the tasks of a target as they are now.

mod json;
mod known;
mod question;
mod text;

use super::args::{Format, Shared, TasksArgs, ViewArgs};
use super::output::Style;
use super::{Outcome, output, target};
use crate::client::{Address, Sketching, Snapshot, snapshot};
pub(super) use question::Question;

/// Prints the tasks of the target.
pub(super) async fn run(address: Option<Address>, shared: &Shared, args: &TasksArgs) -> Outcome {
    // What is written wrongly is said before anybody is asked.
    let question = Question::read(shared, &args.view)?;
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
    let Snapshot { hello, world } = snapshot(address, question.only.to_string(), sketching).await?;
    let answer = question.answer(&world, view.limit);
    match view.format {
        Format::Json => output::print_json(&json::Tasks::of(&hello, &world, question, &answer)),
        Format::Text => output::print(&text::draw(
            &hello,
            &world,
            question,
            &answer,
            view,
            Style::of_stdout(),
        )),
    }
}
