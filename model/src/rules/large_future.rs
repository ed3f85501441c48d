//! The future of a task is very large: it is copied when it is spawned, and each task takes that much memory.
//!
//! All that lives across an await is part of the future: an array used as a buffer, a large value by value, the futures
//! of all functions that are awaited. Spawning moves it, often several times, on a stack that has to have room for it.
//!
//! How it knows: tokio tells the size of each future that is spawned. From 16 KiB on tokio's release build puts it into
//! a box of its own before it goes on; the finding says so where it did. (The future of a `block_on` is there once and
//! does not count.)
//!
//! What to do: put buffers on the heap (`vec![0; 65536]`); wrap what is large and seldom awaited in `Box::pin`; end the
//! life of large values before the next await.

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::bytes;
use crate::{Kind, Site, SiteId, Stamp, Subject, Tier};

/// Sites that are remembered. More of them are not told anyhow.
const MOST: usize = 128;

const ADVICE: &str = "put buffers on the heap (vec![0; N]), or wrap the large part in Box::pin";

/// The sites that were looked at, and those that were found.
#[derive(Debug, Default)]
pub(super) struct Memory {
    next: u32,
    found: Vec<(SiteId, Stamp)>,
}

/// Each spawn site with large futures.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    while let Some(site) = look.world.site(SiteId(memory.next)) {
        if memory.found.len() < MOST && size(site) >= look.thresholds.large_future {
            memory.found.push((SiteId(memory.next), look.now));
        }
        memory.next += 1;
    }
    let found = memory.found.iter();
    found
        .filter_map(|(id, since)| problem(look, *id, *since))
        .collect()
}

/// The size of the future itself; 0 where it does not matter.
fn size(site: &Site) -> u64 {
    match site.kind {
        Kind::Task | Kind::Local | Kind::Unknown => site.boxed_from.unwrap_or(site.size),
        Kind::Blocking | Kind::BlockOn => 0,
    }
}

fn problem(look: &Look<'_>, id: SiteId, since: Stamp) -> Option<Problem> {
    let site = look.world.site(id)?;
    let size = bytes(size(site));
    let place = look.words.site(id);
    let boxed = match site.boxed_from {
        Some(_) => "tokio has put it into a box since it is that large".to_owned(),
        None => "it is stored in the task as it is".to_owned(),
    };
    Some(Problem {
        rule: "large-future",
        tier: Tier::Statistical,
        key: Key::Site(id),
        subjects: vec![Subject::Site(id).into()],
        since,
        past: false,
        looks: 1,
        size: 1,
        summary: format!("the future spawned at {place} is {size} large"),
        evidence: vec![
            format!("each task that is spawned there takes {size} and more"),
            boxed,
        ],
        advice: ADVICE,
    })
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{Trial, found, nothing};
    use crate::{Change, Kind, Site, SiteId, Subject, Tier};

    fn told(kind: Kind, size: u64, boxed_from: Option<u64>) -> Trial {
        let mut trial = Trial::new();
        let site = Site {
            file: "src/proxy.rs".into(),
            line: 7,
            kind,
            size,
            boxed_from,
            ..Site::default()
        };
        trial.look(10_050);
        trial.apply(Change::Site(SiteId(3), Box::new(site)));
        trial
    }

    #[test]
    fn it_is_told_once_with_its_size() {
        let finding = told(Kind::Task, 16, Some(65_640)).only(10_100, 30_100);
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("large-future", Tier::Statistical)
        );
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "the future spawned at proxy.rs:7 is 64.1 KiB large"
        );
        assert_eq!(finding.subjects, [Subject::Site(SiteId(3)).into()]);
        assert!(finding.evidence[1].contains("box"));
        let finding = told(Kind::Task, 65_640, None).only(10_100, 30_100);
        assert!(finding.evidence[1].contains("as it is"));
    }

    #[test]
    fn each_threshold_has_two_sides() {
        let rules = |kind, size, boxed| told(kind, size, boxed).rules(10_100, 20_000);
        let large = || found("large-future", Tier::Statistical);
        assert_eq!(rules(Kind::Task, 16_384, None), large());
        assert_eq!(rules(Kind::Task, 16_383, None), nothing());
        // A debug build boxes from 2 KiB on.
        assert_eq!(rules(Kind::Task, 8, Some(2100)), nothing());
        assert_eq!(rules(Kind::Local, 8, Some(16_384)), large());
        assert_eq!(rules(Kind::BlockOn, 100_000, None), nothing());
        assert_eq!(rules(Kind::Blocking, 100_000, None), nothing());
    }
}
