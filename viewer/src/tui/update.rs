//! What happens: a message makes a new state of the app, and effects. No clock, no I/O.

mod act;
mod mouse;
mod moving;
mod sorting;
mod ways;

pub(super) use ways::tab_of;

use std::str::FromStr;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use taskscope_model::graph::WaitGraph;
use taskscope_model::query::{At, Filter, FilterError, Spot};
use taskscope_model::{Stamp, TaskId, World};

use super::app::{App, Mode, Screen, Stale};
use super::cursor::Settled;
use super::keys::{Action, action};
use super::link::Phase;
use super::msg::{Effect, Msg};
use super::prompt::Typed;
use super::sources::line_of;
use super::view::awaits::AWAITS;
use super::view::layout::body_height;
use crate::feed::{Ask, Feed, Hello};
use crate::source::Program;
use crate::text::clean;

/// Filters that are remembered.
const HISTORY: usize = 50;

/// Takes a message.
///
/// ```
/// use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
/// use taskscope_viewer::tui::{App, Effect, Msg, Options, update};
///
/// let mut app = App::new(Options::default());
/// let key = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
/// assert_eq!(update(&mut app, Msg::Key(key)), [Effect::Quit]);
/// ```
#[must_use]
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Tick(now) => tick(app, now),
        Msg::Key(key) if key.kind == KeyEventKind::Release => {}
        Msg::Key(key) => pressed(app, key, &mut effects),
        Msg::Mouse(event) => mouse::used(app, event),
        Msg::Paste(text) => {
            if let Mode::Filter(prompt) = &mut app.mode {
                prompt.insert(&text);
                preview(app);
            }
        }
        Msg::Resize(columns, rows) => app.size = (columns, rows),
        Msg::Feed(feed) => told(app, feed),
        Msg::Source(line, text) => app.sources.take(line, text),
    }
    freshen(app);
    ask_for_sketches(app, &mut effects);
    ask_for_sources(app, &mut effects);
    effects
}

fn tick(app: &mut App, now: Duration) {
    app.now = app.now.max(now);
    app.picture.tick(app.now);
    if app
        .notice
        .as_ref()
        .is_some_and(|notice| notice.until <= app.now)
    {
        app.notice = None;
    }
}

fn pressed(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    // These work whatever is being typed.
    match key.code {
        KeyCode::Char('c') if control => return effects.push(Effect::Quit),
        KeyCode::Char('z') if control => return effects.push(Effect::Suspend),
        _ => {}
    }
    match &mut app.mode {
        Mode::Filter(prompt) => match prompt.key(
            key,
            act::history(&app.screens, &app.history, &app.resources),
        ) {
            Typed::Changed => preview(app),
            Typed::Accepted => accept(app),
            Typed::Cancelled => {
                let before = prompt.before.clone();
                set_filter(app, &before);
                app.mode = Mode::Screen;
                app.stale = Some(Stale::Wish);
            }
            Typed::Nothing => {}
        },
        Mode::Sort(picker) => match action(key) {
            Some(Action::Move(motion)) => picker.go(motion),
            Some(Action::Open) => {
                let at = picker.at;
                app.mode = Mode::Screen;
                sorting::sort_by(app, at);
            }
            Some(Action::Quit | Action::Back | Action::Sort) => app.mode = Mode::Screen,
            Some(Action::Reverse) => sorting::reverse(app),
            _ => {}
        },
        Mode::Screen => {
            // Whoever goes on has read what was said, and wants the keys back.
            app.notice = None;
            if let Some(action) = action(key) {
                act::act(app, action, effects);
            }
        }
    }
}

/// Shows what the filter that is being typed leaves; where it can't be read, what the terms before the error leave.
fn preview(app: &mut App) {
    let Mode::Filter(prompt) = &app.mode else {
        return;
    };
    let text = prompt.text().to_owned();
    let error = set_filter(app, &text);
    if let Mode::Filter(prompt) = &mut app.mode {
        prompt.error = error;
    }
}

/// Takes a text for the filter of the table that is shown; what is wrong with it, if anything is.
fn set_filter(app: &mut App, text: &str) -> Option<FilterError> {
    let (changed, error) = match app.screen() {
        Screen::Resources => read_into(text, &mut app.resources.filter),
        _ => read_into(text, &mut app.tasks.filter),
    };
    if changed {
        app.stale = Some(Stale::Wish);
    }
    error
}

