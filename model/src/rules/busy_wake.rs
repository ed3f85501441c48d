//! A task wakes itself again and again to look whether something has changed: a loop at full speed.
//!
//! It waits for something of which it will not be told, so it asks. Each time it returns and is ready again at once: a
//! future written by hand that calls `wake_by_ref` and says *pending*, or a loop with `yield_now` around a flag. It
//! looks like waiting and keeps a worker busy all the time; as there are more of them, everything else gets slow.
//!
//! How it knows: in two looks in a row the task was polled more than 1000 times a second since the look before, at
//! least half of its polls followed from wakes by itself, and a poll took less than 10 µs on average. Work that yields
//! in between, as it should every 10 to 100 µs, has longer polls. Who yields is woken by the runtime; that it does is
//! seen from the stack of its wait, where stacks are caught.
//!
//! What to do: wait for something that tells when it changes (`Notify`, `watch`, `oneshot`), or ask at times
//! (`tokio::time::interval`).

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::survey::{ids, yields};
use super::words::time;
use crate::{Nanos, Role, SiteId, Stamp, Subject, Task, TaskId, Tier};

/// Tasks that are remembered from one look to the next, those that woke themselves most often. More can't loop at full
/// speed on any machine.
const MOST: usize = 4096;

const ADVICE: &str = "wait for something that tells when it changes (Notify, watch, oneshot), or look at times with \
                      tokio::time::interval";

/// How often a task was polled, and woke itself, and how long it was busy.
#[derive(Clone, Copy, Debug)]
struct Counters {
    polls: u64,
    self_wakes: u64,
    busy: Nanos,
}

/// The counters of those who woke themselves before the last look.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<TaskId, Counters, FixedState>);

/// Each spawn site with tasks that wake themselves all the time.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    let before = std::mem::take(&mut memory.0);
    let mut sites: HashMap<SiteId, (Vec<&Task>, Counters), FixedState> = HashMap::default();
    let mut waking = look.survey.self_waking.clone();
    if waking.len() > MOST {
        waking.select_nth_unstable_by_key(MOST, |task| Reverse(task.vitals.self_wakes));
        waking.truncate(MOST);
    }
    for task in waking {
        let vitals = &task.vitals;
        let counters = Counters {
            polls: vitals.polls,
            self_wakes: vitals.self_wakes,
            busy: vitals.busy,
        };
        memory.0.insert(task.id, counters);
        let Some((before, elapsed)) = before.get(&task.id).zip(look.elapsed) else {
            continue;
        };
        let polls = counters.polls.saturating_sub(before.polls);
        let new = Counters {
            polls,
            self_wakes: match yields(look.world, task) {
                true => polls,
                false => counters.self_wakes.saturating_sub(before.self_wakes),
            },
            busy: counters.busy - before.busy,
        };
        if is_busy_waiting(look, new, elapsed) {
            let (tasks, sum) = sites.entry(task.birth.site).or_insert((
                Vec::new(),
                Counters {
                    polls: 0,
                    self_wakes: 0,
                    busy: Nanos::ZERO,
                },
            ));
            tasks.push(task);
            sum.polls = sum.polls.saturating_add(new.polls);
            sum.self_wakes = sum.self_wakes.saturating_add(new.self_wakes);
            sum.busy += new.busy;
        }
    }
    let mut problems: Vec<_> = sites
        .into_iter()
        .filter_map(|(site, (tasks, sum))| problem(look, site, &tasks, sum))
        .collect();
    problems.sort_by_key(|problem| problem.subjects.first().copied());
    problems
}

/// Whether a task may yield all the time, which the name of its stack would tell: over all its life it was polled as often as
/// that, and as shortly.
pub(super) fn wants_lines(look: &Look<'_>) -> bool {
    look.survey.unnamed.iter().any(|task| {
        let lived = Counters {
            polls: task.vitals.polls,
            self_wakes: task.vitals.polls,
            busy: task.vitals.busy,
        };
        is_busy_waiting(look, lived, task.birth.created.until(look.now))
    })
}

fn is_busy_waiting(look: &Look<'_>, new: Counters, elapsed: Nanos) -> bool {
    let thresholds = &look.thresholds;
    let polls = new.polls as f64;
    polls >= thresholds.busy_polls as f64 * elapsed.0 as f64 / 1e9
        && new.self_wakes as f64 >= thresholds.busy_share * polls
        && (new.busy.0 as f64) < thresholds.busy_poll.0 as f64 * polls
}

