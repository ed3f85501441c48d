//! The JSON is what its schema says.

use serde_json::Value;
use taskscope_model::{Activity, Doing, World};

use super::Tasks;
use crate::cli::args::{Choice, ViewArgs};
use crate::cli::tasks::Question;
use crate::feed::Hello;
use crate::{scene, stacked};

/// What is told of the tasks that match, sorted by their ids; checked by the schema.
fn told(hello: &Hello, world: &World, filter: &str) -> Value {
    let choice = Choice {
        filter: filter.to_owned(),
        sort: Some("id".to_owned()),
        ..Choice::default()
    };
    let question = Question::read(&choice, &ViewArgs::default()).unwrap();
    let answer = question.answer(world, None);
    let json = serde_json::to_value(Tasks::of(hello, world, &question, &answer, &[])).unwrap();
    scene::check(&json, include_str!("../../../../schema/tasks.v1.json"));
    json
}

/// The one with this id of tokio's.
fn task(json: &Value, id: u64) -> &Value {
    let mut tasks = json["tasks"].as_array().unwrap().iter();
    tasks.find(|task| task["tokio_id"] == id).unwrap()
}

#[test]
fn what_tasks_wait_for_and_hold_is_told_as_the_schema_says() {
    let json = told(&scene::hello(), &scene::bank(), "");
    let transfer = &json["tasks"][1];
    assert_eq!(transfer["tokio_id"], 17);
    assert_eq!(
        transfer["waits_for"][0]["resource"]["location"],
        "bank.rs:32"
    );
    assert_eq!(transfer["waits_for"][0]["held_by"][0]["id"], 18);
    assert_eq!(
        transfer["waits_for"][0]["waiting_for_ns"],
        41_100_000_000_u64
    );
    assert_eq!(transfer["holds"][0]["resource"]["kind"], "Mutex");
    assert_eq!(transfer["holds"][0]["held_for_ns"], 41_200_000_000_u64);
    // In each of these the wait has something of its own.
    let of = |id| &task(&json, id)["waits_for"][0];
    assert_eq!(of(60)["timed"], true);
    assert!(of(61)["granted_unix_ns"].is_number());
    assert_eq!(of(62)["held_by"], serde_json::json!([]));
}

#[test]
fn where_tasks_wait_is_told_as_the_schema_says() {
    let json = told(&stacked::hello(), &stacked::world(), "at:serve.rs:44");
    assert_eq!(json["matching"], 3);
    let awaits = task(&json, 62)["awaits"].as_array().unwrap();
    let sure: Vec<_> = awaits.iter().map(|place| &place["sure"]).collect();
    assert_eq!(sure, [true, true, false]);
    assert_eq!(awaits[0]["operation"], "Notified");
    assert_eq!(awaits[0]["location"], "serve.rs:90");
    assert_eq!(awaits[0]["frames"][2]["line"], 44);
    assert_eq!(
        (&awaits[0]["whole"], &awaits[2]["whole"]),
        (&true.into(), &false.into())
    );
}

#[test]
fn what_a_task_does_in_a_poll_is_told_as_the_schema_says() {
    let mut changes = stacked::bank();
    let doing = Doing {
        activity: Activity::OnCpu,
        in_place: true,
    };
    changes.extend(stacked::stuck(60, doing, Ok(4)));
    changes.extend(stacked::stuck(61, Activity::Unknown, Err("deaf")));
    let json = told(&stacked::hello(), &scene::world(changes), "state:running");
    let of = |id| task(&json, id);
    assert_eq!(of(60)["awaits"], serde_json::json!([]));
    let (seen, unseen) = (&of(60)["poll"], &of(61)["poll"]);
    assert_eq!(
        (&seen["activity"], &seen["location"]),
        (&"on-cpu".into(), &"serve.rs:90".into())
    );
    assert_eq!(
        (&seen["in_place"], &unseen["in_place"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        (&unseen["unknown"], &unseen["frames"]),
        (&"deaf".into(), &serde_json::json!([]))
    );
}
