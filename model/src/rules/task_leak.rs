//! The tasks of one place become more and more, and hardly any of them ends.
//!
//! Something spawns a task for each connection, request or subscription, and nothing ends it with what it was spawned
//! for: a keep-alive loop, a listener for a channel that never closes. Each keeps its memory, and often a socket or a
//! guard; after days the process is full.
//!
//! How it knows: it is a pattern in numbers. The live tasks of one spawn place have become more in each of 5 looks in a
//! row (over two seconds), there are 100 or more, and fewer than 5 % of all that were ever spawned there have ended. A
//! burst is over before that, a service at its start levels out, and then the finding is cleared. A leak that is slower
//! than a task in each half second is not seen.
//!
//! What to do: keep the `JoinHandle` (or a `JoinSet`, or an `AbortHandle`) with what the task belongs to and abort it
//! there, or let it wait for a signal (`CancellationToken`, a `watch`, a closed channel) besides its work.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::survey::Listed;
use super::words::{counted, time};
use crate::{Kind, SiteId, Stamp, State, Subject, Tier};

/// Places that are remembered from one look to the next.
const MOST: usize = 1 << 16;

const ADVICE: &str = "keep the JoinHandle (or a JoinSet) with what the task belongs to and abort it there, or let the task \
                      wait for a signal that ends it";

/// Tasks of a place whose lines are looked at.
const LOOKED_AT: usize = 64;

/// The live tasks of each place at the last look.
#[derive(Debug, Default)]
pub(super) struct Memory(HashMap<SiteId, Growth, FixedState>);

#[derive(Clone, Copy, Debug)]
struct Growth {
    live: u64,
    // In how many looks in a row there were more than in the one before, and from how many on.
    looks: u32,
    from: u64,
    since: Stamp,
    look: Stamp,
}

/// Each spawn site whose tasks only become more.
pub(super) fn check(
    look: &Look<'_>,
    sites: &HashMap<SiteId, Listed, FixedState>,
    memory: &mut Memory,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (site, listed) in sites {
        if memory.0.len() >= MOST && !memory.0.contains_key(site) {
            continue;
        }
        let growth = memory.0.entry(*site).or_insert(Growth {
            live: 0,
            looks: 0,
            from: 0,
            since: look.now,
            look: look.now,
        });
        if listed.live > growth.live {
            growth.looks = growth.looks.saturating_add(1);
        } else {
            (growth.looks, growth.from, growth.since) = (0, listed.live, look.now);
        }
        growth.live = listed.live;
        growth.look = look.now;
        problems.extend(problem(look, *site, *listed, *growth));
    }
    memory.0.retain(|_, growth| growth.look == look.now);
    problems.sort_by_key(|problem| problem.subjects.first().copied());
    problems
}

fn problem(look: &Look<'_>, id: SiteId, listed: Listed, growth: Growth) -> Option<Problem> {
    let site = look.world.site(id)?;
    let thresholds = &look.thresholds;
    let ended = listed.ended.saturating_add(site.past.tasks());
    let spawned = listed.live.saturating_add(ended);
    let leaks = growth.looks >= thresholds.leak_looks
        && listed.live >= thresholds.leak_live
        && (ended as f64) < thresholds.leak_ended * spawned as f64
        && !matches!(site.kind, Kind::Blocking | Kind::BlockOn);
    if !leaks {
        return None;
    }
    let place = look.words.site(id);
    let mut evidence = vec![
        format!(
            "from {} to {} in {}, more at each of {} looks",
            growth.from,
            listed.live,
            time(growth.since.until(look.now)),
            growth.looks
        ),
        format!(
            "{} of {spawned} that were spawned there have ended",
            counted(ended, "task")
        ),
    ];
    evidence.extend(most_stand(look, id));
    evidence.push(
        "this is a pattern in numbers, no proof: a service that is still growing looks the same"
            .to_owned(),
    );
    Some(Problem {
        rule: "task-leak",
        tier: Tier::Statistical,
        key: Key::Site(id),
        subjects: vec![Subject::Site(id).into()],
        since: growth.since,
        past: false,
        // It has been looked at often enough.
        looks: 1,
        size: listed.live,
        summary: format!(
            "the tasks spawned at {place} only become more: {} live now",
            listed.live
        ),
        evidence,
        advice: ADVICE,
    })
}

