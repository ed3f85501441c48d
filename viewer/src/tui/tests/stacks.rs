//! The screen of the places at which tasks wait.

use taskscope_model::{Change, Stamp};

use super::awaits::bank;
use super::pictures::pictures;
use super::{Person, scene};
use crate::stacked;
use crate::tui::Effect;

#[test]
fn the_places_at_which_tasks_wait() {
    pictures("stacks", |columns, rows| {
        let mut person = bank(columns, rows);
        person.keys("5j");
        person
    });
}

#[test]
fn a_group_opens_as_its_tasks() {
    let mut person = bank(120, 40);
    person.keys("5");
    person.sees("20 tasks in ");
    assert!(person.selected().contains("bank.rs:58"));
    person.keys("<enter>");
    person.sees("at bank::transfer bank.rs:58");
    person.sees("─ 14 ·");
    // Who no longer waits there goes.
    person.news(
        false,
        vec![
            Change::WaitOver(taskscope_model::WaitId::new(10).unwrap()),
            Change::Now(Stamp(scene::NOW + scene::SECOND)),
        ],
    );
    person.wait(2_000);
    person.sees("─ 13 ·");
    person.keys("<esc>");
    person.sees("─ stacks ─");
    person.keys("/at:serve.rs<enter>");
    person.sees("3 tasks in 2 places");
    person.keys("<esc>");
    person.sees("filter cleared");
    person.keys("6");
    person.sees("─ places ─");
}

#[test]
fn the_selection_follows_its_group_and_the_mouse_finds_it() {
    let mut person = bank(80, 24);
    person.keys("5jj");
    let selected = person.selected();
    let more: Vec<_> = (40..60)
        .flat_map(|n| {
            [
                scene::born(n, "conn", 1, taskscope_model::State::Idle, scene::SECOND),
                stacked::leaves(n, &[(4, 0)]),
            ]
        })
        .chain([Change::Now(Stamp(scene::NOW + scene::SECOND))])
        .collect();
    person.news(false, more);
    person.wait(2_000);
    assert_eq!(person.selected()[..30], selected[..30]);
    person.click(10, 4);
    assert!(
        person.selected().contains("serve.rs:90"),
        "{}",
        person.screen()
    );
    person.wait(100);
    person.click(10, 4);
    person.sees("─ tasks ── at bank::serve::stopped serve.rs:90");
}

#[test]
fn what_is_copied_has_the_way_to_each_place() {
    let mut person = bank(80, 24);
    person.keys("5c");
    let Some(Effect::Copy(text)) = person.effects.last() else {
        panic!("{:?}", person.effects)
    };
    assert!(text.contains("◀ bank::transfer bank.rs:60"), "{text}");
}

#[test]
fn before_anything_is_told_the_screen_says_so() {
    let mut person = Person::new(80, 24);
    person.keys("5");
    person.sees("Connecting");
    person.keys("<enter>jG<pgup>/x<enter>");
}
