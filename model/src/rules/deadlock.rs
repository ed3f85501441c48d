//! Tasks wait for each other, so that none of them can ever go on.
//!
//! A task keeps a lock while it waits for another lock, and whoever has that one waits, in the end, for the first: two
//! locks taken in two orders, a lock taken again by the task that has it, a read lock taken again while a writer waits
//! in between, permits of a semaphore of which every holder wants one more, or actors that write to each other's full
//! mailboxes. None of them will be polled again, and whoever needs what they have stops too.
//!
//! How it knows: from who holds what and who waits for what, in the order of the queues. A task counts as stuck only if
//! it is idle, has no timeout on any of its waits and no waker outside of the queues, and all it waits for is kept by
//! tasks that are stuck too; for permits, all who have any. It is proven when this stood in two looks, half a second
//! apart. Some doubt is left, and it has to stand for 2 s and is called persistent, where a `block_on` takes part (its
//! wakers can't be seen), a guard may have been handed to another task, or a channel takes part (its receiver is known
//! only by what it received).
//!
//! What to do: take locks in one order everywhere; let go of one before you ask for the next; hand a guard on instead
//! of locking again; give files and folders a semaphore each; let actors answer by a oneshot, or with `try_send`.
//!
//! It can be wrong where futures that share one waker of their task (`FuturesUnordered`, a buffered stream) wait for
//! different things, of which one can't be seen; and where a guard was sent to another task through a channel and is
//! still held there: tokio tells nothing of moves, so the task that took it is shown as its holder.

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::{counted, list, time};
use crate::graph::{Knot, Member};
use crate::{Mode, ResourceKind, Role, Subject, Tier};

/// Members that are told of one by one.
const TOLD: usize = 8;

const ORDER: &str =
    "take these locks in one order everywhere, or let the first go before the second is asked for";
const AGAIN: &str =
    "hand the guard (or what it guards) on to whatever locks again, or drop it first";
const PERMITS: &str = "take all permits that are needed at once (acquire_many), or use another semaphore for the inner work";
const MAILBOX: &str = "let one of the two never wait for the other: answer by a oneshot, use try_send, or receive while sending";

/// Each knot that is not the futurelock rule's.
pub(super) fn check(look: &Look<'_>) -> Vec<Problem> {
    let stands =
        |knot: &&Knot| knot.certain || knot.since.until(look.now) >= look.thresholds.knot_in_doubt;
    let knots = look.graph.knots().iter().filter(|knot| !knot.parked);
    knots
        .filter(stands)
        .map(|knot| problem(look, knot))
        .collect()
}

fn problem(look: &Look<'_>, knot: &Knot) -> Problem {
    let tasks = knot
        .members
        .iter()
        .map(|member| Role::Deadlocked.of(Subject::Task(member.task)));
    let mut subjects: Vec<_> = tasks.take(TOLD).collect();
    for member in &knot.members {
        let resource = Subject::Resource(member.resource).into();
        if !subjects.contains(&resource) {
            subjects.push(resource);
        }
    }
    let (summary, advice) = summary(look, knot);
    Problem {
        rule: "deadlock",
        tier: if knot.certain {
            Tier::Proven
        } else {
            Tier::Persistent
        },
        key: Key::Wait(knot.key),
        subjects,
        since: knot.since,
        past: false,
        looks: 2,
        size: (knot.tasks + knot.behind) as u64,
        summary,
        evidence: evidence(look, knot),
        advice,
    }
}

fn summary(look: &Look<'_>, knot: &Knot) -> (String, &'static str) {
    let words = &look.words;
    let names: Vec<_> = knot
        .members
        .iter()
        .take(4)
        .map(|m| words.task(m.task))
        .collect();
    let names = list(names, knot.tasks);
    let permits = knot.members.iter().find(|member| {
        let resource = look.world.resource(member.resource);
        resource.is_some_and(|resource| resource.origin.kind == ResourceKind::Semaphore)
    });
    if knot.mailbox {
        let text = format!("{names} wait for room in each other's full mailboxes");
        return (text, MAILBOX);
    }
    match (&knot.members[..], permits) {
        ([member], _) => {
            let what = words.resource(member.resource);
            (
                format!("{names} waits for {what}, which it has itself"),
                AGAIN,
            )
        }
        (_, Some(member)) => {
            let what = words.resource(member.resource);
            (
                format!("{names} have all permits of {what} and wait for more"),
                PERMITS,
            )
        }
        (members, None) if members.iter().any(|member| member.behind) => {
            let what = words.resource(members[0].resource);
            (
                format!(
                    "{names} wait for each other at {what}: a reader reads again behind a writer"
                ),
                AGAIN,
            )
        }
        _ if knot.tasks == 2 => (format!("{names} wait for each other's locks"), ORDER),
        _ => (
            format!("{names} wait for each other's locks in a circle"),
            ORDER,
        ),
    }
}

fn evidence(look: &Look<'_>, knot: &Knot) -> Vec<String> {
    let told = knot.members.iter().take(TOLD);
    let mut lines: Vec<_> = told.map(|member| line(look, member)).collect();
    if knot.tasks > lines.len() {
        lines.push(format!(
            "and {} more tasks of the circle",
            knot.tasks - lines.len()
        ));
    }
    if knot.behind > 0 {
        lines.push(format!(
            "{} can't go on either, behind them",
            counted(knot.behind, "more task")
        ));
    }
    if !knot.certain {
        lines.push("some doubt is left: not all that could end it can be seen here".to_owned());
    }
    lines
}

fn line(look: &Look<'_>, member: &Member) -> String {
    let holds: Vec<_> = member
        .holds
        .iter()
        .map(|kept| {
            let since = time(kept.since.until(look.now));
            let how = if kept.mode == Mode::Shared {
                " to read"
            } else {
                ""
            };
            format!(
                "{}{how} for {since}{}",
                look.words.resource(kept.resource),
                look.words.taken_at(", taken", member.task, kept.resource)
            )
        })
        .collect();
    let holds = match holds.len() {
        0 => String::new(),
        count => format!("holds {}, ", list(holds, count)),
    };
    let how = match (member.mode, member.behind) {
        (Mode::Shared, true) => " to read, behind a writer",
        (Mode::Shared, false) => " to read",
        _ => "",
    };
    format!(
        "{} {holds}waits for {}{how} for {}{}",
        look.words.task(member.task),
        look.words.resource(member.resource),
        time(member.since.until(look.now)),
        look.words.waits_at(",", member.wait),
    )
}

#[cfg(test)]
mod tests;