fn read_into<F: FromStr<Err = FilterError> + PartialEq>(
    text: &str,
    filter: &mut F,
) -> (bool, Option<FilterError>) {
    let parsed = text.parse::<F>();
    let error = parsed.as_ref().err().cloned();
    let readable = parsed.or_else(|error| {
        let before = text.get(..error.at).unwrap_or_default();
        before
            .rfind(' ')
            .map_or("", |space| &before[..space])
            .parse()
    });
    match readable {
        Ok(read) if *filter != read => {
            *filter = read;
            (true, error)
        }
        _ => (false, error),
    }
}

fn accept(app: &mut App) {
    preview(app);
    let Mode::Filter(prompt) = &mut app.mode else {
        return;
    };
    if prompt.error.is_some() {
        return;
    }
    app.mode = Mode::Screen;
    match app.screen() {
        Screen::Resources => {
            let text = app.resources.filter.to_string();
            remember(&mut app.resources.history, text);
        }
        _ => remember(&mut app.history, app.tasks.filter.to_string()),
    }
}

/// Puts a filter into its history.
fn remember(history: &mut Vec<String>, filter: String) {
    if filter.is_empty() {
        return;
    }
    history.retain(|entry| *entry != filter);
    history.push(filter);
    let extra = history.len().saturating_sub(HISTORY);
    history.drain(..extra);
}

fn told(app: &mut App, feed: Feed) {
    match feed {
        Feed::Connecting { attempt } => {
            app.link.phase = Phase::Connecting { attempt };
            app.picture.stop_clock();
        }
        Feed::Connected(hello) => connected(app, hello),
        Feed::Learnt(hello) => {
            app.link.hello = Some(hello);
            app.stale = app.stale.or(Some(Stale::News));
        }
        Feed::Update {
            restart,
            complete,
            changes,
        } => {
            // Whoever tells news is connected, whatever was told before.
            app.link.phase = Phase::Live;
            let first = !app.picture.is_complete() && complete;
            app.picture.apply(restart, complete, changes, app.now);
            for screen in &mut app.screens {
                if let Screen::Task(detail) = screen {
                    detail.observe(app.picture.live());
                }
            }
            if first {
                app.stale = app.stale.or(Some(Stale::News));
            }
        }
        Feed::Lost { reason, retry_in } => {
            let lost = app.link.lost.as_ref().map_or(app.now, |(at, _)| *at);
            app.link.lost = Some((lost, reason));
            app.link.phase = Phase::Lost {
                retry_at: app.now + retry_in,
            };
            app.picture.stop_clock();
        }
        Feed::Refused { reason } => {
            app.link.phase = Phase::Refused { reason };
            app.picture.stop_clock();
        }
    }
}

fn connected(app: &mut App, hello: Box<Hello>) {
    let before = app.link.hello.as_deref().map(|hello| hello.session);
    match before {
        Some(session) if session != hello.session => {
            app.picture.clear();
            app.tasks.clear();
            app.stacks.clear();
            app.groups.clear();
            app.problems.clear();
            app.resources.clear();
            app.sources.clear();
            app.waits = WaitGraph::default();
            // What the screens were about belongs to the process that is gone.
            ways::to_tab(app, ways::tab_of(&app.screens));
            let name = clean(&hello.name).into_owned();
            app.say(format!(
                "a new process: {name} with pid {}; everything before was another",
                hello.pid
            ));
        }
        Some(_) if app.link.lost.is_some() => app.say("connected again, to the same process"),
        _ => {}
    }
    app.asked.clear();
    app.picture.set_clock(Stamp(hello.now_ns), app.now);
    app.link.phase = Phase::Live;
    app.link.lost = None;
    app.link.hello = Some(hello);
    app.stale = app.stale.or(Some(Stale::News));
}

/// How long rows stay as they are while nobody asks for others: longer the more there are, so that sorting them costs
/// a few hundredths of a core whatever their number.
fn keep_rows_for(tasks: usize) -> Duration {
    Duration::from_millis(250) + Duration::from_micros(4 * tasks as u64).min(Duration::from_secs(2))
}

/// How much there is to sort or to search.
fn rows_of(world: &World) -> usize {
    world.len() + world.resources().len() + world.waits().len()
}

