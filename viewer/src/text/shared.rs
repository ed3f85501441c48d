//! What tasks share and wait for, in words: resources, who holds them, how sure that is.

#[cfg(test)]
mod tests;

use taskscope_model::{
    Concern, Hold, Holder, Mode, Place, Resource, ResourceId, ResourceKind, Subject, Sureness,
    TaskId, Wait, World,
};

use super::{count, label, path, short};

/// Nobody holds it.
const NOBODY: &str = "-";
/// A task that took something and has ended since, or is no longer kept by the target.
const GONE: &str = "a task that is gone";

/// Names for what is in a world. What it gives is safe for a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The world.
    pub world: &'a World,
    /// Whether all tasks were asked for. Where they were not, one that is not known may well live.
    pub whole: bool,
}

impl<'a> Names<'a> {
    /// Names in a world of which all tasks were asked for.
    #[must_use]
    pub const fn of(world: &'a World) -> Self {
        Self { world, whole: true }
    }

    /// What a task is called; one that has ended is called so.
    #[must_use]
    pub fn task(&self, id: TaskId) -> String {
        match self.world.task(id) {
            Some(task) if task.vitals.state.has_ended() => {
                format!("{GONE} ({})", label(task, self.world))
            }
            Some(task) => label(task, self.world),
            None if self.whole => GONE.to_owned(),
            None => "a task that was not told".to_owned(),
        }
    }

    /// Whether a task has ended, as far as is known.
    #[must_use]
    pub fn is_gone(&self, id: TaskId) -> bool {
        let task = self.world.task(id);
        task.map_or(self.whole, |task| task.vitals.state.has_ended())
    }

    /// Who holds something.
    #[must_use]
    pub fn holder(&self, holder: Holder) -> String {
        match holder {
            Holder::Task(task) => self.task(task),
            Holder::NoTask => "no task".to_owned(),
        }
    }

    /// Who waits for something: a task, or a thread outside of any.
    #[must_use]
    pub fn waiter(&self, wait: &Wait) -> String {
        wait.task
            .map_or_else(|| "no task".to_owned(), |task| self.task(task))
    }

    /// What a resource is called: its kind and where it was made, in about so many columns. A channel has no place: it is
    /// called by the task that receives from it, as far as that was seen, else by the one that made it.
    #[must_use]
    pub fn resource(&self, resource: &Resource, columns: usize) -> String {
        let kind = resource.origin.kind;
        let room = columns.saturating_sub(kind.as_str().len() + 1).max(8);
        let place = self.world.place(resource.origin.place);
        let place = place
            .filter(|place| !place.file.is_empty())
            .map(|place| short(&place.file, place.line, room));
        let named = |before: &str, task: TaskId| {
            let long = format!("{kind} {before} {}", self.task(task));
            if crate::text::width(&long) <= columns {
                long
            } else {
                format!("{kind} {before} {}", self.number(task))
            }
        };
        match (place, resource.usage.receiver, resource.origin.creator) {
            (Some(place), ..) => format!("{kind} {place}"),
            (None, Some(receiver), _) if kind == ResourceKind::Mpsc => named("to", receiver),
            (None, None, Some(creator)) if kind == ResourceKind::Mpsc => named("made by", creator),
            (None, ..) => kind.to_string(),
        }
    }

    /// [`resource`](Self::resource) by its id.
    #[must_use]
    pub fn resource_of(&self, id: ResourceId, columns: usize) -> String {
        self.world.resource(id).map_or_else(
            || "a resource that is no longer kept".to_owned(),
            |resource| self.resource(resource, columns),
        )
    }

    /// Where a resource was made; `None` where that is not known.
    #[must_use]
    pub fn place(&self, resource: &Resource, columns: usize) -> Option<String> {
        let place = self.world.place(resource.origin.place)?;
        (!place.file.is_empty()).then(|| path(&place.file, place.line, columns))
    }

    /// The state of a resource as [`state`] has it, but for one that nobody holds yet, since the one to whom it was handed
    /// over was not polled since: `granted`.
    #[must_use]
    pub fn state(&self, resource: &Resource) -> String {
        let mut queue = self.world.queue(resource.id);
        let is_lock = matches!(
            resource.origin.kind,
            ResourceKind::Mutex | ResourceKind::RwLock
        );
        if is_lock
            && resource.usage.holds.is_empty()
            && queue.next().is_some_and(|next| next.granted.is_some())
        {
            "granted".to_owned()
        } else {
            state(resource)
        }
    }

