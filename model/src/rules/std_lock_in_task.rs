//! A task waits for a lock of the standard library, and its worker with it: somebody keeps it for long.
//!
//! `std::sync::Mutex` and `RwLock`, and those of `parking_lot`, stop the thread that has to wait for them. In a
//! task that is a worker, and with it all tasks that it would run meanwhile. While the lock is only ever held for
//! moments, they are the right choice, and cheaper than tokio's. The harm comes from elsewhere: a thread that keeps
//! the guard while it fetches something, a future that keeps it across an await (in a `LocalSet`, or under a
//! `block_on`). If whoever keeps it needs the very worker that waits for it, both stand still for ever.
//!
//! How it knows: a poll that has not returned for more than 750 ms, as for long-poll, and its thread was seen to be blocked
//! in the system within the function that takes such a lock. On Linux only, and where stacks are caught; elsewhere
//! long-poll tells of it.
//!
//! What to do: find who keeps this lock while it does something slow, and have it do that first and lock then; where the
//! lock has to be held across an await, use `tokio::sync::Mutex`.
//!
//! Who has the lock can't be known: the standard library tells nobody.

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::{counted, time};
use crate::{Activity, Code, Frame, Role, SiteId, Subject, Task, Tier};

const ADVICE: &str = "find who keeps this lock while it does something slow: do that first and lock then, or use \
                      tokio::sync::Mutex where it has to be held across an await";

/// Whether the poll that is under way was seen waiting for such a lock.
pub(super) fn is_it(look: &Look<'_>, task: &Task) -> bool {
    look.world.present_poll(task).is_some_and(|poll| {
        let stack = poll.stack.and_then(|id| look.world.stack(id));
        matches!(poll.doing.activity, Activity::Blocked(_))
            && stack
                .and_then(|stack| stack.frames.first())
                .is_some_and(takes_lock)
    })
}

/// Whether this function takes a lock that stops its thread.
fn takes_lock(frame: &Frame) -> bool {
    let function = &*frame.function;
    let is_std = frame.code == Code::Std && function.contains("sync");
    let is_other = function.starts_with("parking_lot") || function.starts_with("lock_api");
    let verb = function.rsplit("::").next().unwrap_or_default();
    let has = |what: &str| function.to_ascii_lowercase().contains(what);
    (is_std || is_other)
        && ((has("mutex") && verb.starts_with("lock"))
            || (has("rwlock") && (verb.starts_with("read") || verb.starts_with("write"))))
}

/// The problem of a spawn site with `count` such tasks, of which `task` has waited longest.
pub(super) fn problem(look: &Look<'_>, site: SiteId, task: &Task, count: usize) -> Problem {
    let name = look.words.task(task.id);
    let length = task.in_state(look.now);
    let poll = look.world.present_poll(task);
    let stack = poll.and_then(|poll| look.world.stack(poll.stack?));
    let chain = stack.and_then(|stack| look.words.chain(stack));
    let mut evidence = vec![format!(
        "{name} has waited for {} in {}",
        time(length),
        chain.unwrap_or_else(|| "a lock of the standard library".to_owned())
    )];
    if count > 1 {
        let verb = if count == 2 { "has" } else { "have" };
        evidence.push(format!(
            "so {verb} {} of this place",
            counted(count - 1, "more task")
        ));
    }
    evidence.extend(super::long_poll::who_is_late(look, task));
    Problem {
        rule: "std-lock-in-task",
        tier: Tier::Persistent,
        key: Key::Site(site),
        subjects: vec![
            Role::Waiter.of(Subject::Task(task.id)),
            Subject::Site(site).into(),
        ],
        since: task.vitals.since,
        past: false,
        // This look and the one before have seen the same poll.
        looks: 1,
        size: length.0 / 1_000_000,
        summary: format!(
            "{name} stops its worker, waiting for a lock of the standard library for {}",
            time(length)
        ),
        evidence,
        advice: ADVICE,
    }
}

