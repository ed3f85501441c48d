//! Connections wait to be accepted, because the task that accepts them stands at something else.
//!
//! A loop that accepts a connection and then serves it before it accepts the next one serves one guest at a time. The
//! others connect, since the system does that for them, and hear nothing. The same comes of a loop that first waits for
//! a permit, a lock or a message, or that sleeps after an error.
//!
//! How it knows: the system tells how many connections wait at each socket. At some they had been waiting for more than
//! 1 s, in each of three looks, while an idle task stood in the function that accepts, or in one that it is called by,
//! and not at `accept`. Which task accepts at which socket nobody tells; where several do, all that stand elsewhere are
//! named. Which function accepts is known once an `accept` in it has had to wait; where none had, connections that wait
//! are told without saying why, and as statistical. On Linux only, for TCP, and where stacks are caught.
//!
//! What to do: let the loop do nothing but accept, and serve each connection in a task of its own, with
//! `tokio::spawn`. Where their number has to have a limit, this is what a full house looks like: raise the limit, or
//! turn guests away.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::survey::{has_no_name, kind};
use super::words::{counted, time};
use crate::{
    Backlog, Code, Frame, Kind, Role, SiteId, Stack, StackId, State, Subject, Task, TaskId, Tier,
};

/// Looks in a row that have to see it: a loop that is only slow is back at `accept` in one of them.
const LOOKS: u32 = 3;
/// Sockets that are named.
const SOCKETS: usize = 4;

const ADVICE: &str = "let the loop do nothing but accept, and serve each connection in a task of its own (tokio::spawn)";

/// Each spawn site with tasks that ought to accept, and stand elsewhere.
pub(super) fn check(look: &Look<'_>) -> Vec<Problem> {
    let is_long = |backlog: &&Backlog| backlog.since.until(look.now) >= look.thresholds.backlog;
    let mut backlogs: Vec<_> = look.world.backlogs().filter(is_long).collect();
    if backlogs.is_empty() {
        return Vec::new();
    }
    backlogs.sort_by_key(|backlog| std::cmp::Reverse(backlog.waiting));
    let stacks = Stacks::of(look);
    if stacks.accept.is_empty() {
        return unexplained(look, &backlogs).into_iter().collect();
    }
    let mut found: Vec<(u8, &Task, StackId)> = idle_there(look, &stacks)
        .into_iter()
        .filter_map(|task| stacks.stands(look, task))
        .collect();
    // Who shares only an outer function with a loop may be anything, unless there is nobody else.
    let nearest = found.iter().map(|(depth, ..)| *depth).min().unwrap_or(0);
    found.retain(|(depth, ..)| *depth == nearest);
    if nearest > 0 && found.len() > 1 {
        return Vec::new();
    }
    found.sort_by_key(|(_, task, _)| task.id);
    let mut sites: Vec<(SiteId, Vec<(&Task, StackId)>)> = Vec::new();
    for (_, task, at) in found {
        match sites.iter_mut().find(|(site, _)| *site == task.birth.site) {
            Some((_, tasks)) => tasks.push((task, at)),
            None => sites.push((task.birth.site, vec![(task, at)])),
        }
    }
    sites
        .into_iter()
        .map(|(site, tasks)| problem(look, &stacks, &backlogs, site, &tasks))
        .collect()
}

/// The stacks that have to do with accepting.
struct Stacks<'w> {
    /// Those of which `accept` is the innermost function.
    accept: Vec<(StackId, &'w Stack)>,
    /// The others that share a function of the app with one of those: how far out it is, from 0.
    beside: HashMap<StackId, u8, FixedState>,
}

impl<'w> Stacks<'w> {
    fn of(look: &Look<'w>) -> Self {
        let world = look.world;
        let (accept, others): (Vec<_>, Vec<_>) = world
            .stacks()
            .map(|(id, stack)| (id, &**stack))
            .partition(|(_, stack)| stack.frames.first().is_some_and(accepts));
        let mut depths: HashMap<&str, u8, FixedState> = HashMap::default();
        for (_, stack) in &accept {
            for (depth, frame) in stack.own().enumerate() {
                let depth = u8::try_from(depth).unwrap_or(u8::MAX);
                let least = depths.entry(&*frame.function).or_insert(depth);
                *least = depth.min(*least);
            }
        }
        let beside = others.into_iter().filter_map(|(id, stack)| {
            let known = stack.own().filter_map(|frame| depths.get(&*frame.function));
            Some((id, *known.min()?))
        });
        Self {
            beside: beside.collect(),
            accept,
        }
    }

    /// Where this task stands instead of at `accept`, and how far out the function is that it shares with one that does.
    fn stands<'t>(&self, look: &Look<'_>, task: &'t Task) -> Option<(u8, &'t Task, StackId)> {
        let places = look.world.awaits(task);
        let mut ids = places.iter().filter_map(|place| place.stack);
        if ids.any(|id| self.accept.iter().any(|(accept, _)| *accept == id)) {
            return None;
        }
        let places = places.iter().filter_map(|place| place.stack);
        let nearest = places.filter_map(|id| Some((*self.beside.get(&id)?, id)));
        nearest.min().map(|(depth, id)| (depth, task, id))
    }
}

