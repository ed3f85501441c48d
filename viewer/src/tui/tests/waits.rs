//! The drawing of who waits for whom, and what of it is left out where there is too much.

use std::time::{Duration, Instant};

use taskscope_model::Change;

use super::Person;
use super::pictures::pictures;
use crate::scene;

#[test]
fn a_circle_and_what_is_behind_it() {
    pictures("waits", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("4");
        person
    });
}

#[test]
fn nobody_waits() {
    let mut person = Person::at(
        80,
        24,
        vec![Change::Now(taskscope_model::Stamp(scene::NOW))],
    );
    person.keys("4");
    person.sees("Nobody waits for a lock, a permit or a channel.");
}

#[test]
fn every_name_is_a_door() {
    let mut person = Person::at_bank(120, 60);
    person.keys("4j<enter>");
    person.sees("task ── audit #18");
    person.keys("<esc>j<enter>");
    person.sees("─ Mutex bank.rs:31 ─");
    person.keys("<esc>j<enter>");
    person.sees("task ── transfer #17");
}

/// Draws after one piece of news, and says how long the whole took.
#[allow(clippy::disallowed_methods, reason = "the test measures")]
fn measured(changes: Vec<Change>, keys: &str) -> (Person, Duration) {
    let mut person = Person::at(120, 40, changes);
    let began = Instant::now();
    person.keys(keys);
    for _ in 0..10 {
        person.screen();
    }
    (person, began.elapsed())
}

/// Far above what it takes, far below what a drawing of it all would.
const BOUND: Duration = Duration::from_secs(20);

#[test]
fn a_circle_of_ten_thousand_tasks_is_drawn_in_part() {
    let (mut person, took) = measured(scene::ring_changes(10_000), "4");
    person.sees("10,000 tasks wait in a circle");
    person.sees("… 9,988 more, each of which waits for the next");
    person.sees("where it began");
    assert!(took < BOUND, "{took:?}");
    person.keys("c");
}

#[test]
fn a_lock_that_a_hundred_thousand_wait_for_is_drawn_in_part() {
    let (mut person, took) = measured(scene::crowd_changes(100_000), "4");
    person.sees("100,000 wait");
    person.keys("3<enter>");
    person.sees("100,000 wait");
    person.keys("G");
    person.sees("99,800 more behind these");
    // The task at the end of the line does not count all those before it.
    person.keys("2/#100001<enter><enter>");
    person.sees("more than 1,000 are ahead of it");
    for _ in 0..10 {
        person.screen();
    }
    assert!(took < BOUND, "{took:?}");
}

#[test]
fn many_resources_are_sorted_now_and_then_and_not_for_each_frame() {
    let resource = |n| {
        scene::resource(
            n,
            taskscope_model::ResourceKind::Mutex,
            0,
            Default::default(),
        )
    };
    let changes: Vec<_> = (1..=300_000).map(resource).collect();
    let (person, _) = measured(changes, "3");
    person.sees("300,000 · by waiters");
    #[allow(clippy::disallowed_methods, reason = "the test measures")]
    let began = Instant::now();
    for _ in 0..100 {
        person.screen();
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}
