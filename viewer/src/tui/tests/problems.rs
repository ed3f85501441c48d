//! The screens of what is wrong, of resources and of a task that waits: pictures and keys.

use std::sync::Arc;

use taskscope_model::{Change, FindingId, State, Vitals};

use super::Person;
use super::pictures::pictures;
use crate::feed::Feed;
use crate::scene::{self, NOW, SECOND};
use crate::tui::Effect;

fn now(stamp: u64) -> Change {
    Change::Now(taskscope_model::Stamp(stamp))
}

#[test]
fn problems() {
    pictures("problems", Person::at_bank);
    pictures("problems_chosen", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("lll");
        person
    });
}

#[test]
fn no_problems() {
    pictures("problems_none", |columns, rows| {
        let mut hello = scene::hello();
        hello.sources.retain(|source| source.name != "permits");
        let mut person = Person::new(columns, rows);
        person.feed(Feed::Connected(Box::new(hello)));
        person.news(true, vec![now(NOW)]);
        person.keys("1");
        person
    });
}

#[test]
fn what_is_looked_for_can_be_read_to_its_end() {
    let mut person = Person::at(80, 24, vec![now(NOW)]);
    person.sees("more ↓");
    person.sees_no("never-polled");
    person.keys("G");
    person.sees_no("more ↓");
    let last = taskscope_model::rules::RULES.last().unwrap();
    person.sees(last.name);
    person.keys("gg<home>");
    person.keys("1");
    person.keys("<home>");
    person.sees("Nothing wrong in the last 3m12s.");
}

#[test]
fn before_anything_has_arrived() {
    pictures("problems_first_frame", |columns, rows| {
        let mut person = Person::new(columns, rows);
        person.keys("1");
        person
    });
}

#[test]
fn resources() {
    pictures("resources", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("3j");
        person
    });
}

#[test]
fn one_resource() {
    pictures("resource", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("3<enter>");
        person
    });
    pictures("resource_unsure", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("3j<enter>");
        person
    });
}

#[test]
fn tasks_that_wait() {
    pictures("tasks_waiting", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("2sgg<home><enter>");
        person
    });
}

#[test]
fn a_task_that_waits() {
    pictures("task_waiting", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("2/#25<enter><enter>");
        person
    });
}

#[test]
fn a_rule_is_explained() {
    pictures("explain", |columns, rows| {
        let mut person = Person::at_bank(columns, rows);
        person.keys("e");
        person
    });
}

#[test]
fn the_selected_problem_leads_to_those_concerned() {
    let mut person = Person::at_bank(120, 40);
    assert!(
        person.selected().contains("deadlock"),
        "{}",
        person.selected()
    );
    person.keys("<enter>");
    person.sees("task ── transfer #17");
    person.keys("<esc>ll<enter>");
    person.sees("─ Mutex bank.rs:31 ── locked");
    person.keys("<esc>");
    // The choice stays where it was, until another problem is selected.
    person.keys("h<enter>");
    person.sees("task ── audit #18");
    person.keys("<esc>jj<enter>");
    // All that is made at one place: the table of resources, chosen by it.
    person.sees("resources ── loc:src/log.rs:70");
    person.sees("2 of 7");
    person.keys("<esc>");
    person.sees("what is wrong");
}

#[test]
fn the_selection_follows_the_problem_and_says_where_it_is_gone() {
    let mut person = Person::at_bank(120, 40);
    person.keys("j");
    assert!(person.selected().contains("held-across-await"));
    // Another one that is worse comes before it.
    let mut worse = scene::findings().remove(0);
    worse.id = FindingId::new(9).unwrap();
    person.news(
        false,
        vec![Change::Finding(Box::new(worse)), now(NOW + SECOND)],
    );
    person.wait(1_000);
    assert!(person.selected().contains("held-across-await"));
    person.news(
        false,
        vec![
            Change::FindingGone(FindingId::new(2).unwrap()),
            now(NOW + 2 * SECOND),
        ],
    );
    person.wait(1_000);
    person.sees("no longer tells of that problem");
}

#[test]
fn a_problem_that_is_cleared_is_past_and_nothing_is_wrong_then() {
    let mut person = Person::at_bank(120, 40);
    person.sees(" 1 Problems 3 ");
    let cleared = scene::findings().into_iter().map(|mut finding| {
        finding.cleared = finding
            .cleared
            .or(Some(taskscope_model::Stamp(NOW + SECOND)));
        Change::Finding(Box::new(finding))
    });
    let changes: Vec<_> = cleared.chain([now(NOW + 3 * SECOND)]).collect();
    person.news(false, changes);
    person.wait(3_000);
    person.sees("nothing now for 5.00s");
    person.sees("past: transfer #17");
    person.sees_no("1 Problems 3");
}

#[test]
fn a_muted_problem_goes_last_and_is_not_counted() {
    let mut person = Person::at_bank(120, 40);
    person.keys("m");
    person.sees(" 1 Problems 2 ");
    person.sees("muted: transfer #17");
    assert!(person.selected().contains("held-across-await"));
    // Its tasks carry no mark any more.
    person.keys("2");
    person.sees_no("✖");
    person.keys("1Gm");
    person.sees(" 1 Problems 3 ");
    person.sees("no longer muted");
    person.keys("2m");
    person.sees("problems are muted: 1 shows them");
}

