//! The JSON of `taskscope tasks`. `schema/tasks.v1.json` says what each field means.

mod ties;

use serde::{Serialize, Serializer};
use taskscope_model::query::Group;
use taskscope_model::{LastWaker, Site, Sketch, Stamp, Tally, Task, TaskId, World};

use self::ties::{Held, Waiting};
use super::known::Known;
use super::question::{Answer, Question, Rows as Found};
use crate::cli::about::Target;
use crate::cli::advice::Advice;
use crate::cli::awaits::{AwaitRow, PollRow};
use crate::cli::schema;
use crate::feed::Hello;
use crate::text::kind_of;

#[derive(Debug, Serialize)]
pub(super) struct Tasks<'a> {
    schema: &'static str,
    target: Target<'a>,
    at_unix_ns: u64,
    only: String,
    filter: String,
    sort: String,
    totals: Totals,
    matching: usize,
    advice: &'a [Advice],
    tasks: Option<Rows<'a>>,
    groups: Option<Vec<GroupRow<'a>>>,
}

#[derive(Debug, Serialize)]
struct Totals {
    spawned: u64,
    scheduled: u64,
    running: u64,
    idle: u64,
    done: u64,
    cancelled: u64,
    panicked: u64,
    polls: u64,
    busy_ns: u64,
    delayed_ns: u64,
    wakes: u64,
    self_wakes: u64,
    workers: u32,
    worker_busy_ns: u64,
    unlisted: u64,
    untracked: u64,
    unplaced: u64,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: String,
    tokio_id: Option<u64>,
    name: Option<&'a str>,
    kind: &'static str,
    type_name: Option<&'a str>,
    state: &'static str,
    in_state_ns: u64,
    spawned_at: Option<Place<'a>>,
    size_bytes: Option<u64>,
    boxed_from_bytes: Option<u64>,
    parent: Option<String>,
    parent_tokio_id: Option<u64>,
    runtime: Option<u16>,
    created_unix_ns: u64,
    ended_unix_ns: Option<u64>,
    age_ns: u64,
    polls: Option<u64>,
    busy_ns: Option<u64>,
    scheduled_ns: Option<u64>,
    idle_ns: Option<u64>,
    wakes: Option<u64>,
    self_wakes: Option<u64>,
    wakers: Option<u32>,
    last_waker: Option<Waker>,
    poll_time: Option<Distribution>,
    schedule_delay: Option<Distribution>,
    waits_for: Vec<Waiting<'a>>,
    holds: Vec<Held>,
    awaits: Vec<AwaitRow<'a>>,
    poll: Option<PollRow<'a>>,
}