#[cfg(test)]
mod tests {
    use super::takes_lock;
    use crate::rules::testing::Trial;
    use crate::script::{millis, ms};
    use crate::{Code, Frame, State};

    /// Task `number` runs since second 10; a poll of it that began then was seen blocked in this function.
    fn blocked(trial: &mut Trial, number: u64, since: u64, function: Option<&str>) {
        let frames: Vec<_> = function
            .map(|name| (Code::Std, name, 0))
            .into_iter()
            .collect();
        let at = number as u32;
        trial.task(number).vitals(number, |v| {
            (v.state, v.since) = (State::Running, ms(10_000));
        });
        trial.stack(at, &frames).blocked(number, since, at, false);
    }

    const LOCK: Option<&str> = Some("std::sync::poison::mutex::Mutex::lock");

    #[test]
    fn tasks_of_a_place_that_wait_for_locks_are_one_problem() {
        let mut trial = Trial::new();
        blocked(&mut trial, 1, 10_000, LOCK);
        let finding = trial.only(10_500, 12_000);
        assert_eq!(
            (&*finding.rule, finding.cleared),
            ("std-lock-in-task", None)
        );
        assert_eq!(finding.evidence.len(), 1, "{finding:#?}");
        let mut trial = Trial::new();
        for n in 1..=3 {
            blocked(&mut trial, n, 10_000, LOCK);
        }
        let finding = trial.only(10_500, 12_000);
        assert_eq!(&*finding.evidence[1], "so have 2 more tasks of this place");
    }

    #[test]
    fn polls_of_the_same_place_that_are_over_are_not_told_beside_it() {
        let mut trial = Trial::new();
        blocked(&mut trial, 1, 10_000, LOCK);
        trial.task(2);
        assert_eq!(&*trial.only(10_500, 12_000).rule, "std-lock-in-task");
        trial.vitals(2, |v| {
            (v.wakers, v.polls, v.busy) = (1, 2, millis(1500));
        });
        let later = [12_500, 13_000].map(|at| trial.look(at)).concat();
        assert!(
            later.iter().all(|told| &*told.rule == "std-lock-in-task"),
            "{later:#?}"
        );
    }

    #[test]
    fn what_is_not_known_to_be_a_lock_is_a_long_poll() {
        for (since, function) in [
            (9000, LOCK),
            (10_000, None),
            (10_000, Some("std::thread::sleep")),
        ] {
            let mut trial = Trial::new();
            blocked(&mut trial, 1, since, function);
            assert_eq!(&*trial.only(10_500, 12_000).rule, "long-poll");
        }
    }

    #[test]
    fn locks_that_stop_a_thread_are_told_by_their_functions() {
        let takes = |code, function: &str| {
            takes_lock(&Frame {
                function: function.into(),
                code,
                ..Frame::default()
            })
        };
        assert!(takes(Code::Std, "std::sync::poison::mutex::Mutex::lock"));
        assert!(takes(
            Code::Std,
            "std::sys::sync::mutex::futex::Mutex::lock_contended"
        ));
        assert!(takes(Code::Std, "std::sync::poison::rwlock::RwLock::write"));
        assert!(takes(
            Code::Dependency,
            "parking_lot::raw_mutex::RawMutex::lock_slow"
        ));
        assert!(takes(Code::Std, "std::sync::poison::rwlock::RwLock::read"));
        assert!(!takes(Code::Std, "std::sync::poison::rwlock::RwLock::new"));
        assert!(!takes(Code::Std, "std::sync::poison::mutex::Mutex::new"));
        assert!(!takes(Code::Std, "std::sync::once_lock::OnceLock::lock"));
        assert!(!takes(Code::Std, "std::thread::functions::sleep"));
        assert!(!takes(Code::Std, "std::sync::mpsc::Receiver::recv"));
        assert!(!takes(Code::Runtime, "tokio::sync::mutex::Mutex::lock"));
        assert!(!takes(Code::App, "shop::Mutex::lock"));
    }
}