    /// Who holds a resource, or receives from it, in a few words and about so many columns; `-` where nobody does. A `?`
    /// behind it says that this is not sure.
    #[must_use]
    pub fn holders_in(&self, resource: &Resource, columns: usize) -> String {
        let long = self.holders(resource);
        let usage = &resource.usage;
        match (usage.holds.as_slice(), usage.receiver) {
            ([], Some(receiver)) if long == NOBODY => {
                format!("read by {}", self.number(receiver))
            }
            // The number is what tells one task from another.
            ([hold], _) if crate::text::width(&long) > columns => match hold.holder {
                Holder::Task(task) if !self.is_gone(task) => {
                    let number = self.in_short(resource, |id| self.number(id));
                    let room = columns.saturating_sub(crate::text::width(&number) + 1);
                    let task = self.world.task(task);
                    let place = task.filter(|task| task.birth.name.is_none());
                    let site = place.and_then(|task| self.world.site(task.birth.site));
                    match site.filter(|site| !site.file.is_empty() && room > 7) {
                        Some(site) => format!("{} {number}", short(&site.file, site.line, room)),
                        None => number,
                    }
                }
                _ => long,
            },
            _ => long,
        }
    }

    /// Who holds a resource, in a few words; `-` where nobody does. A `?` behind it says that this is not sure.
    #[must_use]
    pub fn holders(&self, resource: &Resource) -> String {
        self.in_short(resource, |id| match self.world.task(id) {
            // The name first: there is little room where this stands.
            Some(task) if task.vitals.state.has_ended() => {
                format!("{} (gone)", label(task, self.world))
            }
            _ => self.task(id),
        })
    }

    /// A task by its number, as short as can be.
    fn number(&self, id: TaskId) -> String {
        match self.world.task(id).and_then(|task| task.birth.tokio_id) {
            _ if self.is_gone(id) => "gone".to_owned(),
            Some(number) => format!("#{number}"),
            None => "a task".to_owned(),
        }
    }

    /// What a task waits for and who has it, as `Mutex bank.rs:32 ← #18`; `None` where it waits for nothing that is
    /// tracked. Where it waits for several, the one that it has waited for longest.
    #[must_use]
    pub fn waits_for(&self, task: TaskId, columns: usize) -> Option<String> {
        let wait = self
            .world
            .waits_of(task)
            .min_by_key(|wait| (wait.since, wait.id))?;
        let more = match self.world.waits_of(task).count() {
            0 | 1 => String::new(),
            n => format!(" +{}", n - 1),
        };
        let behind = if wait.granted.is_some() {
            " granted".to_owned()
        } else {
            let resource = self.world.resource(wait.resource);
            let who = resource.map_or_else(none, |resource| self.numbers(resource));
            if who == NOBODY {
                String::new()
            } else {
                format!(" ← {who}")
            }
        };
        let room = columns.saturating_sub(crate::text::width(&behind) + more.len());
        Some(format!(
            "{}{behind}{more}",
            self.resource_of(wait.resource, room)
        ))
    }

    /// What a finding is about and its part in it, in about so many columns.
    #[must_use]
    pub fn concern(&self, concern: Concern, columns: usize) -> String {
        let role = concern.role.map(|role| format!(", {role}"));
        let role = role.unwrap_or_default();
        let name = self.subject(concern.subject, columns.saturating_sub(role.len()));
        format!("{name}{role}")
    }

    fn subject(&self, subject: Subject, columns: usize) -> String {
        let at = |file: &str, line| short(file, line, columns.saturating_sub(12).max(8));
        match subject {
            Subject::Task(id) => self.task(id),
            Subject::Resource(id) => self.resource_of(id, columns),
            Subject::Site(id) => match self.world.site(id) {
                Some(site) => format!("tasks of {}", at(&site.file, site.line)),
                None => "tasks of an unknown place".to_owned(),
            },
            Subject::Place(id) => match self.world.place(id) {
                Some(place) if Place::is_of_default(&place.file) => {
                    format!("all {}", at(&place.file, place.line))
                }
                Some(place) => format!("all made at {}", at(&place.file, place.line)),
                None => "all made at an unknown place".to_owned(),
            },
            Subject::Runtime(id) => format!("runtime {}", id.0),
        }
    }

