//! One task: everything that is known of it, and the doors to others.

use ratatui::style::Style;
use ratatui::text::Span;
use taskscope_model::{Kind, LastWaker, Nanos, Sketch, State, Task};

use super::super::app::App;
use super::super::detail::{CHILDREN, Detail};
use super::document::Document;
use super::page::{LABELS, Page};
use super::sketch;
use super::tasks::{sees_wakers, sees_wakes};
use crate::text::{bytes, clean, count, duration, fit, place, share};

/// Columns of the times in the log: its texts stand a little to the right of all others.
const LOG_LABELS: usize = 15;

/// The text of the screen.
pub(in super::super) fn document(app: &App, detail: &Detail, columns: u16) -> Document {
    let mut page = Page::new(app, columns);
    match detail.task(app.picture.world()) {
        Some(task) => page.task(task, detail),
        None => page.say("", "Nothing is known of this task any more."),
    }
    page.document
}

impl Page<'_> {
    fn task(&mut self, task: &Task, detail: &Detail) {
        let world = self.app.picture.world();
        self.state(task, world.task(task.id).is_none());
        self.waits(detail);
        self.awaits(task);
        self.holds(task, detail);
        self.origin(task);
        self.future(task);
        self.document.gap();
        self.shares(task);
        let sketches = task.sketches.as_deref();
        let polls = count(task.vitals.polls);
        self.distribution("polls", &polls, sketches.map(|sketches| &sketches.polls));
        self.distribution("delays", "", sketches.map(|sketches| &sketches.delays));
        self.document.gap();
        self.wakes(task);
        self.document.gap();
        self.log(detail);
        self.document.gap();
        self.children(task, detail);
    }

    fn state(&mut self, task: &Task, gone: bool) {
        let now = self.app.picture.moment_of(task);
        let state = task.vitals.state;
        let lasts = duration(task.in_state(now));
        let mut spans = vec![
            self.label("state"),
            Span::styled(state.as_str(), self.look.state(state)),
        ];
        if gone {
            spans.push(Span::styled(
                ", when last heard of: the target no longer keeps it",
                self.look.caution,
            ));
        } else if state.has_ended() {
            spans.push(Span::raw(format!(
                " {lasts} ago, after {}",
                duration(task.age(now))
            )));
        } else {
            spans.push(Span::raw(format!(" for {lasts}")));
        }
        match state {
            State::Scheduled if task.vitals.polls == 0 => {
                spans.push(Span::raw(", never polled yet"))
            }
            State::Scheduled => spans.push(Span::raw(", waiting for a worker")),
            _ => {}
        }
        self.document.line(spans);
    }

    fn origin(&mut self, task: &Task) {
        let world = self.app.picture.world();
        let site = world.site(task.birth.site);
        let room = usize::from(self.columns)
            .saturating_sub(LABELS + 20)
            .max(12);
        let at = place(site, room);
        let age = task.birth.created.until(self.app.picture.now());
        let spans = vec![
            self.label("spawned"),
            Span::raw(format!("{} ago at {at}", duration(age))),
        ];
        self.document.line(spans);
        match task.birth.parent {
            Some(parent) => self.door("by", "", parent),
            None => self.say("by", "no task that is known"),
        }
    }

    fn future(&mut self, task: &Task) {
        let site = self.app.picture.world().site(task.birth.site);
        let kind = site.map_or("unknown", |site| site.kind.as_str());
        let what = if kind == Kind::Blocking.as_str() {
            "closure"
        } else {
            "future"
        };
        let size = match site.map(|site| (site.size, site.boxed_from)) {
            None | Some((0, _)) => format!("size of its {what} not known"),
            Some((size, None)) => format!("{what} of {}, not boxed", bytes(size)),
            Some((size, Some(from))) => format!(
                "{what} of {}, boxed by tokio from {}",
                bytes(size),
                bytes(from)
            ),
        };
        let runtime = match task.vitals.runtime {
            Some(runtime) => format!("runtime {}", runtime.0),
            None => "runtime not known".to_owned(),
        };
        self.say("kind", &format!("{kind} · {runtime} · {size}"));
        if let Some(closure) = site.and_then(|site| site.type_name.as_deref()) {
            self.say("closure", &clean(closure));
        }
    }

    fn shares(&mut self, task: &Task) {
        let now = self.app.picture.moment_of(task);
        let age = task.age(now);
        if !self.app.link.tells("polls") {
            return self.say("time", "? this target does not tell of polls");
        }
        let of = |part: Nanos| {
            if age.0 == 0 {
                0.0
            } else {
                part.0 as f64 / age.0 as f64
            }
        };
        let busy = task.busy(now);
        let mut parts = vec![("busy", busy, '█', self.look.good)];
        if sees_wakes(self.app, task) {
            parts.push(("scheduled", task.scheduled(now), '▒', self.look.caution));
            parts.push(("idle", task.idle(now), '░', self.look.dim));
        } else {
            parts.push(("not in polls", age - busy, '░', self.look.dim));
        }
        let room = usize::from(self.columns).saturating_sub(LABELS + 4).min(60);
        let mut spans = vec![self.label("time")];
        let mut left = room;
        for (i, (_, part, block, style)) in parts.iter().enumerate() {
            let wide = match i + 1 == parts.len() {
                true => left,
                // What there is shows, however little.
                false => ((of(*part) * room as f64).round() as usize)
                    .max(usize::from(part.0 > 0))
                    .min(left),
            };
            left -= wide;
            spans.push(Span::styled(block.to_string().repeat(wide), *style));
        }
        self.document.line(spans);
        let words = parts.iter().map(|(word, part, block, _)| {
            format!("{block} {word} {} {}", duration(*part), share(of(*part)))
        });
        let words: Vec<_> = words.collect();
        self.say("", &words.join("   "));
    }

    fn distribution(&mut self, label: &str, n: &str, sketch: Option<&Sketch>) {
        let what = match (label, n) {
            ("polls", n) => format!("{n} ended"),
            _ => "from a wake to its poll".to_owned(),
        };
        let Some(sketch) = sketch else {
            let why = if self.app.link.is_live() {
                "asked for…"
            } else {
                "not known"
            };
            return self.say(label, &format!("{what} · distribution {why}"));
        };
        let at = |q: f64| {
            sketch
                .percentile(q)
                .map_or_else(|| "?".to_owned(), duration)
        };
        match sketch::bounds(sketch) {
            None => self.say(label, &format!("{what} · none measured yet")),
            Some((from, to)) => {
                let text = format!(
                    "{what} · p50 {}  p90 {}  p99 {}",
                    at(0.5),
                    at(0.9),
                    at(0.99)
                );
                self.say(label, &text);
                let room = usize::from(self.columns)
                    .saturating_sub(LABELS + 20)
                    .clamp(8, 64);
                let rows = if self.app.size.1 >= 40 { 4 } else { 2 };
                let bars = sketch::bars(sketch, room, rows);
                let last = bars.len().saturating_sub(1);
                for (i, bar) in bars.into_iter().enumerate() {
                    let low = if i == last {
                        duration(from)
                    } else {
                        String::new()
                    };
                    let mut spans = vec![
                        self.label(&format!("{low:>9}")),
                        Span::styled(bar, self.look.accent),
                    ];
                    if i == last {
                        spans.push(Span::styled(format!(" {}", duration(to)), self.look.dim));
                    }
                    self.document.line(spans);
                }
            }
        }
    }

    fn wakes(&mut self, task: &Task) {
        let vitals = &task.vitals;
        if !sees_wakes(self.app, task) {
            let why = super::tasks::unknown(self.app, task).unwrap_or("? not told");
            return self.say("wakes", why);
        }
        let own = match vitals.self_wakes {
            0 => String::new(),
            own => format!(", {} of them by itself", count(own)),
        };
        self.say("wakes", &format!("{}{own}", count(vitals.wakes)));
        match vitals.last_waker {
            LastWaker::Nobody => self.say("last by", "nobody yet; its spawn got it its first poll"),
            LastWaker::NoTask => self.say("last by", "no task: a driver (I/O, timer) or a thread"),
            LastWaker::Task(id) if id == task.id => self.say("last by", "itself"),
            LastWaker::Task(id) => self.door("last by", "", id),
        }
        if !sees_wakers(self.app, task) {
            return self.say("wakers", "? this target does not tell of wakers");
        }
        let text = match (vitals.wakers, vitals.state) {
            (0, State::Idle) => {
                let text = "0 exist: nothing is left that could wake it, as far as taskscope sees";
                return self.say_styled("wakers", text, self.look.caution);
            }
            (1, _) => "1 exists".to_owned(),
            (n, _) => format!("{} exist", count(u64::from(n))),
        };
        self.say("wakers", &text);
    }

    fn children(&mut self, task: &Task, detail: &Detail) {
        let world = self.app.picture.world();
        if detail.children.is_empty() {
            return self.say("children", "none that is listed");
        }
        let total = detail.children_total;
        self.say("children", &format!("{} listed", count(total as u64)));
        for child in &detail.children {
            let about = world.task(*child).map_or_else(String::new, |child| {
                let state = child.vitals.state;
                let lasts = duration(child.in_state(self.app.picture.moment_of(child)));
                if state.has_ended() {
                    format!("{state} {lasts} ago  ")
                } else {
                    format!("{state} {lasts}  ")
                }
            });
            self.door("", &about, *child);
        }
        if total > CHILDREN {
            let id = task.birth.tokio_id.map_or_else(String::new, |id| {
                format!(": the filter parent:{id} shows all")
            });
            self.say(
                "",
                &format!("{} more{id}", count((total - CHILDREN) as u64)),
            );
        }
    }

    fn log(&mut self, detail: &Detail) {
        let now = self.app.picture.now();
        let mut entries = detail.log(now).peekable();
        if entries.peek().is_none() {
            return self.say("log", "nothing has changed since this screen was opened");
        }
        self.say(
            "log",
            "what changed since this screen was opened, newest first",
        );
        // As many as leave the rest of a high screen to the children.
        let room = usize::from(self.app.size.1).saturating_sub(34).max(6);
        for entry in entries.take(room) {
            let ago = match entry.at.until(now) {
                Nanos::ZERO => format!("{:>13}", "just now"),
                ago => format!("{:>9} ago", duration(ago)),
            };
            let label = (ago.as_str(), LOG_LABELS, self.look.dim);
            self.document
                .entry(label, (&entry.what, Style::new()), self.columns);
        }
    }
}

/// What the title line says of a task.
pub(super) fn title(app: &App, detail: &Detail) -> Vec<(String, Style)> {
    let look = app.theme.look();
    let world = app.picture.world();
    let Some(task) = detail.task(world) else {
        return vec![("a task".to_owned(), Style::new())];
    };
    let state = task.vitals.state;
    let lasts = duration(task.in_state(app.picture.moment_of(task)));
    let gone = world.task(detail.id).is_none();
    let how = match (gone, state.has_ended()) {
        (true, _) => "gone".to_owned(),
        (false, true) => format!("{state} {lasts} ago"),
        (false, false) => format!("{state} for {lasts}"),
    };
    vec![
        (fit(&crate::text::label(task, world), 48), look.strong),
        (
            how,
            if gone {
                look.caution
            } else {
                look.state(state)
            },
        ),
    ]
}
