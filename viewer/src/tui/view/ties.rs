//! What a task waits for, with who has it and who is ahead, and what it holds itself.

use taskscope_model::{Hold, Holder, Task};

use super::super::detail::{AHEAD, Detail};
use super::page::Page;
use crate::text::{asked, count, doubt, duration, mode};

/// Holders of something that the task waits for that are named.
const NAMED: usize = 4;

impl Page<'_> {
    /// What the task waits for.
    pub(super) fn waits(&mut self, detail: &Detail) {
        let (names, now) = (self.app.names(), self.app.picture.now());
        for tie in &detail.waits {
            let wait = tie.wait;
            let about = format!("  for {}", duration(wait.since.until(now)));
            self.thing("waits for", wait.resource, about);
            let place = match (tie.ahead, wait.granted) {
                (_, Some(granted)) => {
                    let ago = duration(granted.until(now));
                    format!("granted {ago} ago and not polled since: all behind it wait for that")
                }
                (AHEAD, None) => format!("more than {} are ahead of it", count(AHEAD as u64)),
                (0, None) => "next in line".to_owned(),
                (1, None) => "1 is ahead of it".to_owned(),
                (n, None) => format!("{} are ahead of it", count(n as u64)),
            };
            let timed = if wait.timed { ", until a timeout" } else { "" };
            let how = asked(wait.mode, wait.permits);
            self.say("", &format!("{how}, {place}{timed}"));
            let Some(resource) = names.world.resource(wait.resource) else {
                continue;
            };
            let usage = &resource.usage;
            for hold in usage.holds.iter().take(NAMED) {
                let lasts = duration(hold.since.until(now));
                match hold.holder {
                    Holder::Task(id) => self.named("", "held by ", id, &format!(" for {lasts}")),
                    Holder::NoTask => self.say("", &format!("held by no task for {lasts}")),
                }
            }
            let more =
                (usage.holds.len().saturating_sub(NAMED) as u64).saturating_add(usage.unlisted);
            if more > 0 {
                self.say("", &format!("held by {} more", count(more)));
            }
            if let Some(id) = usage.receiver {
                self.named("", "received by ", id, ", when last seen");
            }
            if let Some(doubt) = doubt(usage.sureness) {
                self.say_styled("", &format!("? {doubt}"), self.look.caution);
            }
            if let Some(next) = tie.next {
                self.named("", "behind ", next, "");
            }
        }
        let more = detail.waits_total - detail.waits.len();
        if more > 0 {
            self.say("", &format!("and for {} more", count(more as u64)));
        }
    }

    /// What it holds.
    pub(super) fn holds(&mut self, task: &Task, detail: &Detail) {
        let (world, now) = (self.app.picture.world(), self.app.picture.now());
        for (id, waiting) in &detail.holds {
            let of_it = |hold: &&Hold| hold.holder == Holder::Task(task.id);
            let resource = world.resource(*id);
            let hold = resource.and_then(|resource| resource.usage.holds.iter().find(of_it));
            let lasts = hold.map_or_else(String::new, |hold| {
                format!("  {} for {}", mode(hold), duration(hold.since.until(now)))
            });
            let waits = match *waiting {
                0 => String::new(),
                1 => "; 1 waits for it".to_owned(),
                AHEAD => format!("; {} or more wait for it", count(AHEAD as u64)),
                n => format!("; {} wait for it", count(n as u64)),
            };
            self.thing("holds", *id, format!("{lasts}{waits}"));
        }
        let more = detail.holds_total - detail.holds.len();
        if more > 0 {
            self.say("", &format!("and {} more", count(more as u64)));
        }
    }
}
