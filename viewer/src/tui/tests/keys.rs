//! What the keys do.

use taskscope_model::query::{Column, Order};
use taskscope_model::{Change, State, Vitals};

use super::Person;
use super::world::{self, NOW, SECOND, id, now, vitals};
use crate::feed::{Ask, Feed};
use crate::tui::{Effect, Msg, Options};

fn lives(tokio: u64, vitals: Vitals) -> Change {
    Change::Lived(id(tokio), vitals)
}

#[test]
fn the_selection_follows_the_task_when_the_order_changes() {
    let mut person = Person::at_demo(80, 24);
    person.keys("jjj");
    assert!(person.selected().contains(" 42 "), "{}", person.selected());
    // Now it is the busiest of all.
    let mut busiest = vitals(State::Idle, 0);
    busiest.busy.0 = 100 * SECOND;
    person.news(false, vec![lives(42, busiest), now(NOW + SECOND)]);
    person.wait(2_000);
    assert!(person.selected().contains(" 42 "), "{}", person.selected());
    assert_eq!(person.app.tasks.cursor.at(), 0);
    person.keys("R");
    assert!(person.selected().contains(" 42 "), "{}", person.selected());
}

#[test]
fn until_a_row_is_chosen_the_first_is_selected() {
    let mut person = Person::at_demo(80, 24);
    assert!(person.selected().contains("worker-1"));
    let mut busiest = vitals(State::Idle, 0);
    busiest.busy.0 = 100 * SECOND;
    person.news(false, vec![lives(42, busiest), now(NOW + SECOND)]);
    person.wait(2_000);
    assert!(person.selected().contains(" 42 "));
}

#[test]
fn the_nearest_row_is_taken_when_the_selected_task_is_gone() {
    let mut person = Person::at_demo(80, 24);
    person.keys("jj");
    person.sees("▸      6");
    person.news(false, vec![Change::Gone(id(6)), now(NOW + SECOND)]);
    person.wait(1_000);
    person.sees("▸     42");
    person.sees("worker-2 #6 is gone");
    person.wait(10_000);
    person.sees_no("is gone");
}

#[test]
fn a_selected_task_that_ends_is_said_to_have_ended() {
    let mut person = Person::at_demo(80, 24);
    person.keys("jj");
    person.news(
        false,
        vec![lives(6, vitals(State::Panicked, 0)), now(NOW + SECOND)],
    );
    person.wait(1_000);
    person.sees("worker-2 #6 has ended (panicked): e shows ended tasks");
}

#[test]
fn ended_tasks_are_shown_on_demand() {
    let mut person = Person::at_demo(80, 24);
    person.sees("20, 3 ended hidden");
    person.keys("e");
    person.sees("─ 23 · by busy");
    person.keys("e/state:panicked<enter>");
    // Who asks for them by the filter sees them.
    person.sees("1 of 23");
    person.sees("panicked");
}

#[test]
fn a_filter_is_previewed_kept_and_restored() {
    let mut person = Person::at_demo(80, 24);
    person.keys("/worker");
    person.sees("3 of 20");
    person.keys("-2");
    person.sees("1 of 20");
    person.keys("<esc>");
    person.sees("─ 20, ");
    person.keys("/worker<enter>");
    person.sees("─ worker ─");
    // Typing begins with what there is; escape brings that back.
    person.keys("/<c-u>accept");
    person.sees("─ accept ─");
    person.keys("<esc>");
    person.sees("─ worker ─");
    person.keys("/<c-u>accept<enter>/<c-u><up><up><enter>");
    person.sees("─ worker ─");
    // A first escape clears it, and it is not lost.
    person.keys("<esc>");
    person.sees("filter cleared");
    person.keys("/<up><enter>");
    person.sees("─ worker ─");
}

