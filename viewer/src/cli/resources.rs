//! `taskscope resources`: who holds what and who waits for it, as it is now.

mod json;
mod text;

use taskscope_model::query::{FilterError, Queues, ResourceFilter, ResourceOrder, UnknownColumn};
use taskscope_model::{Resource, World};

use super::args::{Format, ResourcesArgs};
use super::failure::Failure;
use super::output::Style;
use super::{Outcome, output, target};
use crate::client::{Address, Sketching, Snapshot, snapshot};

/// Which resources are asked for, and in which order.
#[derive(Clone, Debug, Default)]
struct Question {
    filter: ResourceFilter,
    order: ResourceOrder,
    limit: Option<usize>,
}

/// What there is to show.
#[derive(Debug)]
struct Answer<'a> {
    /// How many match, shown or not.
    matching: usize,
    /// Those that are shown.
    rows: Vec<&'a Resource>,
    queues: Queues,
}

/// Prints the resources of the target.
pub(super) async fn run(address: Option<Address>, args: &ResourcesArgs) -> Outcome {
    let question = Question::read(args)?;
    let address = target::resolve(address).await?;
    let Snapshot { hello, world } = snapshot(&address, String::new(), Sketching::Asked).await?;
    let answer = question.answer(&world);
    match args.format {
        Format::Json => {
            output::print_json(&json::Resources::of(&hello, &world, &question, &answer))
        }
        Format::Text => {
            let style = Style::of_stdout();
            output::print(&text::draw(&hello, &world, &question, &answer, style))
        }
    }
}

impl Question {
    /// Reads what is written on the command line.
    fn read(args: &ResourcesArgs) -> Result<Self, Failure> {
        let filter = args.filter.parse().map_err(|FilterError { at, message }| {
            let quoted = crate::text::clean(&args.filter);
            let column = args.filter.get(..at).unwrap_or_default().chars().count();
            let arrow = format!("{:>1$}", "^", column + 1);
            Failure::Usage(format!(
                "--filter: {message}\n\n  {quoted}\n  {arrow}\n\n`taskscope filters` explains the language"
            ))
        })?;
        let order = match args.sort.as_deref() {
            None => ResourceOrder::default(),
            Some(text) => text.parse().map_err(|error: UnknownColumn| {
                Failure::Usage(format!("--sort {}: {error}", crate::text::clean(text)))
            })?,
        };
        Ok(Self {
            filter,
            order,
            limit: args.limit,
        })
    }

    fn answer<'a>(&self, world: &'a World) -> Answer<'a> {
        let queues = Queues::of(world);
        let mut rows: Vec<_> = world
            .resources()
            .iter()
            .filter(|resource| self.filter.matches(resource, queues.at(resource.id), world))
            .collect();
        self.order.sort(&mut rows, world, &queues);
        let matching = rows.len();
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        Answer {
            matching,
            rows,
            queues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene;

    fn draw(question: &Question, width: usize) -> String {
        let world = scene::bank();
        let answer = question.answer(&world);
        let style = Style {
            width,
            colours: false,
        };
        text::draw(&scene::hello(), &world, question, &answer, style)
    }

    #[test]
    fn the_table() {
        insta::assert_snapshot!("resources", draw(&Question::default(), 120));
        insta::assert_snapshot!("resources_60", draw(&Question::default(), 60));
    }

    #[test]
    fn filter_order_and_limit() {
        let question = Question {
            filter: "waiters>0 kind:mutex".parse().unwrap(),
            order: "loc".parse().unwrap(),
            limit: Some(1),
        };
        insta::assert_snapshot!("resources_filtered", draw(&question, 80));
    }

    #[test]
    fn the_json_is_what_its_schema_says() {
        let world = scene::bank();
        let question = Question::default();
        let answer = question.answer(&world);
        let json = json::Resources::of(&scene::hello(), &world, &question, &answer).to_value();
        scene::check(&json, include_str!("../../schema/resources.v1.json"));
        let ledger = &json["resources"][0];
        assert_eq!(ledger["location"], "bank.rs:31");
        assert_eq!(ledger["holders"][0]["task"]["id"], 17);
        assert_eq!(ledger["holders"][0]["held_for_ns"], 41_200_000_000_u64);
        assert_eq!(ledger["waiting_total"], 15);
        assert_eq!(ledger["waiting"][0]["task"]["id"], 18);
        let rows = json["resources"].as_array().unwrap();
        let of = |kind: &str| rows.iter().find(|row| row["kind"] == kind).unwrap();
        // Taken on a thread outside of any task, and by a task that has ended since.
        assert_eq!(of("RwLock")["holders"][0]["task"], serde_json::Value::Null);
        assert_eq!(of("Semaphore")["holders"][0]["ended"], true);
        assert_eq!(of("Semaphore")["sureness"], "partial");
    }

    #[test]
    fn what_many_wait_for_is_told_in_part() {
        let world = scene::crowd(100_000);
        let question = Question::default();
        let answer = question.answer(&world);
        let json = json::Resources::of(&scene::hello(), &world, &question, &answer).to_value();
        assert_eq!(json["resources"][0]["waiting_total"], 100_000);
        let listed = json["resources"][0]["waiting"].as_array().unwrap();
        assert_eq!(listed.len(), json::WAITING);
    }
}
