//! Tests of the whole app: driven by its keys, looked at on its screen.

mod awaits;
mod chaos;
mod keys;
mod news;
mod pictures;
mod problems;
mod stacks;
mod waits;
mod world;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{App, Effect, Msg, Options, draw, update};
use crate::feed::Feed;
use crate::scene;

/// An app with hands and eyes.
struct Person {
    app: App,
    now: Duration,
    effects: Vec<Effect>,
}

impl Person {
    /// Before anything has arrived.
    fn new(columns: u16, rows: u16) -> Self {
        Self::with(
            columns,
            rows,
            Options {
                address: "demo.sock".to_owned(),
                ..Options::default()
            },
        )
    }

    /// Looking at the tasks, which most tests are about.
    fn with(columns: u16, rows: u16, options: Options) -> Self {
        let mut person = Self {
            app: App::new(options),
            now: Duration::ZERO,
            effects: Vec::new(),
        };
        person.tell(Msg::Resize(columns, rows));
        person.keys("2");
        person
    }

    /// Looking at the demo world.
    fn at_demo(columns: u16, rows: u16) -> Self {
        let mut person = Self::new(columns, rows);
        person.feed(Feed::Connected(Box::new(world::hello())));
        person.news(true, world::demo());
        person
    }

    /// Looking at the bank whose tasks wait for each other.
    fn at_bank(columns: u16, rows: u16) -> Self {
        Self::at(columns, rows, scene::bank_changes())
    }

    /// Looking at what is wrong with a target that told this.
    fn at(columns: u16, rows: u16, changes: Vec<taskscope_model::Change>) -> Self {
        let mut person = Self::new(columns, rows);
        person.feed(Feed::Connected(Box::new(scene::hello())));
        person.news(true, changes);
        person.keys("1");
        person
    }

    fn tell(&mut self, msg: Msg) {
        self.effects.extend(update(&mut self.app, msg));
    }

    fn feed(&mut self, feed: Feed) {
        self.tell(Msg::Feed(feed));
    }

    fn news(&mut self, restart: bool, changes: Vec<taskscope_model::Change>) {
        self.feed(Feed::Update {
            restart,
            complete: true,
            changes,
        });
    }

    /// Lets time pass.
    fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.tell(Msg::Tick(self.now));
    }

    /// Presses keys: characters stand for themselves, others in angles: `jj<enter>/state:idle<esc><c-d><lt>`.
    fn keys(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let (code, modifiers, len) =
                match rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                    Some((name, _)) if !name.is_empty() => {
                        let (code, modifiers) = named(name);
                        (code, modifiers, name.len() + 2)
                    }
                    _ => (KeyCode::Char(c), KeyModifiers::NONE, c.len_utf8()),
                };
            self.tell(Msg::Key(KeyEvent::new(code, modifiers)));
            rest = &rest[len..];
        }
        self
    }

    fn click(&mut self, column: u16, row: u16) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.tell(Msg::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }));
    }

    /// What is on the screen.
    fn screen(&self) -> String {
        let (columns, rows) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal
            .draw(|frame| draw(&self.app, frame.buffer_mut()))
            .unwrap();
        terminal.backend().to_string()
    }

    /// The line of the screen that holds a text.
    #[track_caller]
    fn line(&self, text: &str) -> String {
        let screen = self.screen();
        let line = screen.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no `{text}` in\n{screen}"))
            .to_owned()
    }

    #[track_caller]
    fn sees(&self, text: &str) {
        self.line(text);
    }

    #[track_caller]
    fn sees_no(&self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "`{text}` in\n{screen}");
    }

    /// The row that is marked.
    #[track_caller]
    fn selected(&self) -> String {
        self.line("▸").trim_matches(['"', ' ']).to_owned()
    }
}

fn named(name: &str) -> (KeyCode, KeyModifiers) {
    if let Some(c) = name.strip_prefix("c-") {
        return (
            KeyCode::Char(c.chars().next().unwrap()),
            KeyModifiers::CONTROL,
        );
    }
    let code = match name {
        "lt" => KeyCode::Char('<'),
        "gt" => KeyCode::Char('>'),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgdn" => KeyCode::PageDown,
        "pgup" => KeyCode::PageUp,
        "backspace" => KeyCode::Backspace,
        "del" => KeyCode::Delete,
        other => panic!("no key is called {other}"),
    };
    (code, KeyModifiers::NONE)
}