#[test]
fn what_can_be_read_of_a_filter_is_previewed_until_it_is_mended() {
    let mut person = Person::at_demo(80, 24);
    person.keys("/worker busy>");
    person.sees("worker ─");
    person.sees("3 of 20");
    person.keys("<enter>");
    // It is still being typed.
    person.sees(" / worker busy>");
    person.sees("^");
    person.keys("1ms<enter>");
    person.sees_no(" / worker");
    person.sees("3 of 20");
}

#[test]
fn keys_that_are_typed_into_a_filter_do_nothing_else() {
    let mut person = Person::at_demo(80, 24);
    person.keys("/qsg? e1");
    assert!(person.effects.is_empty());
    person.sees(" / qsg? e1");
    person.tell(Msg::Paste("\u{1b}[31m\nx".to_owned()));
    person.sees(" / qsg? e1 [31m x");
    person.keys("<c-c>");
    assert_eq!(person.effects, [Effect::Quit]);
}

#[test]
fn columns_are_sorted_by_picker_by_neighbour_and_by_heading() {
    let mut person = Person::at_demo(120, 40);
    person.keys("sgg<home><enter>");
    person.sees("by id ↑");
    person.keys("<gt>");
    person.sees("by state ↑");
    person.keys("<gt>R");
    person.sees("by for ↑");
    person.keys("<lt><lt><lt>");
    person.sees("by id ↑");
    let headings = person.line("SPAWNED AT");
    let at = headings.find("POLLS").unwrap() as u16;
    person.click(at, 3);
    person.sees("by polls ↓");
    person.click(at, 3);
    person.sees("by polls ↑");
    // A sort column that would not fit is shown all the same.
    person.tell(Msg::Resize(40, 10));
    person.keys("s<end><enter>");
    person.sees("PARENT↑");
}

#[test]
fn the_picture_can_be_paused_while_news_is_taken_in() {
    let mut person = Person::at_demo(80, 24);
    person.keys("j<space>");
    let before = person.line("worker-1");
    person.wait(5_000);
    person.news(false, vec![Change::Gone(id(5)), now(NOW + 5 * SECOND)]);
    person.wait(2_300);
    person.sees("PAUSED 7.30s");
    assert_eq!(person.line("worker-1"), before);
    // A paused picture can still be sorted, filtered and opened.
    person.keys("/worker-1<enter><enter>");
    person.sees("task ── worker-1 #5");
    person.keys("<esc><esc>");
    person.keys("<space>");
    person.sees_no("PAUSED");
    person.sees_no("47,911");
    person.sees("worker-1 #5 is gone");
}

#[test]
fn a_task_is_opened_and_left_through_its_doors() {
    let mut person = Person::at_demo(80, 40);
    person.keys("/worker-0<enter><enter>");
    person.sees("task ── worker-0 #4 ── running");
    assert_eq!(person.effects, [Effect::Ask(Ask::Sketches(vec![id(4)]))]);
    person.keys("p");
    person.sees("task ── main.rs:31 #1");
    person.sees("2 deep");
    person.keys("<esc>j");
    person.sees("▸ by         main.rs:31 #1");
    person.keys("j<enter>");
    person.sees("task ── demo::api::upload::hash::{{closure}} #42");
    person.sees("closure of 64B");
    person.keys("<backspace><backspace>");
    person.sees("─ tasks ──");
    assert_eq!(
        person.effects.last(),
        Some(&Effect::Ask(Ask::Sketches(vec![])))
    );
    person.keys("w");
    person.sees("it was not woken by another task");
}

#[test]
fn places_open_as_tasks_of_that_place() {
    let mut person = Person::at_demo(80, 24);
    person.keys("6");
    person.sees("▸ src/server.rs:71");
    person.keys("<enter>");
    person.sees("at src/server.rs:71");
    person.sees("─ 12, 3 ended hidden");
    person.keys("/state:done<enter>");
    person.sees("1 of 15");
    person.keys("<esc>");
    person.sees("─ places ── state:done");
    person.keys("<esc>2");
    person.sees("─ 20, 3 ended");
}