#[test]
fn tasks_and_resources_of_a_problem_are_marked() {
    let mut person = Person::at_bank(120, 40);
    person.keys("2");
    assert!(person.line(" 17 ").contains('✖'));
    assert!(!person.line(" 20 ").contains('✖'));
    person.keys("3");
    assert!(person.line("pool.rs:12").contains('▲'));
    assert!(person.line("bank.rs:31").contains('✖'));
    assert!(!person.line("cache.rs").contains('✖'));
}

#[test]
fn resources_are_filtered_and_sorted_by_keys_of_their_own() {
    let mut person = Person::at_bank(120, 40);
    person.keys("3/kind:mutex waiters>0");
    person.sees("2 of 7");
    person.keys(" held>");
    // What can be read of it holds until it is mended.
    person.sees("2 of 7");
    person.keys("1<enter>");
    person.sees("expected a unit");
    person.keys("<esc>");
    person.sees("─ 7 · by waiters ↓");
    person.keys("/kind:mutx");
    person.sees("did you mean `Mutex`?");
    person.keys("<backspace>ex<enter>");
    person.sees("3 of 7");
    person.keys("<esc>");
    person.sees("filter cleared");
    person.keys("/<up><enter>");
    person.sees("─ kind:Mutex ─");
    // The tasks have a filter of their own.
    person.keys("2");
    person.sees_no("kind:Mutex");
    person.keys("3<esc>s<home><enter>");
    person.sees("by kind ↑");
    person.keys("R");
    person.sees("by kind ↓");
    person.keys("<gt>");
    person.sees("by loc ↑");
}

#[test]
fn one_goes_from_a_lock_to_its_holder_and_on_to_what_that_waits_for() {
    let mut person = Person::at_bank(120, 60);
    person.keys("3<enter>jj<enter>");
    person.sees("task ── audit #18");
    person.keys("<esc>k<enter>");
    person.sees("task ── transfer #17");
    person.sees("2 deep");
    person.keys("j<enter>");
    person.sees("─ Mutex bank.rs:32 ── locked");
    person.sees("1 waits");
}

#[test]
fn a_resource_that_is_gone_stays_on_its_screen() {
    let mut person = Person::at_bank(120, 40);
    person.keys("3jk<enter>");
    person.news(
        false,
        vec![
            Change::ResourceGone(scene::resource_id(1)),
            now(NOW + SECOND),
        ],
    );
    person.wait(1_000);
    person.sees("when last heard of: it is no more");
    person.keys("<esc>");
    person.wait(3_000);
    person.sees("gone, or no longer matches");
}

#[test]
fn a_holder_that_ends_is_called_gone() {
    let mut person = Person::at_bank(120, 40);
    let ended = Vitals {
        state: State::Panicked,
        ..Vitals::at_birth(taskscope_model::Stamp(0))
    };
    person.news(
        false,
        vec![Change::Lived(scene::task(17), ended), now(NOW + SECOND)],
    );
    person.wait(1_000);
    person.keys("3<enter>");
    person.sees("held by    a task that is gone (transfer #17)");
}

#[test]
fn all_problems_are_copied_with_their_evidence() {
    let mut person = Person::at_bank(40, 10);
    person.keys("c");
    let Some(Effect::Copy(text)) = person.effects.last() else {
        panic!("{:?}", person.effects)
    };
    assert!(
        text.starts_with("bank · what is wrong · 3 · 1 past\n✖ deadlock (proven) for 41.1s: "),
        "{text}"
    );
    for words in [
        "14 more tasks wait behind them",
        "take both locks in one order",
        "past: a poll of accept",
        "• async-mutex",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[test]
fn hostile_texts_of_a_finding_are_shown_and_not_obeyed() {
    let mut person = Person::at_bank(120, 40);
    let text: Arc<str> = "\u{1b}[2J\u{202e}evil\r\n".into();
    let mut finding = scene::findings().remove(0);
    (finding.rule, finding.summary, finding.advice) = (text.clone(), text.clone(), text.clone());
    finding.evidence = vec![text];
    person.news(
        false,
        vec![Change::Finding(Box::new(finding)), now(NOW + SECOND)],
    );
    person.wait(1_000);
    person.sees("␛[2J�evil␍␊");
    person.keys("e");
    person.sees("does not know that rule");
}

#[test]
fn a_new_process_leaves_no_problem_of_the_old_one() {
    let mut person = Person::at_bank(120, 40);
    let mut hello = scene::hello();
    hello.session = 8;
    person.feed(Feed::Connected(Box::new(hello)));
    person.news(true, vec![now(5 * SECOND)]);
    person.wait(1_000);
    person.sees("Nothing wrong in the last");
    person.sees_no("transfer #17");
    person.keys("3");
    person.sees("No lock, semaphore or channel is known.");
}
