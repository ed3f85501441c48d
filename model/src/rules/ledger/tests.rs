//! What the ledger tells, look by look.

use super::{Ledger, MAX_CLEARED, MAX_OPEN};
use crate::rules::problem::{Key, Problem};
use crate::script::{ms, task, wait};
use crate::{Change, Stamp, Subject, Tier};

fn problem(number: u64) -> Problem {
    Problem {
        rule: "a-rule",
        tier: Tier::Persistent,
        key: Key::Wait(wait(number)),
        subjects: (1..=20).map(|n| Subject::Task(task(n)).into()).collect(),
        since: Stamp(number),
        past: false,
        looks: 2,
        size: 10,
        summary: format!("problem {number}"),
        evidence: Vec::new(),
        advice: "",
    }
}

#[derive(Default)]
struct Book {
    ledger: Ledger,
    look: u64,
}

impl Book {
    /// What is told: `+1` a finding that stands, `-1` one that is cleared, `x1` one that is gone.
    fn look(&mut self, problems: impl IntoIterator<Item = Problem>) -> Vec<String> {
        self.look += 1;
        let problems = problems.into_iter().collect();
        let news = self.ledger.settle(problems, ms(self.look));
        let told = news.into_iter().map(|change| match change {
            Change::Finding(f) if f.cleared.is_some() => format!("-{}", f.id.number()),
            Change::Finding(f) => format!("+{}", f.id.number()),
            Change::FindingGone(id) => format!("x{}", id.number()),
            other => panic!("{other:?}"),
        });
        told.collect()
    }
}

