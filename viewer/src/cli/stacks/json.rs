//! The JSON of `taskscope stacks`. `schema/stacks.v1.json` says what each field means.

use serde::{Serialize, Serializer};
use taskscope_model::World;
use taskscope_model::query::{At, StackGroup};

use super::Answer;
use crate::cli::about::Target;
use crate::cli::awaits::{AwaitRow, PollRow};
use crate::cli::refs::TaskRef;
use crate::cli::schema;
use crate::feed::Hello;
use crate::text::stackless;

/// Tasks of one group that are listed.
pub(super) const TASKS: usize = 100;

#[derive(Debug, Serialize)]
pub(super) struct Stacks<'a> {
    schema: &'static str,
    target: Target<'a>,
    at_unix_ns: u64,
    filter: String,
    live: u64,
    matching: usize,
    places: usize,
    unseen: Vec<String>,
    groups: Rows<'a>,
}

/// Groups that become rows one at a time.
#[derive(Debug)]
struct Rows<'a> {
    world: &'a World,
    groups: &'a [StackGroup],
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    count: usize,
    tasks: Vec<TaskRef<'a>>,
    reason: Option<&'static str>,
    poll: Option<PollRow<'a>>,
    awaits: Vec<AwaitRow<'a>>,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.groups.iter().map(|group| Row::of(group, self.world)))
    }
}

impl<'a> Stacks<'a> {
    pub(super) fn of(hello: &'a Hello, world: &'a World, answer: &'a Answer) -> Self {
        Self {
            schema: schema::STACKS,
            target: Target::of(hello),
            at_unix_ns: hello.started_unix_ns.saturating_add(world.now().0),
            filter: answer.filter.to_string(),
            live: world.totals().live(),
            matching: answer.matching,
            places: answer.places,
            unseen: stackless(hello),
            groups: Rows {
                world,
                groups: &answer.groups,
            },
        }
    }
}

impl<'a> Row<'a> {
    fn of(group: &'a StackGroup, world: &'a World) -> Self {
        let (reason, spots) = match &group.at {
            At::Spots(spots) => (None, spots.as_slice()),
            At::Nowhere(why) => (Some(why.as_str()), &[][..]),
        };
        let waits = spots.iter().filter(|spot| spot.doing.is_none());
        let tasks = group.tasks.iter().take(TASKS);
        Self {
            count: group.tasks.len(),
            tasks: tasks.map(|id| TaskRef::of(*id, world)).collect(),
            reason,
            poll: spots.first().and_then(|spot| PollRow::spot(spot, world)),
            awaits: waits.map(|spot| AwaitRow::spot(spot, world)).collect(),
        }
    }
}
