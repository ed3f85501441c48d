//! What news of the target does to the screen.

use std::time::Duration;

use taskscope_model::{Change, Kind, State, Vitals};

use super::Person;
use super::world::{self, MS, NOW, SECOND, born, id, now, vitals};
use crate::feed::{Ask, Feed, Hello};
use crate::tui::Effect;

fn lives(tokio: u64, vitals: Vitals) -> Change {
    Change::Lived(id(tokio), vitals)
}

#[test]
fn a_new_session_clears_everything_and_says_so() {
    let mut person = Person::at_demo(80, 24);
    person.keys("/conn<enter><enter>");
    person.feed(Feed::Lost {
        reason: "gone".to_owned(),
        retry_in: Duration::from_secs(1),
    });
    person.feed(Feed::Connecting { attempt: 1 });
    person.feed(Feed::Connected(Box::new(Hello {
        session: 2,
        pid: 4343,
        now_ns: SECOND,
        ..world::hello()
    })));
    person.sees("pid 4343");
    person.sees("a new process");
    person.sees_no("conn #");
    person.sees("waiting for the first picture");
    person.news(
        true,
        vec![
            born(
                9,
                "conn-anew",
                0,
                None,
                NOW - SECOND,
                vitals(State::Idle, NOW - SECOND),
            ),
            now(2 * SECOND),
        ],
    );
    person.sees("conn-anew");
    // The filter is the person's, not the process's.
    person.sees("─ conn ─");
}

#[test]
fn the_same_session_comes_back_without_a_flicker() {
    let mut person = Person::at_demo(80, 24);
    person.keys("jj");
    person.feed(Feed::Lost {
        reason: "reset".to_owned(),
        retry_in: Duration::from_secs(4),
    });
    person.wait(1_000);
    person.sees("NOT LIVE for 1.00s · next try in 3.00s, r now · reset");
    person.keys("r");
    assert_eq!(person.effects, [Effect::Ask(Ask::RetryNow)]);
    person.feed(Feed::Connecting { attempt: 1 });
    person.sees("attempt 1");
    person.feed(Feed::Connected(Box::new(world::hello())));
    person.sees("connected again, to the same process");
    let mut changes = world::demo();
    let rest = changes.split_off(8);
    person.feed(Feed::Update {
        restart: true,
        complete: false,
        changes,
    });
    person.wait(2_000);
    person.sees("▸      6");
    person.news(false, rest);
    person.wait(2_000);
    person.sees("▸      6");
    person.sees("· live ·");
}

#[test]
fn the_clock_stands_while_nothing_is_known() {
    let mut person = Person::at_demo(80, 24);
    person.wait(1_000);
    person.sees("up 3m13s");
    person.feed(Feed::Lost {
        reason: "killed".to_owned(),
        retry_in: Duration::from_secs(60),
    });
    person.wait(30_000);
    person.sees("up 3m13s");
}

/// What runs may be over by now: nothing is known of it until all that is new was told.
#[test]
fn a_live_task_is_no_older_than_the_news() {
    let mut person = Person::at_demo(80, 24);
    person.sees("12.0s  refresh");
    person.wait(1_000);
    person.sees("12.0s  refresh");
    person.news(false, vec![now(NOW + SECOND)]);
    person.sees("13.0s  refresh");
}

#[test]
fn a_task_that_is_gone_stays_on_its_screen() {
    let mut person = Person::at_demo(80, 24);
    person.keys("/refresh<enter><enter>");
    person.news(false, vec![Change::Gone(id(7)), now(NOW + SECOND)]);
    person.wait(500);
    person.sees("refresh #7 ── gone");
    person.sees("no longer keeps it");
}

#[test]
fn what_happens_to_an_open_task_is_logged() {
    let mut person = Person::at_demo(80, 40);
    person.keys("/accept<enter><enter>");
    person.sees("nothing has changed");
    let now_running = Vitals {
        polls: 1_004,
        wakes: 1_004,
        ..vitals(State::Running, 0)
    };
    person.news(false, vec![lives(3, now_running), now(NOW + SECOND)]);
    person.wait(500);
    person.sees("idle → running · polled 2 times");
    person.sees("woken 2 times, last by");
}

#[test]
fn empty_tables_say_why() {
    let mut person = Person::at_demo(80, 24);
    person.keys("/nothing-like-this");
    person.sees("The filter hides all 20 tasks.");
    person.keys("<esc>");
    let gone = (1..100).map(|n| Change::Gone(id(n)));
    let ended = born(200, "late", 1, None, SECOND, vitals(State::Done, MS));
    person.news(false, gone.chain([ended, now(NOW + SECOND)]).collect());
    person.wait(1_000);
    person.sees("1 that have ended are hidden");
    person.news(false, vec![Change::Gone(id(200)), now(NOW + 2 * SECOND)]);
    person.wait(1_000);
    person.sees("demo has 20 live tasks, but none of them was told");
    person.news(
        false,
        vec![
            Change::Gone(id(200)),
            Change::Totals(Box::default()),
            now(NOW + 2 * SECOND),
        ],
    );
    person.wait(1_000);
    person.sees("No tasks yet: demo has spawned none");
}

#[test]
fn a_place_with_tasks_of_several_kinds_is_mixed() {
    let mut person = Person::at_demo(120, 24);
    person.keys("g");
    assert!(!person.screen().contains("mixed"));
    let twin = world::site(6, "src/cache.rs", 9, Kind::Blocking, 64);
    let task = born(300, "", 6, None, SECOND, vitals(State::Idle, MS));
    person.news(false, vec![twin, task, now(NOW + SECOND)]);
    person.wait(1_000);
    assert!(person.line("cache.rs:9").contains(" mixed"));
}

#[test]
fn a_set_up_that_comes_later_is_learnt() {
    let mut hello = world::hello();
    hello.setup.installed = false;
    for source in &mut hello.sources {
        source.active = false;
    }
    let mut person = Person::new(80, 24);
    person.feed(Feed::Connected(Box::new(hello)));
    person.news(true, vec![now(NOW)]);
    person.sees("taskscope is not the target's subscriber");
    person.feed(Feed::Learnt(Box::new(world::hello())));
    person.sees("No tasks yet: demo has spawned none");
    person.news(false, world::demo());
    person.wait(1_000);
    assert!(!person.line("accept").contains('?'));
}

#[test]
fn what_a_target_does_not_tell_is_unknown_and_not_nothing() {
    let mut hello = world::hello();
    hello
        .sources
        .retain(|source| source.name != "wakers" && source.name != "wakes");
    let mut person = Person::new(200, 24);
    person.feed(Feed::Connected(Box::new(hello)));
    person.news(true, world::demo());
    person.sees("? this target does not tell of wakes");
    let row = person.line("accept");
    assert_eq!(row.matches('?').count(), 5, "{row}");
    person.keys("g");
    let row = person.line("server.rs:44");
    assert_eq!(row.matches('?').count(), 2, "{row}");
}
