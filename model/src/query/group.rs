//! Tasks added up by the place where they were spawned.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::{Kind, Nanos, Site, Stamp, State, Tally, Task, World};

use super::Filter;
use super::column::{UnknownColumn, find};
use super::place::PlaceKey;

/// What the tasks of one place (a line of a file) add up to, at the moment asked for. The sites of a place, which differ
/// in column, kind or size of the future, are added up too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The source file as the compiler names it; empty for the group of all tasks whose place is not known.
    pub file: Arc<str>,
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
    /// The kind of the tasks; [`Kind::Unknown`] where they differ.
    pub kind: Kind,
    /// Live tasks that wait for a worker.
    pub scheduled: u64,
    /// Live tasks in a poll.
    pub running: u64,
    /// Live tasks that wait for a wake.
    pub idle: u64,
    /// The ended tasks: those listed, and where the filter is empty those of the past.
    pub ended: Tally,
    /// Polls of all of them, live and ended.
    pub polls: u64,
    /// Time in polls of all of them, the polls under way included.
    pub busy: Nanos,
    /// Time that all of them spent woken but not polled, the present waits included.
    pub delayed: Nanos,
    /// Wakes of all of them.
    pub wakes: u64,
    /// Wakes of all of them by themselves.
    pub self_wakes: u64,
    /// The longest time that one of the idle tasks has been idle now.
    pub longest_idle: Nanos,
    /// The largest future, in bytes; 0 where no size is known.
    pub largest: u64,
}

impl Group {
    /// Tasks that live now.
    #[must_use]
    pub const fn live(&self) -> u64 {
        self.scheduled + self.running + self.idle
    }

    fn new(site: Option<&Site>) -> Self {
        let place = site.filter(|site| !site.file.is_empty());
        Self {
            file: place.map_or_else(|| Arc::from(""), |site| Arc::clone(&site.file)),
            line: place.map_or(0, |site| site.line),
            kind: site.map_or(Kind::Unknown, |site| site.kind),
            scheduled: 0,
            running: 0,
            idle: 0,
            ended: Tally::default(),
            polls: 0,
            busy: Nanos::ZERO,
            delayed: Nanos::ZERO,
            wakes: 0,
            self_wakes: 0,
            longest_idle: Nanos::ZERO,
            largest: site.map_or(0, |site| site.size),
        }
    }

    fn add(&mut self, task: &Task, now: Stamp) {
        let vitals = &task.vitals;
        let mut tally = Tally {
            polls: vitals.polls,
            busy: task.busy(now),
            scheduled: task.scheduled(now),
            wakes: vitals.wakes,
            self_wakes: vitals.self_wakes,
            ..Tally::default()
        };
        match vitals.state {
            State::Scheduled => self.scheduled += 1,
            State::Running => self.running += 1,
            State::Idle => {
                self.idle += 1;
                self.longest_idle = self.longest_idle.max(task.in_state(now));
            }
            State::Done => tally.done = 1,
            State::Cancelled => tally.cancelled = 1,
            State::Panicked => tally.panicked = 1,
        }
        if vitals.state.has_ended() {
            self.add_past(&tally);
        } else {
            self.add_counters(&tally);
        }
    }

    fn add_past(&mut self, past: &Tally) {
        self.ended = self.ended.plus(past);
        self.add_counters(past);
    }

    fn add_counters(&mut self, tally: &Tally) {
        self.polls = self.polls.saturating_add(tally.polls);
        self.busy += tally.busy;
        self.delayed += tally.scheduled;
        self.wakes = self.wakes.saturating_add(tally.wakes);
        self.self_wakes = self.self_wakes.saturating_add(tally.self_wakes);
    }

    /// Adds the group of another site of the same place.
    fn merge(&mut self, other: &Self) {
        if self.kind != other.kind {
            self.kind = Kind::Unknown;
        }
        self.scheduled += other.scheduled;
        self.running += other.running;
        self.idle += other.idle;
        self.ended = self.ended.plus(&other.ended);
        self.polls = self.polls.saturating_add(other.polls);
        self.busy += other.busy;
        self.delayed += other.delayed;
        self.wakes = self.wakes.saturating_add(other.wakes);
        self.self_wakes = self.self_wakes.saturating_add(other.self_wakes);
        self.longest_idle = self.longest_idle.max(other.longest_idle);
        self.largest = self.largest.max(other.largest);
    }
}

