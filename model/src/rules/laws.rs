//! What holds of the judge in any world.

use std::collections::HashMap;

use proptest::prelude::*;

use super::testing::Trial;
use super::{Judge, Thresholds};
use crate::ResourceKind::{Mutex, RwLock, Semaphore};
use crate::script::{Script, millis, ms, resource, task, wait};
use crate::{
    Change, Finding, FindingId, LastWaker, ResourceKind, RuntimeId, SiteId, State, Sureness, Tally,
    World,
};

/// One thing that happens: what kind of thing, to whom, and how.
type Step = (u8, u64, u64);

/// Applies what a target could say, and what none would.
fn happen(script: &mut Script, (what, one, other): Step) {
    let (a, b) = (one % 12 + 1, other % 6 + 1);
    let is_task = script.world.task(task(a)).is_some();
    let is_resource = script.world.resource(resource(b)).is_some();
    match what {
        0 => _ = script.task_at(a, (other % 5) as u32, Some(other % 20 + 1)),
        1 => _ = script.made(b, ResourceKind::ALL[(one % 8) as usize]),
        2 if is_task && is_resource => _ = script.holds(a, b),
        3 if is_task && is_resource => _ = script.reads(a, b),
        4 if is_task && is_resource => _ = script.waits(a, b),
        5 if is_task && is_resource => _ = script.waits_to_read(a, b),
        6 if is_task => {
            let now = script.world.now();
            script.vitals(a, |v| {
                v.state = State::ALL[(other % 6) as usize];
                v.since = now;
                v.polls = v.polls.wrapping_add(other);
            });
        }
        7 if is_task => {
            script.vitals(a, |v| {
                v.wakers = (other % 3) as u32;
                v.self_wakes = v.self_wakes.wrapping_mul(other);
                v.last_waker = LastWaker::Task(task(b));
                v.busy += millis(other % 5000);
            });
        }
        8 => {
            let of = script.world.waits().get(wait(a)).and_then(|wait| wait.task);
            if of.is_some_and(|id| script.world.task(id).is_some_and(|t| t.vitals.wakers > 0)) {
                script.parks(a);
            }
        }
        9 => _ = script.apply(Change::WaitOver(wait(a))),
        10 => _ = script.apply(Change::Gone(task(a))),
        11 => _ = script.apply(Change::ResourceGone(resource(b))),
        12 if is_resource => {
            script.usage(b, |usage| {
                usage.cancelled = other;
                usage.last_cancelled = Some(task(a));
                usage.acquired = one;
                usage.unlisted = other % 2;
                usage.receiver = Some(task(a));
                usage.sureness = Sureness::Moved;
            });
        }
        13 => {
            let past = Tally {
                done: one,
                panicked: u64::MAX,
                ..Tally::default()
            };
            script.apply(Change::Past(SiteId((other % 5) as u32), past));
        }
        14 if is_task => {
            let runtime = std::num::NonZeroU16::new((other % 4) as u16).map(RuntimeId);
            script.vitals(a, |v| v.runtime = runtime);
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn nothing_that_a_target_says_makes_it_panic_and_findings_come_and_go_in_order(
        looks in prop::collection::vec(prop::collection::vec((0..15_u8, any::<u64>(), any::<u64>()), 0..20), 1..20),
    ) {
        let mut script = Script::new();
        let mut judge = Judge::new(Thresholds::default());
        let mut told: HashMap<FindingId, Finding> = HashMap::new();
        for (number, steps) in (1..).zip(looks) {
            steps.into_iter().for_each(|step| happen(&mut script, step));
            script.now(10_000 + 700 * number);
            for change in judge.look(&script.world) {
                match change {
                    Change::Finding(finding) => {
                        let before = told.insert(finding.id, (*finding).clone());
                        if let Some(before) = before {
                            prop_assert_eq!(&before.rule, &finding.rule);
                            let both = before.cleared.is_some() && finding.cleared.is_some();
                            prop_assert!(!both || &*finding.rule == "cancelled-mid-await" || &*finding.rule == "long-poll");
                        }
                        prop_assert!(finding.subjects.len() <= 16 && !finding.summary.is_empty());
                        prop_assert!(finding.since <= script.world.now());
                    }
                    Change::FindingGone(id) => prop_assert!(told.remove(&id).is_some()),
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
    }

    #[test]
    fn a_world_in_which_nobody_waits_for_long_has_no_findings(
        kinds in prop::collection::vec(0..3_usize, 4),
        looks in prop::collection::vec(prop::collection::vec((0..4_u8, 0..400_u64, 0..4_u64), 60), 2..12),
    ) {
        let mut trial = Trial::new();
        for (number, kind) in (1..).zip(kinds) {
            trial.made(number, [Mutex, RwLock, Semaphore][kind]);
        }
        for n in 1..=60 {
            trial.task_at(n, if n % 7 == 0 { 1 } else { 0 }, None);
        }
        for (look, tasks) in (1..).zip(looks) {
            let now = 10_000 + 500 * look;
            for (n, (state, since, takes)) in (1..).zip(tasks) {
                trial.vitals(n, |v| {
                    v.state = [State::Idle, State::Scheduled, State::Running, State::Done][state as usize];
                    v.since = ms(now - since);
                    v.polls += since;
                    v.busy += millis(since) ;
                    v.self_wakes += since / 2;
                    v.wakers = 1;
                });
                (1..=4).for_each(|what| _ = trial.releases(n, what));
                if takes > 0 {
                    trial.holds(n, takes);
                }
            }
            prop_assert_eq!(trial.look(now), []);
        }
    }
}

#[test]
fn an_empty_world_has_no_findings() {
    let mut judge = Judge::default();
    assert!(judge.look(&World::new()).is_empty());
    assert!(judge.look(&World::new()).is_empty());
}
