//! What is wrong with the bank.

use taskscope_model::{Finding, FindingId, PlaceId, Role, Stamp, Subject, Tier};

use super::{MS, NOW, SECOND, resource_id, task};

/// What is wrong with the bank.
pub(crate) fn findings() -> Vec<Finding> {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).into()).collect();
    let finding = |id: u64, rule: &str, tier, ago, cleared: Option<u64>| Finding {
        id: FindingId::new(id).unwrap(),
        rule: rule.into(),
        tier,
        subjects: Vec::new(),
        since: Stamp(NOW - ago),
        cleared: cleared.map(|ago| Stamp(NOW - ago)),
        summary: "".into(),
        evidence: Vec::new(),
        advice: "".into(),
    };
    use Role::{Blocker, Deadlocked, Holder};
    use Subject::{Place, Resource as Thing, Task};
    vec![
        Finding {
            subjects: vec![
                Deadlocked.of(Task(task(17))),
                Deadlocked.of(Task(task(18))),
                Thing(resource_id(1)).into(),
                Thing(resource_id(2)).into(),
            ],
            summary: "transfer #17 and audit #18 wait for each other's locks".into(),
            evidence: lines(&[
                "transfer #17 holds Mutex bank.rs:31 for 41.2s and waits for Mutex bank.rs:32, held by audit #18",
                "audit #18 holds Mutex bank.rs:32 for 41.2s and waits for Mutex bank.rs:31, held by transfer #17",
                "14 more tasks wait behind them",
            ]),
            advice: "take both locks in one order everywhere, or let the first go before the second is asked for".into(),
            ..finding(1, "deadlock", Tier::Proven, 41_100 * MS, None)
        },
        Finding {
            subjects: vec![Thing(resource_id(4)).into(), Holder.of(Task(task(70)))],
            summary: "a permit of Semaphore pool.rs:12 is kept across an await while 2 tasks wait".into(),
            evidence: lines(&["held for 10.0s", "the longest wait is 900ms"]),
            advice: "give the permit back before the await".into(),
            ..finding(2, "held-across-await", Tier::Persistent, 3_100 * MS, None)
        },
        Finding {
            subjects: vec![Place(PlaceId(4)).into()],
            summary: "Mutex log.rs:70 is never waited for and never held across an await".into(),
            advice: "use std::sync::Mutex".into(),
            ..finding(3, "async-mutex-not-needed", Tier::Statistical, 100 * SECOND, None)
        },
        Finding {
            subjects: vec![Blocker.of(Task(task(3)))],
            summary: "a poll of accept #3 took 2.10s".into(),
            ..finding(4, "long-poll", Tier::Persistent, 62 * SECOND, Some(60 * SECOND))
        },
    ]
}
