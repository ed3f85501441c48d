//! Where a task waits: the tree of its futures from its own down to what the innermost ones wait for.

use ratatui::style::Style;
use ratatui::text::Span;
use taskscope_model::{Await, Code, Frame, Kind, LongPoll, Stack, State, Task};

use super::document::wrap;
use super::page::{LABELS, Page};
use crate::text::{
    clean, code, count, duration, fit, frameless, function, is_placed, operation_of, width,
};

/// Places of one task that are shown.
pub(in super::super) const AWAITS: usize = 12;
/// Columns of a place of the app, and of a dependency: compilers name files from the root on, which would leave no room for
/// the line itself.
const OWN_PLACE: usize = 28;
const FOREIGN_PLACE: usize = 44;
/// A line of the source stands beside its place only where so many of its columns can be seen.
const READABLE: usize = 28;

/// A line of the tree.
struct Row<'a> {
    /// The branches that lead to it.
    branches: String,
    /// The same for what is said below it.
    below: String,
    frame: &'a Frame,
    /// The places that end here, by their number.
    ends: Vec<usize>,
}

/// A place and the way to it.
#[derive(Clone, Copy)]
struct Way<'a> {
    number: usize,
    stack: &'a Stack,
}

impl<'a> Way<'a> {
    /// The frame so many steps in from the task's own future.
    fn frame(&self, depth: usize) -> Option<&'a Frame> {
        self.stack.frames.iter().rev().nth(depth)
    }
}