    /// The first holder by its number, and how many more there are.
    fn numbers(&self, resource: &Resource) -> String {
        let usage = &resource.usage;
        match usage.holds.as_slice() {
            [
                Hold {
                    holder: Holder::Task(first),
                    ..
                },
                others @ ..,
            ] if !others.is_empty() => {
                let doubt = if usage.sureness == Sureness::Moved {
                    "?"
                } else {
                    ""
                };
                let more = usage.unlisted.saturating_add(others.len() as u64);
                format!("{}{doubt} +{}", self.number(*first), count(more))
            }
            _ => self.in_short(resource, |id| self.number(id)),
        }
    }

    fn in_short(&self, resource: &Resource, name: impl Fn(TaskId) -> String) -> String {
        let usage = &resource.usage;
        let doubt = if usage.sureness == Sureness::Moved {
            "?"
        } else {
            ""
        };
        let name = |hold: &Hold| match hold.holder {
            Holder::Task(task) => name(task),
            Holder::NoTask => "no task".to_owned(),
        };
        match (usage.holds.as_slice(), usage.unlisted) {
            ([], 0) => none(),
            ([], n) => format!("{} not listed", count(n)),
            ([hold], 0) => format!("{}{doubt}", name(hold)),
            ([hold], n) => format!("{}{doubt} +{}", name(hold), count(n)),
            (holds, 0) => format!("{} holders{doubt}", holds.len()),
            (holds, n) => format!("{} holders{doubt} +{}", holds.len(), count(n)),
        }
    }
}

fn none() -> String {
    NOBODY.to_owned()
}

/// The state of a resource in a few words: `locked`, `3 readers`, `2 free of 8`. `free?` is said of a lock that may have
/// been taken unseen.
#[must_use]
pub fn state(resource: &Resource) -> String {
    let usage = &resource.usage;
    let taken = usage
        .holds
        .iter()
        .map(|hold| hold.permits)
        .fold(usage.unlisted, u64::saturating_add);
    let written = usage.holds.iter().any(|hold| hold.mode == Mode::Exclusive);
    let free = if usage.sureness == Sureness::Partial {
        "free?"
    } else {
        "free"
    };
    match resource.origin.kind {
        ResourceKind::Mutex if taken > 0 => "locked".to_owned(),
        ResourceKind::RwLock if written => "write-locked".to_owned(),
        ResourceKind::RwLock if taken == 1 => "1 reader".to_owned(),
        ResourceKind::RwLock if taken > 0 => format!("{} readers", count(taken)),
        ResourceKind::Mutex | ResourceKind::RwLock => free.to_owned(),
        ResourceKind::OnceCell if taken > 0 => "initializing".to_owned(),
        _ => match (usage.free, taken) {
            (None, 0) => "-".to_owned(),
            (None, taken) => format!("{} taken", count(taken)),
            (Some(free), 0) => format!("{} free", count(free)),
            (Some(free), taken) if usage.sureness == Sureness::Exact => {
                format!(
                    "{} free of {}",
                    count(free),
                    count(free.saturating_add(taken))
                )
            }
            (Some(free), _) => format!("{} free", count(free)),
        },
    }
}

/// What is not sure about the list of holders, in words; `None` where it is exact.
#[must_use]
pub const fn doubt(sureness: Sureness) -> Option<&'static str> {
    match sureness {
        Sureness::Exact => None,
        Sureness::Moved => Some(
            "guards move between tasks here: a task that is listed may have given its guard to another",
        ),
        Sureness::Partial => {
            Some("permits were taken unseen: others than those listed may hold some")
        }
    }
}

/// How something is held: `exclusive`, `shared`, `3 permits`.
#[must_use]
pub fn mode(hold: &Hold) -> String {
    asked(hold.mode, hold.permits)
}

/// How something is asked for or held.
#[must_use]
pub fn asked(mode: Mode, permits: u64) -> String {
    match (mode, permits) {
        (Mode::Exclusive, _) => "exclusive".to_owned(),
        (Mode::Shared, 0 | 1) => "shared".to_owned(),
        (Mode::Shared, n) => format!("shared {} times", count(n)),
        (Mode::Permits, 1) => "1 permit".to_owned(),
        (Mode::Permits, n) => format!("{} permits", count(n)),
    }
}
