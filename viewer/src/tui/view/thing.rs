//! One resource: who holds it, who waits for it in which order, and how it has been used.

use ratatui::style::Style;
use taskscope_model::{Holder, Resource, ResourceKind, Wait};

use super::super::app::App;
use super::super::thing::{QUEUE, Thing};
use super::document::Document;
use super::frame::Pieces;
use super::page::{LABELS, Page};
use crate::text::{asked, count, doubt, duration, mode};

/// The text of the screen.
pub(super) fn document(app: &App, thing: &Thing, columns: u16) -> Document {
    let mut page = Page::new(app, columns);
    match thing.resource(app.picture.world()) {
        Some(resource) => page.resource(resource, thing),
        None => page.say("", "Nothing is known of this resource any more."),
    }
    page.document
}

impl Page<'_> {
    fn resource(&mut self, resource: &Resource, thing: &Thing) {
        let gone = self.app.picture.world().resource(resource.id).is_none();
        let words = self.app.names().state(resource);
        if gone {
            let text = format!("{words}, when last heard of: it is no more");
            self.say_styled("state", &text, self.look.caution);
        } else if words != "-" {
            self.say("state", &words);
        }
        self.made(resource);
        self.document.gap();
        self.holders(resource);
        self.document.gap();
        self.queue(thing);
        self.document.gap();
        self.counters(resource);
    }

    fn made(&mut self, resource: &Resource) {
        let room = usize::from(self.columns).saturating_sub(LABELS + 16);
        let at = self.app.names().place(resource, room);
        let ago = duration(resource.origin.created.until(self.app.picture.now()));
        let at = at.map_or_else(String::new, |at| format!(" at {at}"));
        self.say("created", &format!("{ago} ago{at}"));
        match resource.origin.creator {
            Some(task) => self.named("by", "", task, ""),
            None => self.say("by", "no task that is known"),
        }
    }

    fn holders(&mut self, resource: &Resource) {
        let usage = &resource.usage;
        if usage.holds.is_empty() {
            let what = match (resource.origin.kind.is_held(), usage.unlisted) {
                (true, 0) if self.app.names().state(resource) == "granted" => {
                    "nobody yet: the first in line has it and was not polled since"
                }
                (true, 0) => "nobody",
                (true, _) => "nobody that is listed",
                (false, _) => "nobody: it is not held, only waited for",
            };
            self.say("held by", what);
        }
        for (i, hold) in usage.holds.iter().enumerate() {
            let label = if i == 0 { "held by" } else { "" };
            let lasts = duration(hold.since.until(self.app.picture.now()));
            let polls = match hold.awaits {
                0 => String::new(),
                1 => ", across an await".to_owned(),
                u8::MAX => ", across 255 polls or more".to_owned(),
                n => format!(", across {n} polls"),
            };
            let behind = format!("  {} for {lasts}{polls}", mode(hold));
            match hold.holder {
                Holder::Task(id) => self.named(label, "", id, &behind),
                Holder::NoTask => self.say(label, &format!("no task{behind}")),
            }
        }
        if usage.unlisted > 0 {
            self.say("", &format!("{} more by others", count(usage.unlisted)));
        }
        if let Some(id) = usage.receiver {
            self.named("receiver", "", id, ", when last seen");
        }
        if let Some(doubt) = doubt(usage.sureness) {
            self.say_styled("", &format!("? {doubt}"), self.look.caution);
        }
    }

    fn queue(&mut self, thing: &Thing) {
        if thing.queue.is_empty() {
            return self.say("waiting", "nobody");
        }
        let longest = thing.oldest.map_or_else(String::new, |since| {
            format!(
                ", the longest for {}",
                duration(since.until(self.app.picture.now()))
            )
        });
        let text = format!(
            "{}{longest}; in the order of service:",
            count(thing.waiting as u64)
        );
        self.say("waiting", &text);
        for (i, wait) in thing.queue.iter().enumerate() {
            self.wait(i, wait);
        }
        if thing.waiting > QUEUE {
            let more = count((thing.waiting - QUEUE) as u64);
            self.say("", &format!("{more} more behind these"));
        }
    }

    fn wait(&mut self, i: usize, wait: &Wait) {
        let now = self.app.picture.now();
        let mut behind = format!("  {}", duration(wait.since.until(now)));
        if wait.permits > 1 {
            behind.push_str(&format!(", {}", asked(wait.mode, wait.permits)));
        } else if wait.mode == taskscope_model::Mode::Shared {
            behind.push_str(", shared");
        }
        if wait.timed {
            behind.push_str(", until a timeout");
        }
        if let Some(granted) = wait.granted {
            let ago = duration(granted.until(now));
            behind.push_str(&format!(", granted {ago} ago and not polled since"));
        }
        let place = format!("{:>4}  ", i + 1);
        match wait.task {
            Some(id) => self.named("", &place, id, &behind),
            None => self.say("", &format!("{place}no task{behind}")),
        }
    }

    fn counters(&mut self, resource: &Resource) {
        let usage = &resource.usage;
        let times = |n: u64| {
            if n == 1 {
                "once".to_owned()
            } else {
                format!("{} times", count(n))
            }
        };
        let now = self.app.picture.now();
        let lasting = usage.holds.iter().map(|hold| hold.since.until(now)).max();
        let longest = usage.longest_hold.max(lasting.unwrap_or_default());
        let taken = times(usage.acquired);
        if resource.origin.kind == ResourceKind::Mpsc {
            self.say("sent", &taken);
        } else if resource.origin.kind.is_held() || usage.acquired > 0 {
            let text = format!("{taken}; held for {} at the longest", duration(longest));
            self.say("taken", &text);
        }
        if usage.waits > 0 {
            let abandoned = match usage.abandoned {
                0 => String::new(),
                n => format!("; given up {}", times(n)),
            };
            let over = if usage.longest_wait.0 == 0 && usage.abandoned == 0 {
                "none of these waits is over".to_owned()
            } else {
                let (waited, longest) = (duration(usage.waited), duration(usage.longest_wait));
                format!("{waited} in waits that are over, {longest} the longest")
            };
            let text = format!("{}; {over}{abandoned}", times(usage.waits));
            self.say("waited for", &text);
        }
        if usage.across_awaits > 0 {
            self.say(
                "kept",
                &format!("across an await {}", times(usage.across_awaits)),
            );
        }
        if usage.cancelled > 0 {
            let text = format!(
                "{}: a task was dropped while it held this",
                times(usage.cancelled)
            );
            self.say_styled("cancelled", &text, self.look.caution);
            if let Some(id) = usage.last_cancelled {
                self.named("", "last ", id, "");
            }
        }
    }
}

/// What the title says.
pub(super) fn titles(app: &App, thing: &Thing) -> (Pieces, Pieces) {
    let look = app.theme.look();
    let Some(resource) = thing.resource(app.picture.world()) else {
        return (vec![("a resource".to_owned(), Style::new())], Vec::new());
    };
    let style = app
        .problems
        .of_resource(thing.id)
        .map_or(Style::new(), |tier| look.tier(tier));
    let mut left = vec![(app.names().resource(resource, 48), look.strong)];
    let words = app.names().state(resource);
    if words != "-" {
        left.push((words, style));
    }
    let right = match thing.waiting {
        0 => Vec::new(),
        1 => vec![("1 waits".to_owned(), Style::new())],
        n => vec![(format!("{} wait", count(n as u64)), Style::new())],
    };
    (left, right)
}