fn problem(look: &Look<'_>, site: SiteId, tasks: &[&Task], sum: Counters) -> Option<Problem> {
    let elapsed = look.elapsed?;
    let per_second = |count: u64| (count as f64 * 1e9 / elapsed.0.max(1) as f64) as u64;
    let first = ids(tasks.iter().take(8));
    let mut subjects: Vec<_> = first
        .iter()
        .map(|task| Role::Blocker.of(Subject::Task(*task)))
        .collect();
    subjects.push(Role::Blocker.of(Subject::Site(site)));
    let polls = sum.polls.max(1);
    // It has been so for two looks; when it began is not known.
    let since = Stamp(look.now.0.saturating_sub(2 * elapsed.0));
    let yields = tasks.iter().all(|task| yields(look.world, task));
    let (verb, after) = match (yields, tasks.len()) {
        (true, 1) => ("yields", "it yielded"),
        (true, _) => ("yield", "they yielded"),
        (false, 1) => ("wakes itself", "a wake by the task itself"),
        (false, _) => ("wake themselves", "a wake by the task itself"),
    };
    let newest = tasks.first().filter(|_| yields);
    let newest = newest.and_then(|task| task.vitals.leaves.newest());
    let at = look.words.at("", newest.map(|(stack, _)| stack));
    Some(Problem {
        rule: "busy-wake",
        tier: Tier::Persistent,
        key: Key::Site(site),
        subjects,
        since,
        past: false,
        looks: 2,
        size: tasks.len() as u64,
        summary: format!(
            "{} {verb} {} times a second with nothing to do",
            look.words.tasks(&first, tasks.len()),
            per_second(sum.self_wakes)
        ),
        evidence: vec![
            format!(
                "{} polls a second, {} % of them after {after}{at}",
                per_second(sum.polls),
                (u128::from(sum.self_wakes) * 100 / u128::from(polls)).min(100)
            ),
            format!(
                "{} a poll on average: {} of each second spent",
                time(Nanos(sum.busy.0 / polls)),
                time(Nanos(per_second(sum.busy.0)))
            ),
        ],
        advice: ADVICE,
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::{stack_id, task};
    use crate::{Code, Finding, Leaves, Nanos, Role, State, Subject, Tier};

    /// A task that is polled so often every half second, wakes itself so often, and is in a poll for so long each time.
    fn trial(polls: u64, self_wakes: u64, poll: u64) -> Vec<Finding> {
        let mut trial = Trial::new();
        trial.task(1);
        let mut findings = Vec::new();
        for at in (10_500..20_000).step_by(500) {
            trial.vitals(1, |v| {
                v.state = State::Scheduled;
                v.since = crate::script::ms(at);
                v.polls += polls;
                v.self_wakes += self_wakes;
                v.busy += Nanos(polls * poll);
            });
            findings.extend(trial.look(at));
        }
        findings
    }

    fn rules(polls: u64, self_wakes: u64, poll: u64) -> Vec<(String, Tier)> {
        let findings = trial(polls, self_wakes, poll);
        findings
            .iter()
            .map(|f| (f.rule.to_string(), f.tier))
            .collect()
    }

    #[test]
    fn a_task_that_only_looks_again() {
        let findings = trial(100_000, 100_000, 1000);
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("busy-wake", Tier::Persistent)
        );
        assert_eq!(
            (finding.cleared, finding.since),
            (None, crate::script::ms(10_500))
        );
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 wakes itself 200000 times a second with nothing to do"
        );
        let evidence: Vec<_> = finding.evidence.iter().map(|line| &**line).collect();
        assert_eq!(
            evidence,
            [
                "200000 polls a second, 100 % of them after a wake by the task itself",
                "1.00µs a poll on average: 200ms of each second spent",
            ]
        );
        assert_eq!(
            finding.subjects[0],
            Role::Blocker.of(Subject::Task(task(1)))
        );
        let twice = trial(1000, 2000, 1000);
        assert!(
            twice[0].evidence[0].contains(", 100 % of them"),
            "{twice:#?}"
        );
    }

    #[test]
    fn a_loop_that_yields_is_woken_by_the_runtime() {
        let frames = [(Code::Runtime, "yield_now", 1), (Code::App, "consume", 22)];
        let mut trial = Trial::new();
        trial.task(1).task(2);
        let mut findings = Vec::new();
        for look in (10_500..20_000).step_by(500) {
            for (n, at) in [(1, Some(stack_id(1))), (2, None)] {
                trial.vitals(n, |v| {
                    v.state = State::Scheduled;
                    v.since = crate::script::ms(look);
                    v.polls += 100_000;
                    v.leaves = Leaves::new(at.map(|at| (at, 0)));
                });
            }
            findings.extend(trial.look(look));
            assert_eq!(trial.wants_lines(), look < 12_500, "{look}");
            if look == 12_000 {
                trial.stack(1, &frames);
            }
        }
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        assert_eq!(
            &*finding.summary,
            "task #1 at task.rs:1 yields 200000 times a second with nothing to do"
        );
        assert_eq!(
            &*finding.evidence[0],
            "200000 polls a second, 100 % of them after it yielded at app.rs:22"
        );
    }

    #[test]
    fn who_yields_beside_others_that_wake_themselves_has_no_word_of_its_own() {
        let mut trial = Trial::new();
        trial
            .task(1)
            .task(2)
            .stack(1, &[(Code::Runtime, "yield_now", 1)]);
        let mut findings = Vec::new();
        for look in (10_500..13_000).step_by(500) {
            for n in 1..=2 {
                trial.vitals(n, |v| {
                    v.state = State::Scheduled;
                    v.since = crate::script::ms(look);
                    v.polls += 100_000;
                    match n {
                        1 => v.leaves = Leaves::new([(stack_id(1), 0)]),
                        _ => v.self_wakes += 100_000,
                    }
                });
            }
            findings.extend(trial.look(look));
        }
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        assert!(finding.summary.contains("wake themselves"), "{finding:#?}");
    }

    #[test]
    fn as_many_as_are_looked_at_are_all_looked_at() {
        let most = super::MOST as u64;
        let mut trial = Trial::new();
        (1..=most).for_each(|n| _ = trial.task(n));
        let mut findings = Vec::new();
        for at in [10_500, 11_000, 11_500] {
            for n in 1..=most {
                trial.vitals(n, |v| {
                    (v.polls, v.self_wakes) = (v.polls + 1000, v.polls + 1000)
                });
            }
            findings.extend(trial.look(at));
        }
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        let more = format!("and {} more wake themselves", most - 4);
        assert!(finding.summary.contains(&more), "{}", finding.summary);
    }

    #[test]
    fn each_threshold_has_two_sides() {
        let busy = || found("busy-wake", Tier::Persistent);
        assert_eq!(rules(500, 500, 1000), busy());
        assert_eq!(rules(499, 499, 1000), nothing());
        assert_eq!(rules(500, 250, 1000), busy());
        assert_eq!(rules(500, 249, 1000), nothing());
        assert_eq!(rules(500, 500, 9999), busy());
        assert_eq!(rules(500, 500, 10_000), nothing());
    }

    #[test]
    fn a_burst_is_over_before_it_is_told() {
        let mut trial = Trial::new();
        trial.task(1).vitals(1, |v| v.wakers = 1);
        for at in (10_500..30_000).step_by(500) {
            // Every other half second.
            let more = if at % 1000 == 0 { 100_000 } else { 1 };
            trial.vitals(1, |v| {
                v.polls += more;
                v.self_wakes += more;
            });
            assert_eq!(trial.look(at), []);
        }
    }

    #[test]
    fn the_past_of_a_task_does_not_count() {
        let mut trial = Trial::new();
        trial.task(1).vitals(1, |v| {
            v.wakers = 1;
            v.polls = 1_000_000;
            v.self_wakes = 1_000_000;
        });
        for at in (10_500..20_000).step_by(500) {
            trial.vitals(1, |v| v.polls += 1);
            assert_eq!(trial.look(at), []);
        }
    }

    #[test]
    fn tasks_of_one_place_are_one_problem() {
        let mut trial = Trial::new();
        (1..=50).for_each(|n| _ = trial.task(n));
        let mut findings = Vec::new();
        for at in (10_500..20_000).step_by(500) {
            for n in 1..=50 {
                trial.vitals(n, |v| {
                    (v.polls, v.self_wakes, v.wakers) = (v.polls + 5000, v.self_wakes + 5000, 1);
                });
            }
            findings.extend(trial.look(at));
        }
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(
            findings[0]
                .summary
                .contains("and 46 more wake themselves 500000 times a second")
        );
    }
    #[test]
    fn one_of_many_that_wake_themselves_at_times_is_found() {
        let mut trial = Trial::new();
        (1..=5000).for_each(|n| _ = trial.task(n));
        let mut findings = Vec::new();
        for at in (10_500..13_000).step_by(500) {
            for n in 1..=5000 {
                let more = if n == 5000 { 5000 } else { 10 };
                trial.vitals(n, |v| {
                    (v.polls, v.self_wakes) = (v.polls + more, v.self_wakes + more)
                });
            }
            findings.extend(trial.look(at));
        }
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(
            findings[0].subjects[0],
            Role::Blocker.of(Subject::Task(task(5000)))
        );
    }
}
