//! Whatever comes, the screen stands.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use taskscope_model::{
    Change, Concern, Finding, FindingId, Hold, Holder, Kind, Mode, Nanos, Place, PlaceId,
    ResourceId, ResourceKind, Role, SiteId, Stamp, State, Subject, Sureness, Tier, Totals, Usage,
    Vitals, Wait, WaitId,
};

use super::Person;
use super::world::{self, NOW, born, id, site, vitals};
use crate::feed::{Feed, Hello};
use crate::scene;
use crate::tui::{Msg, draw};

/// Names that do something to a terminal that writes them as they are.
const HOSTILE: [&str; 9] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "a\r\nb\tc\u{8}",
    "\u{202e}drow\u{2066}",
    "日本語の名前日本語の名前日本語の名前日本語の名前",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
    "👨\u{200d}👩\u{200d}👧\u{fe0f}🇩🇪",
    "\u{9b}31m\u{85}\u{90}",
    "\u{200b}\u{200b}\u{200b}",
    "لالالالا",
];

fn state() -> impl Strategy<Value = State> {
    prop::sample::select(State::ALL.to_vec())
}

fn change() -> impl Strategy<Value = Change> {
    let vital = || {
        (state(), any::<u64>(), any::<u64>(), any::<u32>()).prop_map(|(state, since, n, wakers)| {
            Vitals {
                state,
                since: Stamp(since),
                polls: n,
                busy: Nanos(n / 3),
                wakers,
                ..vitals(State::Idle, 0)
            }
        })
    };
    let name = prop::sample::select(HOSTILE.to_vec());
    prop_oneof![
        any::<u64>().prop_map(|n| Change::Now(Stamp(n))),
        (0u32..8, name.clone(), any::<u32>()).prop_map(|(n, file, line)| site(
            n,
            file,
            line,
            Kind::Task,
            9
        )),
        (1u64..40, name, 0u32..9, prop::option::of(1u64..40), vital()).prop_map(
            |(n, name, site, parent, vitals)| born(n, name, site, parent, NOW / n, vitals)
        ),
        (1u64..40, vital()).prop_map(|(n, vitals)| Change::Lived(id(n), vitals)),
        (1u64..40).prop_map(|n| Change::Gone(id(n))),
        (1u64..40).prop_map(|n| Change::Sketched(id(n), Box::new(world::sketches()))),
        (any::<u32>(), any::<u64>()).prop_map(|(workers, n)| {
            Change::Totals(Box::new(Totals {
                workers,
                worker_busy: Nanos(n),
                polls: n,
                untracked: n,
                ..Totals::default()
            }))
        }),
        (
            0u32..8,
            prop::sample::select(HOSTILE.to_vec()),
            any::<u32>()
        )
            .prop_map(|(n, file, line)| {
                let place = Place {
                    file: file.into(),
                    line,
                    column: 1,
                };
                Change::Place(PlaceId(n), place)
            }),
        resource(),
        (1u64..20).prop_map(|n| Change::ResourceGone(ResourceId::new(n).unwrap())),
        (1u64..60, 1u64..20, 1u64..40, any::<u64>(), any::<bool>()).prop_map(
            |(n, of, task, since, flag)| {
                Change::Wait(Wait {
                    granted: flag.then_some(Stamp(since)),
                    timed: !flag,
                    stack: None,
                    task: (n % 7 > 0).then(|| id(task)),
                    since: Stamp(since),
                    ..scene::wait(n, of, 1, 0)
                })
            }
        ),
        (1u64..60).prop_map(|n| Change::WaitOver(WaitId::new(n).unwrap())),
        finding(),
        (1u64..9).prop_map(|n| Change::FindingGone(FindingId::new(n).unwrap())),
        (0u32..8, any::<u32>()).prop_map(|(n, done)| {
            Change::Past(
                SiteId(n),
                taskscope_model::Tally {
                    done: done.into(),
                    ..Default::default()
                },
            )
        }),
    ]
}

