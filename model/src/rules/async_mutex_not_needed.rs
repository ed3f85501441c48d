//! An async Mutex that nobody ever waits for or keeps across an await: one of the standard library is cheaper.
//!
//! tokio's Mutex is there for guards that are kept across an await. It has a queue, a list of wakers and a lock of its
//! own inside, and each use is some ten times as expensive as one of `std::sync::Mutex`.
//!
//! How it knows: all mutexes made at one place together were taken at least 1000 times, and in no case did anybody wait
//! or did a task return from a poll while it held the guard. That is a pattern in numbers and no proof: under another
//! load somebody may have to wait. Mutexes that are made within a dependency are left out.
//!
//! What to do: use `std::sync::Mutex` (or `parking_lot`'s), lock without an await, and let the guard end before the
//! next await; the compiler helps, since its guards are not `Send`. If the code does have an await under the lock that
//! has been ready at once so far, leave it as it is.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::look::Look;
use super::problem::{Key, Problem};
use super::words::counted;
use crate::{News, PlaceId, Resource, ResourceId, ResourceKind, Stamp, Subject, Tier};

/// Mutexes and places that are remembered. What is made beyond that is not judged.
const MOST: usize = 1 << 16;

const ADVICE: &str = "use std::sync::Mutex and let its guard end before the next await";

/// What is known of the mutexes of each place.
#[derive(Debug, Default)]
pub(super) struct Memory {
    places: HashMap<PlaceId, Use, FixedState>,
    // Where they are needed, for good.
    needed: HashSet<PlaceId, FixedState>,
    taken: HashMap<ResourceId, u64, FixedState>,
}

/// How the mutexes of a place were used.
#[derive(Clone, Copy, Debug)]
struct Use {
    last: ResourceId,
    since: Stamp,
    mutexes: u64,
    taken: u64,
}

/// Each place whose mutexes are not needed.
pub(super) fn check(look: &Look<'_>, memory: &mut Memory) -> Vec<Problem> {
    for (_, news) in look.world.resources().since(look.seen) {
        match news {
            News::Is(resource) if resource.origin.kind == ResourceKind::Mutex => {
                note(look.now, resource, memory);
            }
            News::Is(_) => {}
            News::Gone(id) => _ = memory.taken.remove(&id),
        }
    }
    let enough = |known: &Use| known.taken >= look.thresholds.mutex_taken;
    let found = memory.places.iter().filter(|(_, known)| enough(known));
    let mut problems: Vec<_> = found
        .filter(|(place, _)| is_of_the_app(look, **place))
        .map(|(place, known)| problem(look, *place, *known))
        .collect();
    problems.sort_by_key(|problem| problem.key.place());
    problems
}

fn note(now: Stamp, resource: &Resource, memory: &mut Memory) {
    let place = resource.origin.place;
    if place == PlaceId(0) || memory.needed.contains(&place) {
        return;
    }
    let usage = &resource.usage;
    if usage.waits > 0 || usage.across_awaits > 0 {
        memory.places.remove(&place);
        memory.needed.insert(place);
        return;
    }
    let known = memory.taken.get(&resource.id).copied();
    if known.is_none() && memory.taken.len() >= MOST {
        return;
    }
    memory.taken.insert(resource.id, usage.acquired);
    let entry = memory.places.entry(place).or_insert(Use {
        last: resource.id,
        since: now,
        mutexes: 0,
        taken: 0,
    });
    entry.last = resource.id;
    entry.mutexes += u64::from(known.is_none());
    let new = usage.acquired.saturating_sub(known.unwrap_or(0));
    entry.taken = entry.taken.saturating_add(new);
}

/// Whether a place is in the app's own source, as far as paths tell.
fn is_of_the_app(look: &Look<'_>, place: PlaceId) -> bool {
    let foreign = [
        "/.cargo/registry/",
        "\\.cargo\\registry\\",
        "/.cargo/git/",
        "/rustc/",
    ];
    look.world
        .place(place)
        .is_some_and(|place| !foreign.iter().any(|part| place.file.contains(part)))
}

fn problem(look: &Look<'_>, place: PlaceId, known: Use) -> Problem {
    let what = match look.world.resource(known.last) {
        Some(resource) => look.words.resource(resource.id),
        None => look.words.place(ResourceKind::Mutex, place),
    };
    Problem {
        rule: "async-mutex-not-needed",
        tier: Tier::Statistical,
        key: Key::Place(ResourceKind::Mutex, place),
        subjects: vec![
            Subject::Place(place).into(),
            Subject::Resource(known.last).into(),
        ],
        since: known.since,
        past: false,
        looks: 2,
        size: 1,
        summary: format!("{what} was never waited for and never kept across an await"),
        evidence: vec![format!(
            "taken {} so far, 0 waits, 0 awaits while held ({} made there)",
            counted(known.taken, "time"),
            match known.mutexes {
                1 => "1 mutex".to_owned(),
                count => format!("{count} mutexes"),
            }
        )],
        advice: ADVICE,
    }
}

#[cfg(test)]
mod tests {
    use crate::ResourceKind::{Mutex, RwLock};
    use crate::rules::testing::{Trial, found, nothing};
    use crate::script::resource;
    use crate::{Change, Place, PlaceId, Subject, Tier, Usage};

