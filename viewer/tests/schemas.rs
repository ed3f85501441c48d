//! The JSON is what its published schema says, and the schema says all of it.

#[path = "support/command.rs"]
mod command;
#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/target.rs"]
mod target;

use std::path::Path;

use command::run;
use serde_json::Value;
use target::{Target, babbler};

fn schema(of: &str) -> Value {
    run(Path::new("/nowhere"), &["schema", of]).json()
}

/// Asserts that the output of a command is what its schema says.
#[track_caller]
fn check(dir: &Path, args: &[&str]) -> Value {
    let output = run(dir, &[args, &["--format=json"]].concat()).json();
    let schema = schema(args[0]);
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is one");
    let errors: Vec<_> = validator
        .iter_errors(&output)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{args:?}: {errors:#?}");
    known(&output, &schema, &schema, args[0]);
    output
}

/// Asserts that all of a value is spoken of in the schema.
#[track_caller]
fn known(value: &Value, part: &Value, schema: &Value, path: &str) {
    let part = resolve(part, schema);
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = format!("{path}.{name}");
                let described = &part["properties"][name];
                assert!(described.is_object(), "{path} is not in the schema");
                known(field, described, schema, &path);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| known(item, &part["items"], schema, path)),
        _ => {}
    }
}

fn resolve<'a>(part: &'a Value, schema: &'a Value) -> &'a Value {
    match part["$ref"]
        .as_str()
        .or_else(|| part["anyOf"][0]["$ref"].as_str())
    {
        Some(name) => schema
            .pointer(name.trim_start_matches('#'))
            .expect("a definition"),
        None => part,
    }
}

/// Asserts that each property has words that say what it is, and is required, so that a reader can lean on it.
fn described(part: &Value, path: &str) {
    match part {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                for (name, property) in properties {
                    let words = property["description"].as_str().unwrap_or_default();
                    assert!(
                        words.len() > 10 && words.ends_with('.'),
                        "{path}.{name} is not described"
                    );
                    assert!(
                        fields["required"]
                            .as_array()
                            .is_some_and(|all| all.contains(&Value::from(name.as_str())))
                    );
                }
            }
            fields
                .iter()
                .for_each(|(name, field)| described(field, &format!("{path}.{name}")));
        }
        Value::Array(items) => items.iter().for_each(|item| described(item, path)),
        _ => {}
    }
}

#[test]
fn every_output_is_what_its_schema_says() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut script = scenes::shop();
    let mixed = scenes::site(4, "src/api.rs", 120, taskscope_proto::v1::TaskKind::Local);
    script.updates[0].sites.push(mixed);
    let _target = Target::start(dir.path(), 4242, script);
    let tasks = check(dir.path(), &["tasks", "--percentiles", "--ended"]);
    assert_eq!(tasks["tasks"].as_array().map(Vec::len), Some(6));
    check(dir.path(), &["tasks"]);
    let groups = check(dir.path(), &["tasks", "--group"]);
    assert_eq!(groups["groups"].as_array().map(Vec::len), Some(4));
    check(dir.path(), &["doctor"]);
    check(dir.path(), &["findings"]);
    check(dir.path(), &["resources"]);
    check(dir.path(), &["stacks"]);
    check(dir.path(), &["check", "--for=10ms"]);
    let rules = check(dir.path(), &["explain", "--list"]);
    assert!(
        rules["rules"]
            .as_array()
            .is_some_and(|rules| !rules.is_empty())
    );
    babbler(dir.path(), 7, b"garbage that is no frame of any kind");
    let listed = check(dir.path(), &["ls"]);
    assert_eq!(listed["processes"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_tasks_share_is_told_as_the_schemas_say() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut script = scenes::shop();
    script.updates[1].complete = false;
    script.updates.push(scenes::deadlock(3));
    let _target = Target::start(dir.path(), 4242, script);
    let tasks = check(dir.path(), &["tasks", "--sort=id"]);
    assert_eq!(
        tasks["tasks"][1]["waits_for"].as_array().map(Vec::len),
        Some(1)
    );
    let findings = check(dir.path(), &["findings"]);
    assert_eq!(findings["findings"].as_array().map(Vec::len), Some(1));
    let resources = check(dir.path(), &["resources"]);
    assert_eq!(resources["resources"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_output_of_a_target_that_tells_next_to_nothing_is_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut script = scenes::shop();
    script.hello = taskscope_proto::v1::HelloResponse {
        protocol_version: 1,
        ..Default::default()
    };
    script.updates.truncate(1);
    script.updates[0].complete = true;
    script.updates[0].sites.clear();
    script.updates[0].totals = None;
    for task in &mut script.updates[0].tasks {
        (task.vitals, task.birth) = (None, Some(Default::default()));
    }
    let _target = Target::start(dir.path(), 4242, script);
    check(dir.path(), &["tasks"]);
    check(dir.path(), &["tasks", "--group"]);
    check(dir.path(), &["ls"]);
    let doctor = check(dir.path(), &["doctor"]);
    assert_eq!(doctor["sources"].as_array().map(Vec::len), Some(7));
}

#[test]
fn every_property_is_described() {
    for of in [
        "ls",
        "tasks",
        "findings",
        "resources",
        "stacks",
        "check",
        "explain",
        "doctor",
    ] {
        let schema = schema(of);
        assert_eq!(
            schema["properties"]["schema"]["const"],
            format!("taskscope.{of}/1")
        );
        described(&schema, of);
    }
}