fn resource() -> impl Strategy<Value = Change> {
    let kind = prop::sample::select(ResourceKind::ALL.to_vec());
    let sureness = prop::sample::select(vec![Sureness::Exact, Sureness::Moved, Sureness::Partial]);
    let holds = prop::collection::vec((0u64..40, any::<u64>()), 0..5);
    (1u64..20, kind, sureness, holds, any::<u64>()).prop_map(|(n, kind, sureness, holds, any)| {
        let hold = |(task, since): &(u64, u64)| Hold {
            holder: taskscope_model::TaskId::new(*task)
                .map_or(Holder::NoTask, |_| Holder::Task(id(*task))),
            mode: Mode::Shared,
            permits: any,
            since: Stamp(*since),
            awaits: *since as u8,
            stack: None,
        };
        let usage = Usage {
            holds: holds.iter().map(hold).collect(),
            unlisted: any % 3,
            sureness,
            free: (any % 2 > 0).then_some(any),
            acquired: any,
            waits: any,
            abandoned: any,
            waited: Nanos(any),
            cancelled: any % 5,
            last_cancelled: Some(id(any % 40 + 1)),
            ..Usage::default()
        };
        scene::resource(n, kind, n as u32 % 9, usage)
    })
}

fn finding() -> impl Strategy<Value = Change> {
    let tier = prop::sample::select(Tier::ALL.to_vec());
    let text = prop::sample::select(HOSTILE.to_vec());
    let subject = prop_oneof![
        (1u64..40).prop_map(|n| Subject::Task(id(n))),
        (1u64..20).prop_map(|n| Subject::Resource(ResourceId::new(n).unwrap())),
        (0u32..9).prop_map(|n| Subject::Site(SiteId(n))),
        (0u32..9).prop_map(|n| Subject::Place(PlaceId(n))),
        (1u16..5).prop_map(|n| Subject::Runtime(taskscope_model::RuntimeId(n.try_into().unwrap()))),
    ];
    let role = prop::option::of(prop::sample::select(Role::ALL.to_vec()));
    let concern = (subject, role).prop_map(|(subject, role)| Concern { subject, role });
    let subjects = prop::collection::vec(concern, 0..5);
    (1u64..9, tier, text, subjects, any::<u64>(), any::<bool>()).prop_map(
        |(n, tier, text, subjects, at, over)| {
            Change::Finding(Box::new(Finding {
                id: FindingId::new(n).unwrap(),
                rule: text.into(),
                tier,
                subjects,
                since: Stamp(at),
                cleared: over.then_some(Stamp(at)),
                summary: text.into(),
                evidence: vec![text.into(); (at % 4) as usize],
                advice: text.into(),
            }))
        },
    )
}

fn key() -> impl Strategy<Value = Msg> {
    let codes = prop_oneof![
        12 => prop::sample::select("jkgGhlpw/s<>ReRmc?12345 r\u{301}日abc:=".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        8 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Backspace, KeyCode::Up, KeyCode::Down, KeyCode::Home, KeyCode::End,
            KeyCode::PageDown, KeyCode::PageUp, KeyCode::Left, KeyCode::Right, KeyCode::Tab, KeyCode::Delete, KeyCode::F(1),
        ]),
        1 => any::<char>().prop_map(KeyCode::Char),
    ];
    let modifiers = prop::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    (codes, modifiers).prop_map(|(code, modifiers)| Msg::Key(KeyEvent::new(code, modifiers)))
}

fn feed() -> impl Strategy<Value = Feed> {
    prop_oneof![
        8 => (any::<bool>(), any::<bool>(), prop::collection::vec(change(), 0..20))
            .prop_map(|(restart, complete, changes)| Feed::Update { restart, complete, changes }),
        1 => (0u64..3, any::<u64>(), prop::sample::select(HOSTILE.to_vec())).prop_map(|(session, now_ns, name)| {
            Feed::Connected(Box::new(Hello { session, now_ns, name: name.to_owned(), ..world::hello() }))
        }),
        1 => prop::sample::select(HOSTILE.to_vec())
            .prop_map(|reason| Feed::Lost { reason: reason.to_owned(), retry_in: Duration::from_secs(3) }),
        1 => prop::sample::select(HOSTILE.to_vec()).prop_map(|reason| Feed::Refused { reason: reason.to_owned() }),
        1 => any::<u32>().prop_map(|attempt| Feed::Connecting { attempt }),
    ]
}

