//! A list of the programs on this machine, for a person to pick one.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{List, ListItem, ListState};
use taskscope_model::Nanos;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::stop;
use crate::client::{Answer, Listing, Process, discover};
use crate::text::{clean, duration};

/// How often the list is made anew.
const REFRESH: Duration = Duration::from_secs(1);

/// How soon a new list is drawn.
const GLANCE: Duration = Duration::from_millis(100);

/// Lets the person pick one; `None` where they leave without.
pub(super) fn run(listing: Listing, runtime: &Runtime) -> io::Result<Option<PathBuf>> {
    let dir = listing.dir.clone();
    let (found, mut latest) = watch::channel(listing.clone());
    let looking = runtime.spawn(async move {
        loop {
            tokio::time::sleep(REFRESH).await;
            if found.send(discover(&dir).await).is_err() {
                return;
            }
        }
    });
    // A signal must not leave the terminal as it is here.
    let stop = {
        let _within = runtime.enter();
        runtime.spawn(stop::asked()?)
    };
    let mut picker = Picker::new(listing);
    let picked = ratatui::try_init().and_then(|mut terminal| {
        loop {
            terminal.draw(|frame| picker.draw(frame))?;
            if event::poll(GLANCE)?
                && let Event::Key(key) = event::read()?
            {
                match picker.key(key) {
                    Step::Stay => {}
                    Step::Leave => return Ok(None),
                    Step::Open(socket) => return Ok(Some(socket)),
                }
            }
            if stop.is_finished() {
                return Ok(None);
            }
            if latest.has_changed().unwrap_or(false) {
                picker.replace(latest.borrow_and_update().clone());
            }
        }
    });
    ratatui::restore();
    looking.abort();
    stop.abort();
    picked
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Stay,
    Leave,
    Open(PathBuf),
}

/// The list, and which of its programs is selected.
#[derive(Clone, Debug)]
struct Picker {
    listing: Listing,
    selected: usize,
}

impl Picker {
    fn new(listing: Listing) -> Self {
        let first = listing
            .processes
            .iter()
            .position(|process| matches!(process.answer, Answer::Hello(_)));
        Self {
            selected: first.unwrap_or(0),
            listing,
        }
    }

    /// Takes a new list; the selection stays with its program.
    fn replace(&mut self, listing: Listing) {
        let pid = self
            .listing
            .processes
            .get(self.selected)
            .map(|process| process.pid);
        let same = listing
            .processes
            .iter()
            .position(|process| Some(process.pid) == pid);
        self.selected =
            same.unwrap_or(self.selected.min(listing.processes.len().saturating_sub(1)));
        self.listing = listing;
    }

    fn key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        let last = self.listing.processes.len().saturating_sub(1);
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return Step::Leave;
            }
            KeyCode::Char('q') | KeyCode::Esc => return Step::Leave,
            KeyCode::Char('j') | KeyCode::Down => self.selected = (self.selected + 1).min(last),
            KeyCode::Char('k') | KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            KeyCode::Char('g') | KeyCode::Home => self.selected = 0,
            KeyCode::Char('G') | KeyCode::End => self.selected = last,
            KeyCode::Enter | KeyCode::Char('l') | KeyCode::Right => {
                let chosen = self.listing.processes.get(self.selected);
                // One that does not answer now may do so later: the viewer waits for it.
                if let Some(process) = chosen {
                    return Step::Open(process.socket.clone());
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let [title, list, keys] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(
            Line::from(" Which program?").style(Style::new().add_modifier(Modifier::BOLD)),
            title,
        );
        let items = self
            .listing
            .processes
            .iter()
            .map(|process| ListItem::new(line(process)));
        let widget = List::new(items)
            .highlight_symbol("▸ ")
            .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
        let mut state = ListState::default().with_selected(Some(self.selected));
        frame.render_stateful_widget(widget, list, &mut state);
        frame.render_widget(Line::from(" ⏎ open  j/k move  q leave"), keys);
    }
}

fn line(process: &Process) -> String {
    let what = match &process.answer {
        Answer::Hello(hello) => format!(
            "up {:<8} {}",
            duration(Nanos(hello.now_ns)),
            clean(&hello.name)
        ),
        Answer::Silent => "does not answer".to_owned(),
        Answer::Gone => "is another program by now".to_owned(),
        Answer::NoPermission => "no permission".to_owned(),
        Answer::Incompatible(why) | Answer::Odd(why) => why.clone(),
    };
    format!("{:>8}  {what}", process.pid)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::feed::Hello;

    fn process(pid: u32, name: &str) -> Process {
        let hello = Hello {
            name: name.to_owned(),
            now_ns: 61_000_000_000,
            ..Hello::default()
        };
        Process {
            pid,
            socket: format!("/s/{pid}.sock").into(),
            answer: Answer::Hello(Box::new(hello)),
        }
    }

    fn listing(processes: Vec<Process>) -> Listing {
        Listing {
            dir: "/s".into(),
            processes,
            trouble: None,
        }
    }

    fn press(picker: &mut Picker, keys: &str) -> Vec<Step> {
        keys.chars()
            .map(|key| match key {
                '⏎' => KeyCode::Enter,
                key => KeyCode::Char(key),
            })
            .map(|code| picker.key(KeyEvent::from(code)))
            .collect()
    }

    #[test]
    fn a_program_is_picked_by_keys() {
        let mut picker = Picker::new(listing(vec![process(7, "a"), process(9, "b")]));
        assert_eq!(
            press(&mut picker, "jjk⏎"),
            [
                Step::Stay,
                Step::Stay,
                Step::Stay,
                Step::Open("/s/7.sock".into())
            ]
        );
        assert_eq!(press(&mut picker, "q"), [Step::Leave]);
        assert_eq!(
            press(&mut Picker::new(listing(Vec::new())), "jk⏎"),
            [Step::Stay, Step::Stay, Step::Stay]
        );
    }

    #[test]
    fn the_selection_stays_with_its_program() {
        let mut picker = Picker::new(listing(vec![process(7, "a"), process(9, "b")]));
        press(&mut picker, "j");
        picker.replace(listing(vec![
            process(3, "new"),
            process(7, "a"),
            process(9, "b"),
        ]));
        assert_eq!(press(&mut picker, "⏎"), [Step::Open("/s/9.sock".into())]);
        picker.replace(listing(vec![process(3, "new")]));
        assert_eq!(press(&mut picker, "⏎"), [Step::Open("/s/3.sock".into())]);
    }

    #[test]
    fn the_list_is_drawn() {
        let mut silent = process(11, "");
        silent.answer = Answer::Silent;
        let picker = Picker::new(listing(vec![
            process(7, "shop\u{1b}[2J"),
            process(4242, "demo"),
            silent,
        ]));
        let mut terminal = Terminal::new(TestBackend::new(40, 8)).expect("a terminal in memory");
        terminal.draw(|frame| picker.draw(frame)).expect("it draws");
        insta::assert_snapshot!(terminal.backend());
    }
}