/// Adds what lies so deep within: what several ways share is there once.
fn grow<'a>(rows: &mut Vec<Row<'a>>, ways: &[Way<'a>], depth: usize, before: &str, most: usize) {
    let mut branches: Vec<(&Frame, Vec<Way<'a>>)> = Vec::new();
    for way in ways {
        let Some(frame) = way.frame(depth) else {
            continue;
        };
        match branches.iter_mut().find(|(known, _)| *known == frame) {
            Some((_, ways)) => ways.push(*way),
            None => branches.push((frame, vec![*way])),
        }
    }
    let last = branches.len().saturating_sub(1);
    for (i, (frame, ways)) in branches.into_iter().enumerate() {
        // Who sits very deep stays in sight.
        let (branch, below) = match (depth, i == last) {
            (0, _) => ("", ""),
            _ if width(before) >= most => ("└ ", ""),
            (_, true) => ("└ ", "  "),
            (_, false) => ("├ ", "│ "),
        };
        let ends = ways
            .iter()
            .filter(|way| way.stack.frames.len() == depth + 1);
        let below = format!("{before}{below}");
        rows.push(Row {
            branches: format!("{before}{branch}"),
            below: below.clone(),
            frame,
            ends: ends.map(|way| way.number).collect(),
        });
        grow(rows, &ways, depth + 1, &below, most);
    }
}

impl Page<'_> {
    /// Where the task waits, or why that is not known.
    pub(super) fn awaits(&mut self, task: &Task) {
        let app = self.app;
        let world = app.picture.world();
        let kind = world.site(task.birth.site).map(|site| site.kind);
        if task.vitals.state.has_ended() || kind == Some(Kind::Blocking) {
            return;
        }
        if task.vitals.state == State::Running {
            return match world.present_poll(task) {
                Some(poll) => self.long_poll(poll),
                None => self.say("awaits", "nothing now: it is in a poll"),
            };
        }
        let mut awaits = world.awaits(task);
        let all = awaits.len();
        awaits.truncate(AWAITS);
        if all == 0
            || (!self.tells_stacks()
                && awaits.iter().all(|place| frameless(place, world).is_some()))
        {
            return self.say("awaits", &self.no_awaits(task, kind));
        }
        self.places("awaits", &awaits);
        if all > AWAITS {
            let more = format!("and at {} more places", count((all - AWAITS) as u64));
            self.say("", &more);
        }
        match world.unkept(task) {
            0 => {}
            1 => self.say("", "? and where 1 more waker is: no more places are kept"),
            more => {
                let more = count(more);
                self.say(
                    "",
                    &format!("? and where {more} more wakers are: no more places are kept"),
                );
            }
        }
    }

    /// What a poll that does not return was seen doing.
    fn long_poll(&mut self, poll: &LongPoll) {
        let ago = duration(poll.seen.until(self.app.picture.now()));
        let doing = poll.doing.to_string();
        self.say("poll", &format!("{}, {ago} ago", clean(&doing)));
        match poll.place() {
            Some(place) => self.places("", &[place]),
            None if poll.unseen.is_empty() => {}
            None => self.say(
                "",
                &format!("? where is not known: {}", clean(&poll.unseen)),
            ),
        }
    }

    /// The ways to some places at which a task waits.
    pub(super) fn places(&mut self, label: &str, awaits: &[Await]) {
        let (app, mut label) = (self.app, label);
        let world = app.picture.world();
        let ways: Vec<_> = awaits
            .iter()
            .enumerate()
            .filter_map(|(number, place)| {
                let stack = world.stack(place.stack?)?;
                Some(Way { number, stack })
            })
            .collect();
        // Those whose outer part is not known begin somewhere else.
        let (whole, partial): (Vec<_>, Vec<_>) = ways.iter().partition(|way| way.stack.whole);
        let room = usize::from(self.columns).saturating_sub(LABELS + 2).max(12);
        for (ways, is_whole) in [(whole, true), (partial, false)] {
            let mut rows = Vec::new();
            grow(&mut rows, &ways, 0, "", room / 3);
            if !is_whole && !rows.is_empty() {
                self.say_styled(
                    label,
                    "… the outer part of this is not known",
                    self.look.dim,
                );
                label = "";
            }
            self.tree(&mut label, &rows, awaits, room);
        }
        for place in awaits {
            if let Some(why) = frameless(place, world) {
                let what = match self.waited_for(place) {
                    Some(what) => format!("{what} · ? {why}"),
                    None => format!("? {why}"),
                };
                let doubt = if place.sure { "" } else { " (maybe)" };
                self.say(label, &format!("{what}{doubt}"));
                label = "";
            }
        }
    }

    fn tree(&mut self, label: &mut &str, rows: &[Row<'_>], awaits: &[Await], room: usize) {
        let widest = (room * 3 / 5).min(room.saturating_sub(14));
        let name_of = |row: &Row<'_>| {
            let maybe = !row.ends.is_empty() && !row.ends.iter().any(|end| awaits[*end].sure);
            let maybe = if maybe { " (maybe)" } else { "" };
            let used = width(&row.branches) + maybe.len();
            // The place says more than the name: it stays whole.
            let most = widest.saturating_sub(used).max(6);
            let name = match row.frame.code {
                Code::Runtime => fit(&operation_of(&row.frame.function), most),
                _ => function(&row.frame.function, most),
            };
            (name, maybe, used)
        };
        let wide = rows.iter().map(|row| {
            let (name, _, used) = name_of(row);
            used + width(&name)
        });
        let column = wide.max().unwrap_or(0).min(widest);
        for row in rows {
            let frame = row.frame;
            let (name, maybe, used) = name_of(row);
            let style = match frame.code {
                Code::App => self.look.strong,
                _ => Style::new(),
            };
            let mut spans = vec![
                self.label(label),
                Span::styled(row.branches.clone(), self.look.dim),
                Span::styled(name.clone(), style),
                Span::styled(maybe, self.look.caution),
            ];
            *label = "";
            let mut x = used + width(&name);
            let place = &frame.place;
            if is_placed(frame) && x + 8 < room {
                let gap = column.max(x) + 2 - x;
                let most = match frame.code {
                    Code::App => OWN_PLACE,
                    _ => FOREIGN_PLACE,
                };
                let left = room.saturating_sub(x + gap);
                let text = code(&place.file, place.line, left.min(most));
                x += gap + width(&text);
                let style = match frame.code {
                    Code::App => Style::new(),
                    _ => self.look.dim,
                };
                spans.push(Span::raw(" ".repeat(gap)));
                spans.push(Span::styled(text, style));
            }
            let source = self.source(row, awaits);
            let beside = source
                .as_ref()
                .is_some_and(|text| x + 3 + width(text).min(READABLE) <= room);
            if let Some(text) = source.as_ref().filter(|_| beside) {
                let text = fit(text, room.saturating_sub(x + 3));
                spans.push(Span::styled(format!("   {text}"), self.look.accent));
            }
            self.document.line(spans);
            if let Some(text) = source.filter(|_| !beside) {
                let text = fit(&text, room.saturating_sub(width(&row.below) + 2));
                self.under(row, &text, self.look.accent);
            }
            for end in &row.ends {
                if let Some(what) = self.waited_for(&awaits[*end]) {
                    let room = room.saturating_sub(width(&row.below) + 2).max(12);
                    for line in wrap(&what, room) {
                        self.under(row, &line, Style::new());
                    }
                }
            }
        }
    }

    /// A line that belongs to the one above it.
    fn under(&mut self, row: &Row<'_>, text: &str, style: Style) {
        let spans = vec![
            self.label(""),
            Span::styled(format!("{}  ", row.below), self.look.dim),
            Span::styled(text.to_owned(), style),
        ];
        self.document.line(spans);
    }

    /// The line of the source where it is the one that matters: the app's innermost.
    fn source(&self, row: &Row<'_>, awaits: &[Await]) -> Option<String> {
        let world = self.app.picture.world();
        let mut stacks = awaits.iter().filter_map(|place| world.stack(place.stack?));
        let matters = stacks.any(|stack| stack.line() == Some(row.frame));
        let place = &row.frame.place;
        let text = self.app.sources.get(&place.file, place.line)?;
        matters.then(|| clean(text).into_owned())
    }

    fn waited_for(&self, place: &Await) -> Option<String> {
        let names = self.app.names();
        let wait = names.world.waits().get(place.wait?)?;
        Some(names.waited_for(wait))
    }

    fn tells_stacks(&self) -> bool {
        let setup = self.app.link.hello.as_deref().map(|hello| &hello.setup);
        let refused = setup.is_some_and(|setup| !setup.no_stacks.is_empty());
        self.app.link.tells("stacks") && !refused
    }

    /// Why it is not known where a task waits.
    fn no_awaits(&self, task: &Task, kind: Option<Kind>) -> String {
        let setup = self.app.link.hello.as_deref().map(|hello| &hello.setup);
        let refused = setup.map_or("", |setup| &setup.no_stacks);
        match (kind, task.vitals.polls) {
            (_, 0) => "nothing yet: it was never polled".to_owned(),
            _ if !refused.is_empty() => format!("? stacks are not caught: {}", clean(refused)),
            _ if !self.app.link.tells("stacks") => {
                "? this target does not tell where tasks wait".to_owned()
            }
            (Some(Kind::BlockOn), _) => {
                "? where a block_on future leaves its waker is not told".to_owned()
            }
            _ => "? no stack of it was caught".to_owned(),
        }
    }
}