fn msg() -> impl Strategy<Value = Msg> {
    let mouse = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ]);
    prop_oneof![
        10 => key(),
        2 => (mouse, 0u16..210, 0u16..70).prop_map(|(kind, column, row)| {
            Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
        }),
        1 => (1u16..=200, 1u16..=60).prop_map(|(columns, rows)| Msg::Resize(columns, rows)),
        2 => (0u64..100_000).prop_map(|ms| Msg::Tick(Duration::from_millis(ms))),
        1 => prop::sample::select(HOSTILE.to_vec()).prop_map(|text| Msg::Paste(text.to_owned())),
        4 => feed().prop_map(Msg::Feed),
    ]
}

/// Draws the app, and looks for what must never reach a terminal.
fn drawn(person: &Person) -> Buffer {
    let (columns, rows) = person.app.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    draw(&person.app, &mut buffer);
    for cell in buffer.content() {
        let symbol = cell.symbol();
        assert_eq!(
            crate::text::clean(symbol),
            symbol,
            "{symbol:?} on the screen"
        );
    }
    buffer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_done_or_told_breaks_the_screen(messages in prop::collection::vec(msg(), 1..80)) {
        let mut person = Person::at_demo(80, 24);
        for msg in messages {
            person.tell(msg);
            drawn(&person);
        }
    }
}

#[test]
fn every_size_of_a_bank_in_trouble_is_drawn() {
    for keys in [
        "",
        "l",
        "jl",
        "e",
        "<enter>",
        "3",
        "3<enter>",
        "3/waiters>",
        "3s",
        "4",
        "4jj",
        "2",
    ] {
        let mut person = Person::at_bank(80, 24);
        person.keys(keys);
        for columns in (1..60).chain([80, 120, 200]) {
            for rows in (1..16).chain([24, 60]) {
                person.tell(Msg::Resize(columns, rows));
                drawn(&person);
            }
        }
    }
}

#[test]
fn every_size_is_drawn_on_every_screen() {
    for keys in ["", "g", "<enter>", "?", "s", "/state:x", "1", "3", "4"] {
        let mut person = Person::at_demo(80, 24);
        person.keys(keys);
        for columns in (1..60).chain([80, 120, 200]) {
            for rows in (1..16).chain([24, 60]) {
                person.tell(Msg::Resize(columns, rows));
                drawn(&person);
            }
        }
    }
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let mut person = Person::new(120, 40);
    let name = format!("svc{}", HOSTILE.concat());
    person.feed(Feed::Connected(Box::new(Hello {
        name,
        ..world::hello()
    })));
    let mut changes = Vec::new();
    for (n, text) in (1..).zip(HOSTILE) {
        changes.push(site(n, text, n, Kind::Task, 9));
        changes.push(born(
            u64::from(n),
            text,
            n,
            Some(1),
            NOW,
            vitals(State::Idle, 5),
        ));
    }
    changes.push(born(
        99,
        &"x\u{1b}".repeat(128),
        3,
        None,
        NOW,
        vitals(State::Idle, 5),
    ));
    changes.push(world::now(NOW));
    person.news(true, changes);
    for keys in [
        "",
        "s<end><enter>",
        "5",
        "6",
        "2",
        "j<enter>",
        "c",
        "<esc>j<enter>",
        "?",
    ] {
        person.keys(keys);
        drawn(&person);
    }
    person.keys("2");
    person.sees("␛[2J␛]0;owned␇");
    person.sees("x␛x␛x␛");
    // Nothing shifts the columns behind a hostile name: the state stands where its heading does in every row.
    let buffer = drawn(&person);
    let at = |y: u16, text: &str| {
        let row: Vec<_> = (0..120).map(|x| buffer[(x, y)].symbol()).collect();
        row.windows(text.len())
            .position(|window| window.concat() == text)
    };
    let behind = at(3, "BUSY").unwrap();
    for y in 4..13 {
        assert_eq!(buffer[((behind + 3) as u16, y)].symbol(), "s", "row {y}");
    }
    person.feed(Feed::Lost {
        reason: "\u{1b}[31mreset\u{7}".to_owned(),
        retry_in: Duration::from_secs(1),
    });
    person.sees("␛[31mreset␇");
}
