//! Where tasks wait: the tree of a task, and lines of its source.

use taskscope_model::{Activity, Change, Doing};

use super::Person;
use super::pictures::pictures;
use crate::feed::{Feed, Hello};
use crate::stacked;
use crate::tui::{Effect, Msg};

fn at(columns: u16, rows: u16, hello: Hello, changes: Vec<Change>) -> Person {
    let mut person = Person::new(columns, rows);
    person.feed(Feed::Connected(Box::new(hello)));
    person.news(true, changes);
    person
}

pub(super) fn bank(columns: u16, rows: u16) -> Person {
    at(columns, rows, stacked::hello(), stacked::bank())
}

/// Plays the part of the disk, which has a text for each line that is asked for.
fn read(person: &mut Person, text: &str) -> usize {
    let effects = std::mem::take(&mut person.effects);
    let mut read = 0;
    for effect in effects {
        if let Effect::Read(_, lines) = effect {
            read += lines.len();
            for line in lines {
                person.tell(Msg::Source(line, Some(text.to_owned())));
            }
        }
    }
    read
}

#[test]
fn the_awaits_of_a_task() {
    pictures("awaits", |columns, rows| {
        let mut person = bank(columns, rows);
        person.keys("/#17<enter><enter>");
        assert_eq!(read(&mut person, "let mut to = self.to.lock().await;"), 1);
        if rows < 20 {
            person.keys("<pgdn>");
        }
        person
    });
}

#[test]
fn several_awaits_share_what_is_around_them() {
    pictures("awaits_select", |columns, rows| {
        let mut person = bank(columns, rows);
        person.keys("/#62<enter><enter>");
        assert_eq!(read(&mut person, "let timeout = sleep(self.patience);"), 3);
        if rows < 20 {
            person.keys("jj");
        }
        person
    });
}

#[test]
fn places_that_are_not_kept_are_told_of() {
    let mut changes = stacked::bank();
    let Change::Lived(task, mut vitals) = stacked::leaves(60, &[(3, 0), (4, 0), (5, 0), (6, 0)])
    else {
        panic!("it lives on");
    };
    vitals.wakers = 7;
    changes.push(Change::Lived(task, vitals));
    let mut person = at(120, 40, stacked::hello(), changes);
    person.keys("/#60<enter><enter>");
    person.sees("? and where 3 more wakers are: no more places are kept");
}

#[test]
fn a_line_is_asked_for_once() {
    let mut person = bank(120, 40);
    person.keys("/#17<enter><enter>");
    assert_eq!(read(&mut person, "a().await"), 1);
    person.sees("a().await");
    person.wait(3_000);
    person.keys("<esc><enter>");
    assert_eq!(read(&mut person, "b().await"), 0);
    person.sees("a().await");
}

#[test]
fn where_there_is_no_stack_the_reason_is_told() {
    let open = |hello: Hello, changes| {
        let mut person = at(200, 40, hello, changes);
        person.keys("/#60<enter><enter>");
        person.line("awaits")
    };
    let mut bare = stacked::hello();
    assert!(open(bare.clone(), crate::scene::bank_changes()).contains("its stack was not caught"));
    let mut calm = stacked::bank();
    calm.push(stacked::leaves(60, &[]));
    assert!(open(bare.clone(), calm.clone()).contains("? no stack of it was caught"));
    bare.setup.no_stacks = "no frame\u{1b} pointers".to_owned();
    let line = open(bare.clone(), calm.clone());
    assert!(line.contains("not caught: no frame␛ pointers"), "{line}");
    bare.setup.no_stacks.clear();
    bare.sources.retain(|source| source.name != "stacks");
    assert!(open(bare, calm).contains("this target does not tell where tasks wait"));
    let mut person = bank(120, 40);
    person.keys("/#3<enter>");
    // The table says nothing where nothing is known, the task says why.
    person.keys("<enter>");
    person.sees("? its stack is not named yet");
}

#[test]
fn a_poll_that_does_not_return_is_shown_with_what_it_does() {
    let mut changes = stacked::bank();
    changes.push(stacked::stack(
        9,
        &[
            ("std::io::read", "std.rs", 7),
            ("api::upload", "api.rs", 133),
        ],
        true,
    ));
    let screen = |seen| {
        let mut changes = changes.clone();
        let blocked = Activity::Blocked("rec\u{1b}vfrom".into());
        changes.extend(stacked::stuck(60, blocked, seen));
        let mut person = at(120, 40, stacked::hello(), changes);
        person.keys("/#60<enter><enter>");
        person.screen()
    };
    let shown = screen(Err("the thread is deaf"));
    assert!(shown.contains("blocked in rec␛vfrom"), "{shown}");
    assert!(
        shown.contains("? where is not known: the thread is deaf"),
        "{shown}"
    );
    // The line is told even where there is no room for the system call.
    for (call, in_place, told) in [
        ("clock_nanosleep", false, "blocked at std.rs:7?"),
        ("read", false, "blocked in read at std.rs:7?"),
        ("read", true, "block_in_place at std.rs:7?"),
    ] {
        let mut changes = changes.clone();
        let doing = Doing {
            activity: Activity::Blocked(call.into()),
            in_place,
        };
        changes.extend(stacked::stuck(60, doing, Ok(9)));
        let mut person = at(120, 40, stacked::hello(), changes);
        person.keys("2/#60<enter>");
        person.sees(told);
    }
    let shown = screen(Ok(9));
    assert!(shown.contains("api.rs:133"), "{shown}");
    assert!(shown.contains("(maybe)"), "{shown}");
}

#[test]
fn hostile_stacks_are_drawn_in_bounds() {
    let deep: Vec<_> = (0..64)
        .map(|line| ("x::\u{1b}[2J::y", "\u{7}.rs", line))
        .collect();
    let long = "f".repeat(1_024);
    for (columns, rows) in [(24, 6), (40, 10), (80, 24)] {
        let mut changes = stacked::bank();
        changes.extend([
            stacked::stack(4, &deep, true),
            stacked::stack(5, &[], false),
            stacked::stack(6, &[(&long, &long, u32::MAX), ("", "", 0)], false),
        ]);
        let mut person = at(columns, rows, stacked::hello(), changes);
        person.keys("/#62<enter><enter>");
        for _ in 0..12 {
            assert!(!person.screen().contains('\u{1b}'));
            person.keys("<pgdn>");
        }
    }
}