/// The idle tasks that may stand at one of these.
fn idle_there<'w>(look: &Look<'w>, stacks: &Stacks<'_>) -> Vec<&'w Task> {
    let is_one = |id: Option<StackId>| id.is_some_and(|id| stacks.beside.contains_key(&id));
    let left = look.world.tasks().filter(|task| {
        let mut leaves = task.vitals.leaves.iter();
        leaves.any(|(id, _)| is_one(Some(id)))
    });
    let waits = look.world.waits().iter();
    let waiting = waits.filter(|wait| is_one(wait.stack));
    let ids: BTreeSet<TaskId> = left
        .map(|task| task.id)
        .chain(waiting.filter_map(|wait| wait.task))
        .collect();
    let tasks = ids.into_iter().filter_map(|id| look.world.task(id));
    tasks
        .filter(|task| task.vitals.state == State::Idle)
        .collect()
}

/// Whether this is what accepts a connection.
fn accepts(frame: &Frame) -> bool {
    let function = &*frame.function;
    frame.code == Code::Runtime && function.contains("TcpListener") && function.contains("accept")
}

fn problem(
    look: &Look<'_>,
    stacks: &Stacks<'_>,
    backlogs: &[&Backlog],
    site: SiteId,
    tasks: &[(&Task, StackId)],
) -> Problem {
    let (first, _) = tasks[0];
    let why = format!("{} stands elsewhere", look.words.task(first.id));
    let mut problem = waiting(look, backlogs, &why);
    let at = stacks.accept.iter().map(|(_, stack)| *stack);
    let at = at.filter_map(|stack| look.words.chain(stack));
    let mut at: Vec<_> = at.collect();
    at.sort();
    at.dedup();
    let at = at.into_iter().take(SOCKETS);
    let evidence = &mut problem.evidence;
    evidence.extend(at.map(|chain| format!("connections are accepted in {chain}")));
    evidence.extend(tasks.iter().take(SOCKETS).map(|(task, at)| {
        let stack = look.world.stack(*at);
        let chain = stack.and_then(|stack| look.words.chain(stack));
        format!(
            "instead {} has been idle for {} in {}",
            look.words.task(task.id),
            time(task.in_state(look.now)),
            chain.unwrap_or_default()
        )
    }));
    let tasks = tasks.iter().take(SOCKETS);
    problem.subjects = tasks
        .map(|(task, _)| Role::Blocker.of(Subject::Task(task.id)))
        .collect();
    problem.subjects.push(Subject::Site(site).into());
    Problem {
        tier: Tier::Persistent,
        key: Key::Site(site),
        ..problem
    }
}

/// Connections wait, and nothing is known of who is to accept them. `None` where that may still come to be known, or
/// where tasks can't run.
fn unexplained(look: &Look<'_>, backlogs: &[&Backlog]) -> Option<Problem> {
    let survey = &look.survey;
    let mut stuck = survey
        .running
        .iter()
        .chain(&survey.scheduled)
        .filter(|task| {
            kind(look.world, task) != Kind::BlockOn
                && task.in_state(look.now) >= look.thresholds.backlog
        });
    // All tasks are passed over only where nothing else tells.
    let is_early = || look.world.tasks().any(|task| has_no_name(look.world, task));
    if stuck.next().is_some() || is_early() {
        return None;
    }
    let mut problem = waiting(look, backlogs, "no task has waited at `accept` so far");
    problem.evidence.push(
        "which task accepts is known once it has had to wait for a connection; maybe none accepts"
            .to_owned(),
    );
    Some(problem)
}

/// What there is to say of connections that wait, whoever it is that does not accept them.
fn waiting(look: &Look<'_>, backlogs: &[&Backlog], why: &str) -> Problem {
    let waiting = backlogs.iter().map(|backlog| u64::from(backlog.waiting));
    let waiting: u64 = waiting.sum();
    let since = backlogs.iter().map(|backlog| backlog.since).min();
    let since = since.unwrap_or(look.now);
    let mut evidence: Vec<_> = backlogs
        .iter()
        .take(SOCKETS)
        .map(|backlog| queue(look, backlog))
        .collect();
    if backlogs.len() > SOCKETS {
        let rest = counted(backlogs.len() - SOCKETS, "more socket");
        evidence.push(format!("so it is with {rest}"));
    }
    Problem {
        rule: "accept-backlog",
        tier: Tier::Statistical,
        key: Key::Process,
        subjects: Vec::new(),
        since,
        past: false,
        looks: LOOKS,
        size: waiting,
        summary: format!(
            "{} to be accepted, for {} at least, and {why}",
            match waiting {
                1 => "1 connection waits".to_owned(),
                _ => format!("{waiting} connections wait"),
            },
            time(since.until(look.now))
        ),
        evidence,
        advice: ADVICE,
    }
}

fn queue(look: &Look<'_>, backlog: &Backlog) -> String {
    let full = if backlog.waiting >= backlog.limit {
        "; no more are let in"
    } else {
        ""
    };
    format!(
        "at {} {} of at most {} waiting, some at each look for {}{full}",
        backlog.address,
        counted(backlog.waiting, "connection"),
        backlog.limit,
        time(backlog.since.until(look.now))
    )
}

#[cfg(test)]
mod tests;
