//! Pictures of every screen, at the sizes that terminals have.

use std::time::Duration;

use taskscope_model::Change;

use super::Person;
use super::world::{self, NOW, SECOND};
use crate::feed::{Feed, Hello, Setup};
use crate::tui::{Options, Theme};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

/// Compares what is seen with the pictures of that name, at all sizes.
pub(super) fn pictures(name: &str, person: impl Fn(u16, u16) -> Person) {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(
            format!("{name}_{columns}x{rows}"),
            person(columns, rows).screen()
        );
    }
}

#[test]
fn tasks() {
    pictures("tasks", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        // Time for the load of the workers to be known.
        let mut totals = world::totals();
        totals.worker_busy.0 += SECOND;
        totals.polls += 1_500;
        person.wait(1_000);
        person.news(
            false,
            vec![Change::Totals(Box::new(totals)), world::now(NOW + SECOND)],
        );
        person.keys("j");
        person
    });
}

#[test]
fn filtered_tasks() {
    pictures("filter", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("/conn state:idle");
        person
    });
}

#[test]
fn a_filter_that_cannot_be_read() {
    pictures("filter_error", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("/conn stat:idle");
        person
    });
}

#[test]
fn places() {
    pictures("places", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("g");
        person
    });
}

#[test]
fn one_task() {
    pictures("task", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("/accept<enter><enter>");
        person.news(
            false,
            vec![Change::Sketched(world::id(3), Box::new(world::sketches()))],
        );
        let vitals = taskscope_model::Vitals {
            polls: 1_005,
            wakes: 1_004,
            last_waker: taskscope_model::LastWaker::Task(world::id(7)),
            ..world::vitals(taskscope_model::State::Running, 0)
        };
        person.news(
            false,
            vec![
                Change::Lived(world::id(3), vitals),
                world::now(NOW + SECOND),
            ],
        );
        person.wait(250);
        person.keys("j");
        person
    });
}

/// That a text goes on below is not written over what can be seen of it.
#[test]
fn a_text_that_goes_on_says_so_beside_it() {
    for (columns, rows) in [(80, 24), (40, 10), (24, 8)] {
        let mut person = Person::at_demo(columns, rows);
        person.keys("?");
        let more = person.line("more ↓");
        assert!(more.starts_with("\"─ help"), "{more}");
        let last = |person: &Person| {
            let screen = person.screen();
            let lines: Vec<_> = screen.lines().map(str::to_owned).collect();
            lines[lines.len() - 2].clone()
        };
        let before = last(&person);
        person.keys("j");
        assert!(
            person.screen().lines().any(|line| line == before),
            "{before} was whole"
        );
        person.keys("G");
        person.sees_no("more ↓");
    }
}

#[test]
fn a_task_without_wakers() {
    pictures("task_without_wakers", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("/refresh<enter><enter>");
        person
    });
}

#[test]
fn help() {
    pictures("help", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("?");
        person
    });
}

#[test]
fn sort_picker() {
    pictures("sort", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.keys("sj");
        person
    });
}

#[test]
fn before_anything_has_arrived() {
    pictures("first_frame", Person::new);
}

#[test]
fn not_reached() {
    pictures("not_reached", |columns, rows| {
        let mut person = Person::new(columns, rows);
        person.feed(Feed::Lost {
            reason: "no such socket".to_owned(),
            retry_in: Duration::from_secs(2),
        });
        person.wait(800);
        person
    });
}

#[test]
fn refused() {
    pictures("refused", |columns, rows| {
        let mut person = Person::new(columns, rows);
        let reason =
            "the target speaks protocol version 7, this viewer speaks 1: install a newer taskscope"
                .to_owned();
        person.feed(Feed::Refused { reason });
        person
    });
}

#[test]
fn lost() {
    pictures("lost", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        person.feed(Feed::Lost {
            reason: "connection reset by peer".to_owned(),
            retry_in: Duration::from_secs(4),
        });
        person.wait(1_500);
        person
    });
}

#[test]
fn paused_with_losses() {
    pictures("paused", |columns, rows| {
        let mut person = Person::at_demo(columns, rows);
        let totals = taskscope_model::Totals {
            unlisted: 12_001,
            untracked: 7,
            ..world::totals()
        };
        person.news(false, vec![Change::Totals(Box::new(totals))]);
        person.keys("<space>");
        person.wait(12_300);
        person
    });
}

#[test]
fn blind() {
    pictures("blind", |columns, rows| {
        let mut person = Person::new(columns, rows);
        let setup = Setup {
            installed: true,
            static_max_level: "trace".to_owned(),
            ..Setup::default()
        };
        person.feed(Feed::Connected(Box::new(Hello {
            setup,
            ..world::hello()
        })));
        person.news(true, vec![world::now(NOW)]);
        person
    });
}

/// Who polls is not known where no worker is, and what was not asked for is not taken for what there is not.
#[test]
fn what_is_not_known_is_said() {
    let options = Options {
        only: "kind:task".parse().expect("a filter"),
        ..Options::default()
    };
    let mut person = Person::with(120, 16, options);
    person.feed(Feed::Connected(Box::new(world::hello())));
    person.news(true, world::demo());
    let totals = taskscope_model::Totals {
        workers: 0,
        ..world::totals()
    };
    person.news(false, vec![Change::Totals(Box::new(totals))]);
    let screen = person.screen();
    assert!(screen.contains("? workers"), "{screen}");
    assert!(
        screen.contains("─ tasks ── told only: kind:task ─"),
        "{screen}"
    );
}

/// What did not go well at the target is said below the table, without what it must not do to a terminal.
#[test]
fn problems_of_the_set_up() {
    let with = |problems: &[&str]| {
        let mut person = Person::new(100, 16);
        let mut hello = world::hello();
        hello.setup.problems = problems
            .iter()
            .map(|problem| (*problem).to_owned())
            .collect();
        person.feed(Feed::Connected(Box::new(hello)));
        person.news(true, world::demo());
        person.screen()
    };
    assert!(with(&["port 6670 is \u{1b}[2J taken"]).contains("port 6670 is ␛[2J taken"));
    let two = "2 problems, see `taskscope doctor`: port 6670 is taken";
    assert!(with(&["port 6670 is taken", "no socket"]).contains(two));
}

#[test]
fn large_and_tiny() {
    insta::assert_snapshot!("tasks_200x60", Person::at_demo(200, 60).screen());
    insta::assert_snapshot!("tasks_20x5", Person::at_demo(20, 5).screen());
}

#[test]
fn themes_differ_in_style_alone() {
    let screens = Theme::ALL.map(|theme| {
        let mut person = Person::with(
            80,
            24,
            Options {
                theme,
                ..Options::default()
            },
        );
        person.feed(Feed::Connected(Box::new(world::hello())));
        person.news(true, world::demo());
        // Mono marks the tab that colours mark in the others.
        person.screen().replace(['[', ']'], " ")
    });
    assert_eq!(screens[0], screens[1]);
    assert_eq!(screens[0], screens[2]);
}
