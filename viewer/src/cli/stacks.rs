//! `taskscope stacks`: at which places in the source tasks wait, and how many at each.

mod json;
mod text;

use taskscope_model::World;
use taskscope_model::query::{Filter, StackGroup, by_stack};

use super::args::{Format, StacksArgs};
use super::output::Style;
use super::tasks::filter;
use super::{Outcome, output, target};
use crate::client::{Address, Sketching, Snapshot, connect, snapshot};

/// What there is to show.
#[derive(Debug)]
struct Answer {
    filter: Filter,
    /// Live tasks that match.
    matching: usize,
    /// Groups of them, shown or not.
    places: usize,
    /// Those that are shown.
    groups: Vec<StackGroup>,
}

impl Answer {
    fn of(world: &World, filter: Filter, limit: Option<usize>) -> Self {
        let matching = world.tasks().filter(|task| filter.matches(task, world));
        let mut groups = by_stack(world, matching);
        let matching = groups.iter().map(|group| group.tasks.len()).sum();
        let places = groups.len();
        groups.truncate(limit.unwrap_or(usize::MAX));
        Self {
            filter,
            matching,
            places,
            groups,
        }
    }
}

/// Prints where the tasks of the target wait.
pub(super) async fn run(address: Option<Address>, args: &StacksArgs) -> Outcome {
    let filter = filter("--filter", &args.filter)?;
    let address = target::resolve(address).await?;
    let Snapshot { mut hello, world } = snapshot(&address, String::new(), Sketching::Asked).await?;
    // The target looks at its own debug information once it is asked: by now it has.
    if hello.setup.debug_info.is_empty()
        && let Ok(again) = connect(&address).await
    {
        hello.setup.debug_info = again.hello.setup.debug_info;
    }
    let answer = Answer::of(&world, filter, args.limit);
    match args.format {
        Format::Json => output::print_json(&json::Stacks::of(&hello, &world, &answer)),
        Format::Text => output::print(&text::draw(&hello, &world, &answer, Style::of_stdout())),
    }
}

#[cfg(test)]
mod tests {
    use taskscope_model::Activity;

    use super::*;
    use crate::{scene, stacked};

    fn answer(world: &World, filter: &str, limit: Option<usize>) -> Answer {
        Answer::of(world, filter.parse().unwrap(), limit)
    }

    fn draw(filter: &str, limit: Option<usize>, width: usize) -> String {
        let world = stacked::world();
        let style = Style {
            width,
            colours: false,
        };
        text::draw(
            &stacked::hello(),
            &world,
            &answer(&world, filter, limit),
            style,
        )
    }

    #[test]
    fn the_table() {
        insta::assert_snapshot!("stacks", draw("", None, 120));
        insta::assert_snapshot!("stacks_80", draw("", None, 80));
        insta::assert_snapshot!("stacks_filtered", draw("at:bank.rs", Some(1), 100));
    }

    #[test]
    fn the_json_is_what_its_schema_says() {
        let world = stacked::world();
        let answer = answer(&world, "", None);
        let (hello, schema) = (
            stacked::hello(),
            include_str!("../../schema/stacks.v1.json"),
        );
        let json = serde_json::to_value(json::Stacks::of(&hello, &world, &answer)).unwrap();
        scene::check(&json, schema);
        let groups = json["groups"].as_array().unwrap();
        assert_eq!(
            (&groups[0]["count"], &json["places"]),
            (&14.into(), &groups.len().into())
        );
        assert_eq!(groups[0]["awaits"][0]["frames"][1]["line"], 58);
        assert_eq!(groups[0]["awaits"][0]["resource"]["location"], "bank.rs:31");
        let counted = groups.iter().map(|group| group["count"].as_u64().unwrap());
        assert_eq!(counted.sum::<u64>(), json["matching"].as_u64().unwrap());
    }

    #[test]
    fn what_is_done_in_polls_that_do_not_return_is_told() {
        let mut changes = stacked::bank();
        let read = || Activity::Blocked("read".into());
        changes.push(stacked::stack(
            7,
            &[("read", "", 0), ("api::up", "api.rs", 133)],
            true,
        ));
        changes.extend(stacked::stuck(60, read(), Ok(7)));
        changes.extend(stacked::stuck(61, read(), Ok(7)));
        changes.extend(stacked::stuck(62, Activity::OnCpu, Err("it is deaf")));
        let world = scene::world(changes);
        let hello = stacked::hello();
        let style = Style {
            width: 120,
            colours: false,
        };
        let answer = answer(&world, "state:running", None);
        insta::assert_snapshot!(
            "stacks_in_polls",
            text::draw(&hello, &world, &answer, style)
        );
        let json = serde_json::to_value(json::Stacks::of(&hello, &world, &answer)).unwrap();
        scene::check(&json, include_str!("../../schema/stacks.v1.json"));
        let group = &json["groups"][0];
        assert_eq!(
            (&group["count"], &group["awaits"]),
            (&2.into(), &serde_json::json!([]))
        );
        assert_eq!(group["poll"]["system_call"], "read");
        assert_eq!(group["poll"]["frames"][1]["line"], 133);
        assert_eq!(json["groups"][1]["reason"], "in a poll");
        assert_eq!(
            Answer::of(&world, "at:api.rs".parse().unwrap(), None).matching,
            2
        );
    }

    #[test]
    fn many_tasks_at_one_place_are_one_group_of_which_some_are_named() {
        let mut changes = scene::crowd_changes(2_000);
        changes.push(stacked::stack(1, &[("a::b", "a.rs", 3)], true));
        changes.extend((2..2_002).map(|n| stacked::leaves(n, &[(1, 0)])));
        for n in 2..2_002 {
            changes.push(taskscope_model::Change::WaitOver(
                taskscope_model::WaitId::new(n).unwrap(),
            ));
        }
        let world = scene::world(changes);
        let answer = answer(&world, "at:a.rs:3", None);
        let json =
            serde_json::to_value(json::Stacks::of(&stacked::hello(), &world, &answer)).unwrap();
        assert_eq!(json["groups"][0]["count"], 2_000);
        let listed = json["groups"][0]["tasks"].as_array().unwrap();
        assert_eq!(listed.len(), json::TASKS);
    }
}
