//! A task was dropped at an await while it held a guard: its work under the lock is left half done.
//!
//! `abort`, a `JoinSet` that is dropped and the end of a runtime drop a task where it awaits. Its guards are released,
//! so nobody is stuck; but what was meant to happen as one step between lock and unlock has happened in part: a count
//! went up and not down, one of two maps has the entry. The lock does not tell (`std`'s would be poisoned by a panic;
//! this is none).
//!
//! How it knows: tokio tells when a task is dropped, and its guards are released within that drop. So each such case is
//! one that has happened, told as past: persistent for a Mutex or RwLock, statistical for permits, which guard no data.
//! Tasks that hold nothing when they are dropped are counted by their place and are no alarm, and neither are waits for
//! a lock that are given up: that is what timeouts do.
//!
//! What to do: do not await between the two halves of a change: compute first, then lock, change and unlock; or undo in
//! a `Drop`; or let the work run as a task that nobody aborts, and wait for its handle instead.
//!
//! Futures that a task drops itself (a branch that loses in `select!`) can't be told from those that are done.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::counted;
use crate::{Concern, News, Resource, ResourceId, ResourceKind, Role, Stamp, Subject, Task, Tier};

/// Resources and places that are remembered: those in which it has happened.
const MOST: usize = 1 << 16;

const ADVICE: &str = "do not await between the two halves of a change under a lock, undo in a Drop, or let the work run as \
                      a task that nobody aborts";

/// How often it has happened.
#[derive(Debug, Default)]
pub(super) struct Memory {
    resources: HashMap<ResourceId, u64, FixedState>,
    places: HashMap<Key, u64, FixedState>,
}

/// Each place with a lock under which a task was dropped since the last look.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    let mut cases: HashMap<Key, (&Resource, u64), FixedState> = HashMap::default();
    for (_, news) in look.world.resources().since(look.seen) {
        match news {
            News::Gone(id) => _ = memory.resources.remove(&id),
            News::Is(resource) => {
                let new = news_of(resource, memory);
                if new > 0 {
                    let (last, count) = cases.entry(Key::of(resource)).or_insert((resource, 0));
                    *last = resource;
                    *count += new;
                }
            }
        }
    }
    if memory.places.len() > MOST {
        // They are counted anew.
        memory.places.clear();
    }
    let mut problems: Vec<_> = cases
        .into_iter()
        .filter_map(|(key, (resource, new))| {
            let sum = memory.places.entry(key).or_default();
            *sum = sum.saturating_add(new);
            problem(look, key, resource, *sum)
        })
        .collect();
    problems.sort_by_key(|problem| problem.subjects.first().copied());
    problems
}

/// How often it has happened to this resource since it was last seen.
fn news_of(resource: &Resource, memory: &mut Memory) -> u64 {
    let count = resource.usage.cancelled;
    let known = memory.resources.get(&resource.id).copied();
    if count == 0 || (known.is_none() && memory.resources.len() >= MOST) {
        return 0;
    }
    memory.resources.insert(resource.id, count);
    count.saturating_sub(known.unwrap_or(0))
}

fn problem(look: &Look<'_>, key: Key, resource: &Resource, sum: u64) -> Option<Problem> {
    let tier = match resource.origin.kind {
        ResourceKind::Mutex | ResourceKind::RwLock => Tier::Persistent,
        ResourceKind::Semaphore => Tier::Statistical,
        // Who initializes a cell and is dropped leaves it to the next; nothing else is held.
        _ => return None,
    };
    let what = look.words.resource(resource.id);
    let last = resource.usage.last_cancelled;
    let task = last.map(|id| look.words.task(id));
    let task = task.unwrap_or_else(|| "a task".to_owned());
    let mut subjects = vec![Subject::Resource(resource.id).into()];
    subjects.extend(last.map(|id| Role::Holder.of(Subject::Task(id))));
    let dropped = last.and_then(|id| look.world.task(id));
    let site = dropped.map(|task| task.birth.site);
    subjects.extend(site.map(|id| Concern::from(Subject::Site(id))));
    let a = if tier == Tier::Persistent {
        ""
    } else {
        "a permit of "
    };
    let mut evidence = vec![format!(
        "this has happened {} under locks made there",
        counted(sum, "time")
    )];
    evidence.extend(dropped.and_then(|task| look.words.last_waker(task)));
    Some(Problem {
        rule: "cancelled-mid-await",
        tier,
        key,
        subjects,
        since: dropped
            .and_then(Task::end)
            .unwrap_or(look.now)
            .max(Stamp(1)),
        past: true,
        looks: 1,
        size: sum,
        summary: format!("{task} was dropped at an await while it held {a}{what}"),
        evidence,
        advice: ADVICE,
    })
}