/// Tasks that become rows one at a time.
#[derive(Debug)]
struct Rows<'a> {
    tasks: &'a [&'a Task],
    world: &'a World,
    known: Known,
    epoch: Epoch,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tasks = self.tasks.iter();
        serializer.collect_seq(tasks.map(|task| Row::of(task, self.world, self.known, self.epoch)))
    }
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    file: &'a str,
    line: u32,
    column: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Waker {
    kind: &'static str,
    id: Option<String>,
    tokio_id: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Distribution {
    samples: u64,
    p50_ns: Option<u64>,
    p90_ns: Option<u64>,
    p99_ns: Option<u64>,
}

#[derive(Debug, Serialize)]
struct GroupRow<'a> {
    spawned_at: Option<Place<'a>>,
    kind: &'static str,
    live: u64,
    running: u64,
    scheduled: u64,
    idle: u64,
    ended: Ended,
    polls: Option<u64>,
    busy_ns: Option<u64>,
    delayed_ns: Option<u64>,
    wakes: Option<u64>,
    self_wakes: Option<u64>,
    longest_idle_ns: u64,
    largest_bytes: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Ended {
    done: u64,
    cancelled: u64,
    panicked: u64,
}

/// What the moments of a target are counted from.
#[derive(Clone, Copy, Debug)]
struct Epoch(u64);

impl Epoch {
    fn unix(self, at: Stamp) -> u64 {
        self.0.saturating_add(at.0)
    }
}

impl<'a> Tasks<'a> {
    pub(super) fn of(
        hello: &'a Hello,
        world: &'a World,
        question: &Question,
        answer: &'a Answer<'a>,
        advice: &'a [Advice],
    ) -> Self {
        let (known, epoch) = (Known::of(hello), Epoch(hello.started_unix_ns));
        let (tasks, groups) = match &answer.rows {
            Found::Tasks(tasks) => (
                Some(Rows {
                    tasks,
                    world,
                    known,
                    epoch,
                }),
                None,
            ),
            Found::Groups(groups) => (
                None,
                Some(
                    groups
                        .iter()
                        .map(|group| GroupRow::of(group, world, known))
                        .collect(),
                ),
            ),
        };
        Self {
            schema: schema::TASKS,
            target: Target::of(hello),
            at_unix_ns: epoch.unix(world.now()),
            only: question.only.to_string(),
            filter: question.filter.to_string(),
            sort: question.sort.to_string(),
            totals: Totals::of(world.totals()),
            matching: answer.matching,
            advice,
            tasks,
            groups,
        }
    }
}

impl Totals {
    fn of(totals: &taskscope_model::Totals) -> Self {
        Self {
            spawned: totals.spawned,
            scheduled: totals.scheduled,
            running: totals.running,
            idle: totals.idle,
            done: totals.done,
            cancelled: totals.cancelled,
            panicked: totals.panicked,
            polls: totals.polls,
            busy_ns: totals.busy.0,
            delayed_ns: totals.delayed.0,
            wakes: totals.wakes,
            self_wakes: totals.self_wakes,
            workers: totals.workers,
            worker_busy_ns: totals.worker_busy.0,
            unlisted: totals.unlisted,
            untracked: totals.untracked,
            unplaced: totals.unplaced,
        }
    }
}

impl<'a> Row<'a> {
    fn of(task: &'a Task, world: &'a World, known: Known, epoch: Epoch) -> Self {
        let (now, birth, vitals) = (world.now(), &task.birth, &task.vitals);
        let site = world.site(birth.site);
        Self {
            id: task.id.number().to_string(),
            tokio_id: birth.tokio_id.map(Into::into),
            name: birth.name.as_deref(),
            kind: site
                .map_or(taskscope_model::Kind::Unknown, |site| site.kind)
                .as_str(),
            type_name: site.and_then(|site| site.type_name.as_deref()),
            state: vitals.state.as_str(),
            in_state_ns: task.in_state(now).0,
            spawned_at: site.and_then(Place::of),
            size_bytes: site.map(|site| site.size).filter(|size| *size > 0),
            boxed_from_bytes: site.and_then(|site| site.boxed_from),
            parent: birth.parent.map(|parent| parent.number().to_string()),
            parent_tokio_id: birth.parent.and_then(|parent| tokio_id(parent, world)),
            runtime: vitals.runtime.map(|runtime| runtime.0.get()),
            created_unix_ns: epoch.unix(birth.created),
            ended_unix_ns: task.end().map(|end| epoch.unix(end)),
            age_ns: task.age(now).0,
            polls: known.polls(vitals.polls),
            busy_ns: known.polls(task.busy(now).0),
            scheduled_ns: known.waits(task, world, task.scheduled(now).0),
            idle_ns: known.waits(task, world, task.idle(now).0),
            wakes: known.wakes(task, world, vitals.wakes),
            self_wakes: known.wakes(task, world, vitals.self_wakes),
            wakers: known.wakers(task, world, vitals.wakers),
            last_waker: Waker::of(vitals.last_waker, world),
            poll_time: task.sketches.as_ref().map(|of| Distribution::of(&of.polls)),
            schedule_delay: task
                .sketches
                .as_ref()
                .map(|of| Distribution::of(&of.delays)),
            waits_for: Waiting::all(task.id, world, epoch),
            holds: Held::all(task.id, world, epoch),
            awaits: AwaitRow::all(task, world),
            poll: PollRow::present(task, world),
        }
    }
}

impl<'a> Place<'a> {
    fn of(site: &'a Site) -> Option<Self> {
        let column = (site.column > 0).then_some(site.column);
        (!site.file.is_empty()).then(|| Self {
            file: &site.file,
            line: site.line,
            column,
        })
    }
}

impl Waker {
    fn of(waker: LastWaker, world: &World) -> Option<Self> {
        match waker {
            LastWaker::Nobody => None,
            LastWaker::NoTask => Some(Self {
                kind: "outside",
                id: None,
                tokio_id: None,
            }),
            LastWaker::Task(id) => Some(Self {
                kind: "task",
                id: Some(id.number().to_string()),
                tokio_id: tokio_id(id, world),
            }),
        }
    }
}

impl Distribution {
    fn of(sketch: &Sketch) -> Self {
        let percentile = |q| sketch.percentile(q).map(|length| length.0);
        Self {
            samples: sketch.count(),
            p50_ns: percentile(0.5),
            p90_ns: percentile(0.9),
            p99_ns: percentile(0.99),
        }
    }
}

impl<'a> GroupRow<'a> {
    fn of(group: &'a Group, world: &World, known: Known) -> Self {
        let Tally {
            done,
            cancelled,
            panicked,
            ..
        } = group.ended;
        Self {
            spawned_at: (!group.file.is_empty()).then(|| Place {
                file: &group.file,
                line: group.line,
                column: None,
            }),
            kind: kind_of(group, world),
            live: group.live(),
            running: group.running,
            scheduled: group.scheduled,
            idle: group.idle,
            ended: Ended {
                done,
                cancelled,
                panicked,
            },
            polls: known.polls(group.polls),
            busy_ns: known.polls(group.busy.0),
            delayed_ns: known.waits_of(group, world, group.delayed.0),
            wakes: known.wakes_of(group, world, group.wakes),
            self_wakes: known.wakes_of(group, world, group.self_wakes),
            longest_idle_ns: group.longest_idle.0,
            largest_bytes: (group.largest > 0).then_some(group.largest),
        }
    }
}

fn tokio_id(task: TaskId, world: &World) -> Option<u64> {
    world.task(task)?.birth.tokio_id.map(Into::into)
}

#[cfg(test)]
mod tests;