/// Computes the rows of the screen that is shown anew, where it is time to.
fn freshen(app: &mut App) {
    let world = app.picture.world();
    let due = match app.fresh {
        None => true,
        Some((at, revision)) => {
            let changed = revision != world.revision() || app.picture.is_ticking();
            changed && app.now >= at + keep_rows_for(rows_of(world))
        }
    };
    if !due && app.stale.is_none() {
        return;
    }
    app.fresh = Some((app.now, world.revision()));
    let wish = app.stale.take() == Some(Stale::Wish);
    let height = body_height(app);
    let within = app.screens.iter().rev().find_map(|screen| match screen {
        Screen::Tasks(within) => Some(within.clone()),
        _ => None,
    });
    let mut lost = None;
    // The tabs and the marks of tasks tell of findings on every screen; there are few.
    let on_problems = matches!(app.screen(), Screen::Problems);
    let list = if on_problems { height } else { 1 };
    let problem = app.problems.refresh(app.picture.world(), list);
    match app.screens.last_mut() {
        Some(Screen::Problems) => {
            if problem == Settled::Lost {
                app.problems.subject = None;
                lost = Some("the target no longer tells of that problem".to_owned());
            }
        }
        Some(Screen::Resources) => {
            let settled = app.resources.refresh(app.picture.world(), height);
            if settled == Settled::Lost {
                lost = Some("that resource is gone, or no longer matches the filter".to_owned());
            }
        }
        Some(Screen::Waits(_)) => app.waits = WaitGraph::of(app.picture.world()),
        Some(Screen::Resource(thing)) => thing.refresh(app.picture.world()),
        Some(Screen::Tasks(_)) => {
            app.tasks.within = within.flatten();
            if wish {
                app.tasks.forget_names();
            }
            lost = app.tasks.refresh(app.picture.world(), height);
        }
        Some(Screen::Stacks) => {
            let settled = app
                .stacks
                .refresh(app.picture.world(), &app.tasks.filter, height);
            if settled == Settled::Lost {
                lost = Some("no task waits there any more".to_owned());
            }
        }
        Some(Screen::Groups) => {
            let filter = all_of(&app.only, &app.tasks.filter);
            let settled = app.groups.refresh(app.picture.world(), &filter, height);
            if settled == Settled::Lost {
                lost = Some("no task of that place is left that matches".to_owned());
            }
        }
        Some(Screen::Task(detail)) => detail.refresh(app.picture.world()),
        Some(Screen::Help(_) | Screen::Explain(..)) | None => {}
    }
    if let Some(what) = lost.filter(|_| !wish) {
        app.say(what);
    }
}

/// What meets both. The past tasks of a place are only counted in where nothing at all is asked for.
fn all_of(only: &Filter, own: &Filter) -> Filter {
    match (only.is_empty(), own.is_empty()) {
        (true, _) => own.clone(),
        (_, true) => only.clone(),
        // Terms side by side are all required. Two filters that are too long together leave out what is true anyway.
        _ => format!("{only} {own}")
            .parse()
            .unwrap_or_else(|_| own.clone()),
    }
}

/// Asks for the distributions of the task that is looked at, and for no others.
fn ask_for_sketches(app: &mut App, effects: &mut Vec<Effect>) {
    let wanted: Vec<TaskId> = app.detail().map(|detail| detail.id).into_iter().collect();
    if wanted != app.asked && app.link.is_live() {
        app.asked.clone_from(&wanted);
        effects.push(Effect::Ask(Ask::Sketches(wanted)));
    }
}

/// Asks for the lines of the source that the screen shows and that were not looked for yet.
fn ask_for_sources(app: &mut App, effects: &mut Vec<Effect>) {
    let world = app.picture.world();
    let awaits = match app.screen() {
        Screen::Task(detail) => detail.task(world).map(|task| world.whereabouts(task)),
        Screen::Stacks => app.stacks.selected().map(|group| match &group.at {
            At::Spots(spots) => spots.iter().map(Spot::place).collect(),
            At::Nowhere(_) => Vec::new(),
        }),
        _ => return,
    };
    let awaits = awaits.into_iter().flatten().take(AWAITS);
    let lines = awaits.filter_map(|place| line_of(place.stack?, world));
    let lines: Vec<_> = lines.collect();
    let new = app.sources.ask(lines);
    if let Some(hello) = app.link.hello.as_deref().filter(|_| !new.is_empty()) {
        let program = Program {
            executable: hello.executable.clone(),
            started_unix_ns: hello.started_unix_ns,
        };
        effects.push(Effect::Read(program, new));
    }
}