/// What a table of groups can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupColumn {
    /// The place.
    Place,
    /// The kind of its tasks.
    Kind,
    /// Tasks that live.
    Live,
    /// Tasks in a poll.
    Running,
    /// Tasks that wait for a worker.
    Scheduled,
    /// Tasks that wait for a wake.
    Idle,
    /// Tasks that ended.
    Ended,
    /// Polls.
    Polls,
    /// Time in polls.
    Busy,
    /// Time woken but not polled.
    Delayed,
    /// Wakes.
    Wakes,
}

impl GroupColumn {
    /// All columns, in the order in which a wide table shows them.
    pub const ALL: [Self; 11] = [
        Self::Place,
        Self::Kind,
        Self::Live,
        Self::Running,
        Self::Scheduled,
        Self::Idle,
        Self::Ended,
        Self::Polls,
        Self::Busy,
        Self::Delayed,
        Self::Wakes,
    ];

    /// The word for it on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Place => "loc",
            Self::Kind => "kind",
            Self::Live => "live",
            Self::Running => "running",
            Self::Scheduled => "scheduled",
            Self::Idle => "idle",
            Self::Ended => "ended",
            Self::Polls => "polls",
            Self::Busy => "busy",
            Self::Delayed => "delayed",
            Self::Wakes => "wakes",
        }
    }

    /// What groups are compared by.
    fn number(self, group: &Group) -> u64 {
        match self {
            // Places are no numbers.
            Self::Place => 0,
            Self::Kind => group.kind as u64,
            Self::Live => group.live(),
            Self::Running => group.running,
            Self::Scheduled => group.scheduled,
            Self::Idle => group.idle,
            Self::Ended => group.ended.tasks(),
            Self::Polls => group.polls,
            Self::Busy => group.busy.0,
            Self::Delayed => group.delayed.0,
            Self::Wakes => group.wakes,
        }
    }
}

impl fmt::Display for GroupColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for GroupColumn {
    type Err = UnknownColumn;

    fn from_str(name: &str) -> Result<Self, UnknownColumn> {
        find(name, &Self::ALL, Self::name)
    }
}

/// The tasks that match, added up by place; places without such a task are left out. Past tasks, of which only their
/// site's tally is known, are counted in where the filter is empty, and match no other filter.
///
/// The groups come in the order of their places.
#[must_use]
pub fn by_place(world: &World, filter: &Filter) -> Vec<Group> {
    let now = world.now();
    // By site first: that needs no look at the file's name for each task.
    let mut of_site = HashMap::<_, Group, FixedState>::default();
    for task in world.tasks().filter(|task| filter.matches(task, world)) {
        let site = world.site(task.birth.site);
        let key = site.map(|_| task.birth.site);
        of_site
            .entry(key)
            .or_insert_with(|| Group::new(site))
            .add(task, now);
    }
    if filter.is_empty() {
        for (id, site) in world
            .sites()
            .filter(|(_, site)| site.past != Tally::default())
        {
            of_site
                .entry(Some(id))
                .or_insert_with(|| Group::new(Some(site)))
                .add_past(&site.past);
        }
    }
    let mut of_place = HashMap::<_, Group, FixedState>::default();
    for group in of_site.into_values() {
        match of_place.entry((Arc::clone(&group.file), group.line)) {
            Entry::Occupied(mut entry) => entry.get_mut().merge(&group),
            Entry::Vacant(entry) => drop(entry.insert(group)),
        }
    }
    let mut groups: Vec<_> = of_place.into_values().collect();
    sort_groups(&mut groups, GroupColumn::Place, false);
    groups
}

/// Sorts groups. Among equals, those come first whose place does, as [`Order`](super::Order) compares places; the group
/// without a place is the last of them.
pub fn sort_groups(groups: &mut [Group], column: GroupColumn, descending: bool) {
    groups.sort_by_cached_key(|group| {
        let place = PlaceKey::new(&group.file, group.line);
        (place.is_none(), place, Arc::clone(&group.file))
    });
    if column == GroupColumn::Place {
        if descending {
            let known = groups.partition_point(|group| !group.file.is_empty());
            groups[..known].reverse();
        }
        return;
    }
    groups.sort_by(|a, b| {
        let (a, b) = if descending { (b, a) } else { (a, b) };
        column.number(a).cmp(&column.number(b))
    });
}
