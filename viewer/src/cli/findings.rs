//! `taskscope findings`: what is wrong with a target now, and what was.

pub(super) mod json;
pub(super) mod text;

use taskscope_model::Finding;

use super::args::{FindingsArgs, Format};
use super::output::Style;
use super::{Outcome, output, target};
use crate::client::{Address, Sketching, Snapshot, snapshot};

/// Prints the findings of the target.
pub(super) async fn run(address: Option<Address>, args: &FindingsArgs) -> Outcome {
    let address = target::resolve(address).await?;
    let Snapshot { hello, world } = snapshot(&address, String::new(), Sketching::Asked).await?;
    let findings = sorted(world.findings().iter().cloned());
    match args.format {
        Format::Json => output::print_json(&json::Findings::of(&hello, &world, &findings)),
        Format::Text => output::print(&text::draw(&hello, &world, &findings, Style::of_stdout())),
    }
}

/// The worst first: what stands before what does not, the surest before all others, the oldest of these first.
pub(super) fn sorted(findings: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut findings: Vec<_> = findings.into_iter().collect();
    findings.sort_by_key(|finding| {
        let tier = std::cmp::Reverse(finding.tier);
        let cleared = finding.cleared.map(std::cmp::Reverse);
        (cleared.is_some(), tier, cleared, finding.since, finding.id)
    });
    findings
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;
    use taskscope_model::World;

    use super::*;
    use crate::scene;

    fn draw(world: &World, width: usize) -> String {
        let findings = sorted(world.findings().iter().cloned());
        let style = Style {
            width,
            colours: false,
        };
        text::draw(&scene::hello(), world, &findings, style)
    }

    fn json(world: &World) -> Value {
        let findings = sorted(world.findings().iter().cloned());
        let hello = scene::hello();
        let json = serde_json::to_value(json::Findings::of(&hello, world, &findings)).unwrap();
        scene::check(&json, include_str!("../../schema/findings.v1.json"));
        json
    }

    #[test]
    fn the_worst_comes_first() {
        insta::assert_snapshot!("findings", draw(&scene::bank(), 100));
        insta::assert_snapshot!("findings_50", draw(&scene::bank(), 50));
        insta::assert_snapshot!("findings_none", draw(&World::new(), 100));
    }

    #[test]
    fn the_json_is_what_its_schema_says() {
        let json = json(&scene::bank());
        let rule = |i: usize| json["findings"][i]["rule"].as_str().unwrap();
        let rules = [rule(0), rule(1), rule(2), rule(3)];
        let order = [
            "deadlock",
            "held-across-await",
            "async-mutex-not-needed",
            "long-poll",
        ];
        assert_eq!(rules, order);
        let deadlock = &json["findings"][0];
        assert_eq!(deadlock["tier"], "proven");
        assert_eq!(deadlock["cleared_ns"], Value::Null);
        assert_eq!(deadlock["stood_for_ns"], 41_100_000_000_u64);
        let transfer = &deadlock["subjects"][0];
        assert_eq!(
            (&transfer["kind"], &transfer["id"]),
            (&"task".into(), &17.into())
        );
        assert_eq!(
            (&transfer["name"], &transfer["location"]),
            (&"transfer".into(), &"bank.rs:55".into())
        );
        let lock = &deadlock["subjects"][2];
        assert_eq!(
            (&lock["kind"], &lock["id"]),
            (&"resource".into(), &"1".into())
        );
        assert_eq!(
            (&lock["name"], &lock["location"]),
            (&"Mutex".into(), &"bank.rs:31".into())
        );
        assert_eq!(json["findings"][3]["stood_for_ns"], 2_000_000_000_u64);
    }

    /// What a target calls things never becomes a command to a terminal, and a program reads the very text.
    #[test]
    fn hostile_texts_are_shown_and_not_obeyed() {
        let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\u{202e}evil";
        let mut world = scene::bank();
        let mut finding = scene::findings().remove(0);
        let text: Arc<str> = hostile.into();
        (finding.rule, finding.summary, finding.advice) =
            (text.clone(), text.clone(), text.clone());
        finding.evidence = vec![text];
        world.apply(taskscope_model::Change::Finding(Box::new(finding)));
        for width in [20, 50, 100] {
            let drawn = draw(&world, width);
            assert!(
                !drawn.contains(
                    |c: char| c != '\n' && crate::text::clean(&c.to_string()) != c.to_string()
                ),
                "{drawn:?}"
            );
        }
        assert_eq!(json(&world)["findings"][0]["summary"], hostile);
    }
}