#[test]
fn g_groups_and_gg_goes_to_the_top() {
    let mut person = Person::at_demo(80, 24);
    person.keys("G");
    person.sees("▸     43");
    person.keys("g");
    person.sees("─ places ─");
    person.wait(100);
    person.keys("g");
    person.sees("─ tasks ─");
    person.sees("▸      5");
    person.wait(1_000);
    person.keys("g");
    person.sees("─ places ─");
    person.wait(1_000);
    person.keys("g");
    person.sees("─ tasks ─");
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut person = Person::at_demo(80, 24);
    person.click(20, 6);
    person.sees("▸      6");
    person.wait(100);
    person.click(20, 6);
    person.sees("task ── worker-2 #6");
    person.keys("<esc>");
    person.click(55, 1);
    person.sees("─ places ─");
    person.click(16, 1);
    person.sees("─ tasks ─");
    let wheel = crossterm::event::MouseEvent {
        kind: crossterm::event::MouseEventKind::ScrollDown,
        column: 3,
        row: 8,
        modifiers: crossterm::event::KeyModifiers::NONE,
    };
    person.tell(Msg::Resize(80, 14));
    person.tell(Msg::Mouse(wheel));
    person.sees_no("worker-0");
}

#[test]
fn columns_are_panned() {
    let mut person = Person::at_demo(80, 24);
    person.sees_no("RUNTIME");
    person.keys("llllllllllllllllllll");
    person.sees("PARENT");
    person.sees("ID");
    person.keys("hhhhhhhhhhhhhhhhhhhh");
    person.sees("STATE");
}

#[test]
fn the_screen_is_copied_as_text() {
    let mut person = Person::at_demo(40, 10);
    person.keys("/conn<enter>c");
    let Some(Effect::Copy(text)) = person.effects.last() else {
        panic!("{:?}", person.effects)
    };
    // All rows and wide, whatever the size of the terminal.
    assert_eq!(text.lines().count(), 14, "{text}");
    assert!(
        text.starts_with("demo · tasks · conn · 12 of 20, 3 ended hidden · by busy ↓\n"),
        "{text}"
    );
    assert!(text.contains("src/server.rs:71"), "{text}");
    assert!(!text.contains('▸'));
    person.keys("<enter>c");
    let Some(Effect::Copy(text)) = person.effects.last() else {
        panic!("{:?}", person.effects)
    };
    assert!(text.contains("of 1.23KiB, not boxed"), "{text}");
}

#[test]
fn an_order_and_a_filter_can_be_given_at_the_start() {
    let order = Some(Order {
        column: Column::Name,
        descending: false,
    });
    let filter = Some("worker".parse().unwrap());
    let mut person = Person::with(
        80,
        24,
        Options {
            order,
            filter,
            ..Options::default()
        },
    );
    person.feed(Feed::Connected(Box::new(world::hello())));
    person.news(true, world::demo());
    person.sees("─ worker ─");
    person.sees("3 of 20 · by name ↑");
    person.sees("▸      4");
}

#[test]
fn q_leaves_and_ctrl_z_suspends() {
    let mut person = Person::at_demo(80, 24);
    person.keys("<c-z>q");
    assert_eq!(person.effects, [Effect::Suspend, Effect::Quit]);
}

#[test]
fn help_lists_every_key_that_does_something() {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    let help: String = crate::tui::keys::HELP
        .iter()
        .flat_map(|(_, entries)| entries.iter())
        .map(|entry| format!(" {} ", entry.keys))
        .collect();
    for c in ' '..='~' {
        let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        let name = if c == ' ' {
            "space".to_owned()
        } else {
            c.to_string()
        };
        if crate::tui::keys::action(key).is_some() {
            assert!(
                help.contains(&format!(" {name} ")),
                "{c:?} is not in the help"
            );
        }
    }
}