impl Book {
    /// The size of the one problem when it was told last.
    fn size(&self) -> u64 {
        let told = self
            .ledger
            .entries
            .values()
            .filter_map(|entry| entry.told.as_ref());
        told.map(|told| told.size).sum()
    }
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_problem_is_told_when_seen_twice_and_cleared_when_absent_twice() {
    let mut book = Book::default();
    assert_eq!(book.look([problem(1)]), nothing());
    assert_eq!(book.look([problem(1)]), ["+1"]);
    assert_eq!(book.look([problem(1)]), nothing());
    assert_eq!(book.look([]), nothing());
    assert_eq!(book.look([problem(1)]), nothing());
    assert_eq!(book.look([]), nothing());
    assert_eq!(book.look([]), ["-1"]);
    assert_eq!(book.look([]), nothing());
}

#[test]
fn looks_have_to_be_in_a_row() {
    let mut book = Book::default();
    for _ in 0..5 {
        assert_eq!(book.look([problem(1)]), nothing());
        assert_eq!(book.look([]), nothing());
    }
    assert!(book.ledger.entries.is_empty());
}

#[test]
fn one_look_is_enough_where_the_rule_says_so_and_twice_in_a_look_is_once() {
    let mut book = Book::default();
    let once = || Problem {
        looks: 1,
        ..problem(1)
    };
    assert_eq!(book.look([once(), once()]), ["+1"]);
    let mut book = Book::default();
    assert_eq!(book.look([problem(1), problem(1)]), nothing());
}

#[test]
fn what_is_back_is_the_same_finding_and_began_anew() {
    let mut book = Book::default();
    for _ in 0..2 {
        book.look([problem(1)]);
    }
    for _ in 0..2 {
        book.look([]);
    }
    let back = || Problem {
        since: Stamp(7),
        ..problem(1)
    };
    assert_eq!(book.look([back()]), nothing());
    book.look += 1;
    let news = book.ledger.settle(vec![back()], ms(book.look));
    let [Change::Finding(finding)] = &news[..] else {
        panic!("{news:?}")
    };
    assert_eq!(
        (finding.id.number(), finding.since, finding.cleared),
        (1, Stamp(7), None)
    );
    assert_eq!(finding.subjects.len(), 16);
    assert!(book.ledger.cleared.is_empty());
}

#[test]
fn what_became_much_worse_is_told_again() {
    let mut book = Book::default();
    for _ in 0..2 {
        book.look([problem(1)]);
    }
    let sized = |size| Problem { size, ..problem(1) };
    assert_eq!(book.look([sized(19)]), nothing());
    assert_eq!(book.look([sized(20)]), ["+1"]);
    assert_eq!(book.look([sized(39)]), nothing());
    let surer = Problem {
        tier: Tier::Proven,
        ..problem(1)
    };
    assert_eq!(book.look([surer]), ["+1"]);
    assert_eq!(book.look([problem(1)]), nothing());
    // It has been so since the first time, whatever is said later.
    for (since, told) in [(5, 1), (0, 0)] {
        let worse = Problem {
            since: Stamp(since),
            size: book.size() * 2,
            ..problem(1)
        };
        book.look += 1;
        let news = book.ledger.settle(vec![worse], ms(book.look));
        assert!(
            matches!(&news[..], [Change::Finding(f)] if f.since == Stamp(told)),
            "{news:?}"
        );
    }
}

/// Looks every half second, with evidence that changes from look to look where it is to; when what was told.
fn told_at(book: &mut Book, looks: u64, changes: bool, many: u64) -> Vec<(u64, String)> {
    let mut told = Vec::new();
    for look in 0..looks {
        let at = 500 * (look + 1);
        let problems = (1..=many).map(|number| Problem {
            evidence: vec![format!("for {}ms", if changes { at } else { 0 })],
            ..problem(number)
        });
        for change in book.ledger.settle(problems.collect(), ms(at)) {
            let Change::Finding(finding) = change else {
                panic!("{change:?}")
            };
            assert_eq!(finding.since, Stamp(finding.id.number()));
            told.push((at, finding.evidence[0].to_string()));
        }
    }
    told
}

#[test]
fn what_stands_is_told_again_once_a_second_where_there_is_something_new_to_say() {
    let said = |at: u64| (at, format!("for {at}ms"));
    let told = told_at(&mut Book::default(), 8, true, 1);
    assert_eq!(told, [said(1000), said(2000), said(3000), said(4000)]);
    let told = told_at(&mut Book::default(), 8, false, 1);
    assert_eq!(told, [(1000, "for 0ms".to_owned())]);
}

#[test]
fn many_that_stand_are_told_again_less_often() {
    let told = told_at(&mut Book::default(), 41, true, MAX_OPEN as u64);
    let at = |at| told.iter().filter(|(when, _)| *when == at).count();
    let rounds: Vec<_> = (0..=41).map(|look| at(500 * look)).collect();
    let busy: Vec<_> = (0..=41).filter(|look| rounds[*look] > 0).collect();
    assert_eq!(busy, [2, 11, 20, 29, 38], "{rounds:?}");
    assert!(busy.iter().all(|look| rounds[*look] == MAX_OPEN));
}

#[test]
fn what_is_less_sure_than_it_was_is_said_to_be_and_what_is_surer_at_once() {
    let mut book = Book::default();
    let of = |tier| Problem { tier, ..problem(1) };
    let mut tier = |at, tier| {
        let news = book.ledger.settle(vec![of(tier)], ms(at));
        news.into_iter().next().map(|change| match change {
            Change::Finding(finding) => finding.tier,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(tier(500, Tier::Persistent), None);
    assert_eq!(tier(1000, Tier::Persistent), Some(Tier::Persistent));
    assert_eq!(tier(1500, Tier::Proven), Some(Tier::Proven));
    assert_eq!(tier(2000, Tier::Persistent), None);
    assert_eq!(tier(2500, Tier::Persistent), Some(Tier::Persistent));
}

#[test]
fn what_is_over_is_cleared_as_it_is_told() {
    let past = |size| Problem {
        past: true,
        looks: 1,
        size,
        ..problem(1)
    };
    let mut book = Book::default();
    assert_eq!(book.look([past(10)]), ["-1"]);
    assert_eq!(book.look([past(19)]), nothing());
    assert_eq!(book.look([past(20)]), ["-1"]);
    assert_eq!(book.ledger.cleared.len(), 1);
    // One that stands and is then seen to be over.
    assert_eq!(
        book.look([Problem {
            looks: 1,
            ..problem(2)
        }]),
        ["+2"]
    );
    assert_eq!(
        book.look([Problem {
            past: true,
            ..problem(2)
        }]),
        ["-2"]
    );
    assert_eq!(book.look([]), nothing());
    assert_eq!(book.ledger.open["a-rule"], 0);
}

#[test]
fn no_more_than_so_many_stand_or_are_kept() {
    let mut book = Book::default();
    let many = || (1..=1000).map(problem);
    book.look(many());
    assert_eq!(book.look(many()).len(), MAX_OPEN);
    assert_eq!(book.look(many()), nothing());
    book.look([]);
    assert_eq!(book.look([]).len(), MAX_OPEN);
    assert_eq!(book.ledger.entries.len(), MAX_OPEN);
    for round in 1..=10 {
        let others = || (1..=100).map(|n| problem(10_000 * round + n));
        book.look(others());
        assert!(book.look(others()).len() >= 100);
        book.look([]);
        book.look([]);
    }
    assert_eq!(book.ledger.cleared.len(), MAX_CLEARED);
    assert_eq!(book.ledger.entries.len(), MAX_CLEARED);
}

#[test]
fn what_stands_began_when_it_was_first_seen() {
    let mut book = Book::default();
    let mut look = |at, since, evidence: &str| {
        let seen = Problem {
            since: Stamp(since),
            evidence: vec![evidence.to_owned()],
            ..problem(5)
        };
        let news = book.ledger.settle(vec![seen], ms(at));
        let findings = news.into_iter().map(|change| match change {
            Change::Finding(finding) => finding.since,
            other => panic!("{other:?}"),
        });
        findings.collect::<Vec<_>>()
    };
    assert_eq!(look(500, 5, "one"), []);
    assert_eq!(look(1000, 5, "one"), [Stamp(5)]);
    // The same with a later beginning is nothing new.
    assert_eq!(look(2000, 9, "one"), []);
    assert_eq!(look(3000, 9, "two"), [Stamp(5)]);
    assert_eq!(look(4000, 3, "two"), [Stamp(3)]);
}