/// Where most of the tasks of a place wait, by some of them.
fn most_stand(look: &Look<'_>, site: SiteId) -> Option<String> {
    let tasks = look.world.tasks();
    let tasks = tasks.filter(|task| task.birth.site == site && task.vitals.state == State::Idle);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = 0;
    for task in tasks.take(LOOKED_AT) {
        all += 1;
        *places.entry(look.words.stands("", task)).or_default() += 1;
    }
    let (place, count) = places.into_iter().max_by_key(|(_, count)| *count)?;
    (!place.is_empty()).then(|| format!("of {all} that were looked at {count} wait{place}"))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::Trial;
    use crate::script::{Script, ms, stack_id};
    use crate::{Change, Code, Finding, Leaves, SiteId, State, Subject, Tally, Tier, World};

    fn spawn(script: &mut Script, from: u64, to: u64) {
        for n in from..to {
            script.task(n).vitals(n, |v| v.wakers = 1);
        }
    }

    /// As many live tasks at each look as this says.
    fn trial(live: &[usize]) -> Vec<Finding> {
        let mut trial = Trial::new();
        let (mut alive, mut next) = (Vec::new(), 1);
        let mut findings = Vec::new();
        for (look, live) in (0..).zip(live) {
            while alive.len() > *live {
                let last = alive.pop().unwrap();
                trial.vitals(last, |v| (v.state, v.since) = (State::Done, ms(10_000)));
            }
            let more = (*live - alive.len()) as u64;
            spawn(&mut trial, next, next + more);
            alive.extend(next..next + more);
            next += more;
            findings.extend(trial.look(10_500 + 500 * look));
        }
        findings
    }

    #[test]
    fn tasks_that_only_become_more() {
        let findings = trial(&[100, 120, 140, 160, 180, 200, 220]);
        let [finding] = &findings[..] else {
            panic!("{findings:#?}")
        };
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("task-leak", Tier::Statistical)
        );
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "the tasks spawned at task.rs:1 only become more: 180 live now"
        );
        let evidence: Vec<_> = finding.evidence.iter().map(|line| &**line).collect();
        assert_eq!(
            evidence[0],
            "from 0 to 180 in 2.00s, more at each of 5 looks"
        );
        assert_eq!(
            evidence[1],
            "0 tasks of 180 that were spawned there have ended"
        );
    }

    #[test]
    fn where_most_of_them_wait_is_told() {
        let mut trial = Trial::new();
        trial
            .stack(1, &[(Code::App, "conn", 30)])
            .stack(2, &[(Code::App, "conn", 40)]);
        // Those of another place do not count.
        for n in 1_001..=1_100 {
            trial.task_at(n, 2, None).vitals(n, |v| {
                (v.wakers, v.leaves) = (1, Leaves::new([(stack_id(2), 0)]))
            });
        }
        let mut findings = Vec::new();
        for look in 0..6 {
            for n in 40 * look + 1..=40 * (look + 1) {
                trial.task(n).vitals(n, |v| {
                    v.wakers = 1;
                    let at = if n % 4 == 0 { 2 } else { 1 };
                    v.leaves = Leaves::new([(stack_id(at), 0)]);
                    if n % 4 == 1 {
                        (v.state, v.since) = (State::Running, ms(10_500 + 500 * look));
                    }
                });
            }
            findings.extend(trial.look(10_500 + 500 * look));
        }
        let leak = findings
            .iter()
            .find(|finding| &*finding.rule == "task-leak");
        let evidence = &leak.unwrap_or_else(|| panic!("{findings:#?}")).evidence;
        let told = "of 64 that were looked at 43 wait at app.rs:30";
        assert!(evidence.iter().any(|line| &**line == told), "{evidence:#?}");
    }

    #[test]
    fn each_threshold_has_two_sides() {
        assert_eq!(trial(&[20, 40, 60, 80, 99]), []);
        assert_eq!(trial(&[20, 40, 60, 80, 100]).len(), 1);
        assert_eq!(trial(&[200, 300, 400, 500]), []);
        assert_eq!(trial(&[200, 300, 400, 500, 501]).len(), 1);
        // Ten of 209 have ended, then ten of 190.
        assert_eq!(trial(&[100, 90, 100, 120, 130, 140, 209]).len(), 1);
        assert_eq!(trial(&[120, 100, 110, 120, 130, 140, 190]), []);
        // Ten of 200 are not fewer than 5 %.
        assert_eq!(trial(&[100, 90, 100, 120, 130, 140, 190]), []);
    }

    #[test]
    fn what_levels_out_is_silent_or_cleared() {
        assert_eq!(trial(&[100, 200, 300, 400, 400, 401, 402, 403, 404]), []);
        assert_eq!(trial(&[300; 20]), []);
        let findings = trial(&[100, 200, 300, 400, 500, 500, 500, 500]);
        assert_eq!(findings.len(), 2);
        assert!(findings[1].cleared.is_some());
    }

    #[test]
    fn tasks_that_end_and_are_forgotten_count() {
        let mut trial = Trial::new();
        let past = Tally {
            done: 1000,
            ..Tally::default()
        };
        trial.apply(Change::Past(SiteId(0), past));
        for look in 0..10 {
            spawn(&mut trial, 1 + look * 100, 101 + look * 100);
            assert_eq!(trial.look(10_500 + 500 * look), []);
        }
    }

    #[test]
    fn work_for_threads_queues_and_does_not_leak() {
        let mut trial = Trial::new();
        for look in 0..10 {
            for n in 1 + look * 100..101 + look * 100 {
                trial.task_at(n, 1, None);
            }
            assert_eq!(trial.look(10_500 + 500 * look), []);
        }
    }

    #[test]
    fn the_counts_are_those_of_the_world_after_a_burst_and_its_end() {
        let mut trial = Trial::new();
        spawn(&mut trial, 1, 20_001);
        trial.look(10_500);
        for n in 1..=20_000 {
            trial.vitals(n, |v| (v.state, v.since) = (State::Done, ms(10_600)));
            trial.apply(Change::Gone(crate::script::task(n)));
        }
        trial.apply(Change::Past(SiteId(0), Tally::default()));
        trial.look(11_000);
        let mut findings = Vec::new();
        for look in 0..6 {
            spawn(&mut trial, 30_000 + look * 30, 30_030 + look * 30);
            findings.extend(trial.look(11_500 + look * 500));
        }
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert!(
            findings[0].summary.ends_with("150 live now"),
            "{}",
            findings[0].summary
        );
        assert_eq!(live(&trial.world), 180);
    }

    #[test]
    fn tasks_of_two_places_are_counted_apart() {
        let mut trial = Trial::new();
        let site = crate::Site {
            file: "src/other.rs".into(),
            line: 9,
            kind: crate::Kind::Task,
            ..crate::Site::default()
        };
        trial.apply(Change::Site(SiteId(3), Box::new(site)));
        let mut findings = Vec::new();
        for look in 0..6 {
            for n in 1 + look * 40..=40 + look * 40 {
                trial.task_at(n, if n % 4 == 0 { 3 } else { 0 }, None);
            }
            findings.extend(trial.look(10_500 + look * 500));
        }
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(
            &*findings[0].summary,
            "the tasks spawned at task.rs:1 only become more: 150 live now"
        );
    }

    #[test]
    fn a_place_that_is_known_is_watched_however_many_others_there_are() {
        let mut trial = Trial::new();
        let site = trial.world.site(SiteId(0)).unwrap().clone();
        trial.apply(Change::Site(SiteId(3), Box::new(site)));
        spawn(&mut trial, 1, 101);
        assert_eq!(trial.look(10_500), []);
        let others = 1000..1000 + super::MOST as u32 + 5000;
        others.for_each(|n| _ = trial.task_at(n.into(), n, None));
        let mut findings = Vec::new();
        for look in 1..9 {
            spawn(&mut trial, 1_000_000 + look * 30, 1_000_030 + look * 30);
            // What comes when as many are known as can be is not watched.
            for n in 2_000_000 + look * 100..2_000_100 + look * 100 {
                trial.task_at(n, if look > 1 { 3 } else { 0 }, None);
            }
            findings.extend(trial.look(10_500 + look * 500));
        }
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0].subjects, [Subject::Site(SiteId(0)).into()]);
    }

    fn live(world: &World) -> usize {
        world.tasks().filter(|task| task.end().is_none()).count()
    }
}