    fn used(change: impl FnOnce(&mut Usage)) -> Trial {
        let mut trial = Trial::new();
        trial.made(1, Mutex).usage(1, |usage| {
            usage.acquired = 1000;
            change(usage);
        });
        trial
    }

    #[test]
    fn a_mutex_that_only_ever_was_free() {
        let finding = used(|_| ()).only(10_100, 30_100);
        assert_eq!(
            (&*finding.rule, finding.tier),
            ("async-mutex-not-needed", Tier::Statistical)
        );
        assert_eq!(finding.cleared, None);
        assert_eq!(
            &*finding.summary,
            "Mutex lock.rs:1 was never waited for and never kept across an await"
        );
        assert_eq!(
            &*finding.evidence[0],
            "taken 1000 times so far, 0 waits, 0 awaits while held (1 mutex made there)"
        );
        assert_eq!(finding.subjects[0], Subject::Place(PlaceId(1)).into());
    }

    #[test]
    fn each_threshold_has_two_sides() {
        let rules = |change: fn(&mut Usage)| used(change).rules(10_100, 13_100);
        assert_eq!(
            rules(|_| ()),
            found("async-mutex-not-needed", Tier::Statistical)
        );
        assert_eq!(rules(|usage| usage.acquired = 999), nothing());
        assert_eq!(rules(|usage| usage.waits = 1), nothing());
        assert_eq!(rules(|usage| usage.across_awaits = 1), nothing());
    }

    #[test]
    fn once_needed_is_needed_for_good_and_clears_it() {
        let mut trial = used(|_| ());
        trial.only(10_100, 12_100);
        trial.usage(1, |usage| usage.waits = 1);
        assert!(trial.only(12_600, 14_600).cleared.is_some());
        // Another one of that place, used by itself only.
        trial.made(2, Mutex);
        let mut other = trial.world.resource(resource(2)).unwrap().clone();
        other.origin.place = PlaceId(1);
        other.usage.acquired = 100_000;
        trial.apply(Change::Resource(Box::new(other)));
        assert_eq!(trial.rules(15_000, 20_000), nothing());
    }

    #[test]
    fn the_mutexes_of_a_place_are_added_up_though_they_come_and_go() {
        let mut trial = Trial::new();
        trial.made(1, Mutex);
        for n in 2..=11 {
            let mut one = trial.world.resource(resource(1)).unwrap().clone();
            one.id = resource(n);
            one.usage.acquired = 50;
            trial.apply(Change::Resource(Box::new(one.clone())));
            assert_eq!(trial.look(10_000 + 1000 * n), []);
            one.usage.acquired = 100;
            trial.apply(Change::Resource(Box::new(one)));
            assert_eq!(trial.look(10_500 + 1000 * n), []);
            trial.apply(Change::ResourceGone(resource(n)));
        }
        let finding = trial.only(22_000, 30_000);
        assert!(
            finding.evidence[0].starts_with("taken 1000 times so far"),
            "{finding:#?}"
        );
        assert!(
            finding.evidence[0].ends_with("(11 mutexes made there)"),
            "{finding:#?}"
        );
    }

    #[test]
    fn other_locks_and_those_of_others_are_left_alone() {
        let mut trial = Trial::new();
        trial
            .made(1, RwLock)
            .usage(1, |usage| usage.acquired = 5000);
        assert_eq!(trial.rules(10_100, 13_100), nothing());
        let mut trial = used(|_| ());
        let place = Place {
            file: "/home/me/.cargo/registry/src/x/tokio-1.54.0/src/sync/mutex.rs".into(),
            line: 1,
            column: 1,
        };
        trial.apply(Change::Place(PlaceId(1), place));
        assert_eq!(trial.rules(10_100, 13_100), nothing());
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let mut trial = Trial::new();
        trial.made(1, Mutex);
        let mut one = trial.world.resource(resource(1)).unwrap().clone();
        for n in 2..=super::MOST as u64 + 100 {
            one.id = resource(n);
            trial.apply(Change::Resource(Box::new(one.clone())));
        }
        let mut memory = super::Memory::default();
        for (_, news) in trial.world.resources().since(crate::Revision(0)) {
            if let crate::News::Is(resource) = news {
                super::note(crate::Stamp(0), resource, &mut memory);
            }
        }
        assert_eq!(memory.taken.len(), super::MOST);
        // One that is remembered is followed on.
        one.id = resource(1);
        one.usage.acquired = 7;
        super::note(crate::Stamp(0), &one, &mut memory);
        assert_eq!(memory.places[&PlaceId(1)].taken, 7);
    }

    #[test]
    fn a_place_that_is_not_known_may_be_anybodys() {
        let mut trial = Trial::new();
        trial.made(1, Mutex);
        let mut one = trial.world.resource(resource(1)).unwrap().clone();
        one.origin.place = PlaceId(77);
        one.usage.acquired = 1000;
        trial.apply(Change::Resource(Box::new(one)));
        assert_eq!(trial.rules(10_100, 13_100), nothing());
    }
}