#[cfg(test)]
mod tests {
    use crate::ResourceKind::{Mutex, OnceCell, RwLock, Semaphore};
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{millis, ms, resource, task};
    use crate::{Role, State, Subject, Tier};

    fn cancelled(kind: crate::ResourceKind) -> Trial {
        let mut trial = Trial::new();
        trial
            .task(1)
            .made(1, kind)
            .vitals(1, |v| (v.state, v.since) = (State::Cancelled, ms(10_050)));
        trial.usage(1, |usage| {
            usage.cancelled = 1;
            usage.last_cancelled = Some(task(1));
        });
        trial
    }

    #[test]
    fn it_is_told_once_as_past() {
        let finding = cancelled(Mutex).only(10_100, 30_100);
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("cancelled-mid-await", Tier::Persistent)
        );
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 was dropped at an await while it held Mutex lock.rs:1"
        );
        assert_eq!(
            &*finding.evidence[0],
            "this has happened 1 time under locks made there"
        );
        assert_eq!(
            (finding.since, finding.cleared),
            (ms(10_050), Some(ms(10_100)))
        );
        assert_eq!(
            finding.subjects[..2],
            [
                Subject::Resource(resource(1)).into(),
                Role::Holder.of(Subject::Task(task(1)))
            ]
        );
    }

    #[test]
    fn a_count_that_grows_is_told_when_it_has_doubled() {
        let mut trial = cancelled(RwLock);
        let told: Vec<usize> = (1..=8)
            .map(|count| {
                trial.usage(1, |usage| usage.cancelled = count);
                trial.look(10_000 + 500 * count).len()
            })
            .collect();
        assert_eq!(told, [1, 1, 0, 1, 0, 0, 0, 1]);
    }

    #[test]
    fn permits_guard_no_data_and_cells_are_left_to_the_next() {
        let mut trial = cancelled(Semaphore);
        assert_eq!(
            trial.rules(10_100, 20_100),
            found("cancelled-mid-await", Tier::Statistical)
        );
        assert_eq!(cancelled(OnceCell).rules(10_100, 20_100), nothing());
    }

    #[test]
    fn tasks_that_held_nothing_and_waits_that_were_given_up_are_no_alarm() {
        let mut trial = Trial::new();
        trial.made(1, Mutex);
        for n in 1..100 {
            trial.task(n).vitals(n, |v| v.state = State::Cancelled);
            trial.usage(1, |usage| {
                usage.waits += 1;
                usage.abandoned += 1;
                usage.waited += millis(50);
            });
            assert_eq!(trial.look(10_000 + 500 * n), []);
        }
    }

    #[test]
    fn another_lock_of_the_same_place_is_the_same_problem() {
        let mut trial = cancelled(Mutex);
        trial.only(10_100, 11_100);
        trial.made(2, Mutex);
        let mut other = trial.world.resource(resource(2)).unwrap().clone();
        other.origin.place = crate::PlaceId(1);
        other.usage.cancelled = 1;
        trial.apply(crate::Change::Resource(Box::new(other)));
        let finding = trial.only(11_600, 12_100);
        assert_eq!(finding.id.number(), 1);
        assert_eq!(
            &*finding.evidence[0],
            "this has happened 2 times under locks made there"
        );
        assert_eq!(
            &*finding.summary,
            "a task was dropped at an await while it held Mutex lock.rs:1"
        );
    }
    #[test]
    fn no_more_than_so_many_are_remembered_and_only_those_to_which_it_happened() {
        let mut trial = Trial::new();
        trial.made(1, Mutex);
        let mut one = trial.world.resource(resource(1)).unwrap().clone();
        let mut memory = super::Memory::default();
        assert_eq!(super::news_of(&one, &mut memory), 0);
        assert_eq!(memory.resources.len(), 0);
        one.usage.cancelled = 1;
        let news: u64 = (1..=super::MOST as u64 + 100)
            .map(|n| {
                one.id = resource(n);
                super::news_of(&one, &mut memory)
            })
            .sum();
        assert_eq!(
            (news, memory.resources.len()),
            (super::MOST as u64, super::MOST)
        );
        one.id = resource(1);
        one.usage.cancelled = 3;
        assert_eq!(super::news_of(&one, &mut memory), 2);
    }
}
