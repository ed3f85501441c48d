//! What is true of the tasks of a target, kept as simply as can be, and what can happen to it.

use std::collections::HashMap;

use proptest::prelude::*;
use taskscope_model::{Change, SiteId, Stamp, State, Tally, Totals, Vitals, World};

use super::{SITES, birth, id, sketches};

/// The target's side: what is true of the tasks, kept as simply as can be.
#[derive(Default)]
pub(super) struct Truth {
    spawned: u64,
    pub(super) now: u64,
    live: Vec<u64>,
    polls: HashMap<u64, u64>,
    unlisted: [u64; SITES as usize],
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Spawn(u8),
    Live(u16, bool),
    End(u16, u8),
    EndMany(u8),
    Unlisted(u8),
    Tick(u8),
    Expire,
    Read(u8, u8),
}

impl Truth {
    fn pick(&self, index: u16) -> Option<u64> {
        (!self.live.is_empty()).then(|| self.live[usize::from(index) % self.live.len()])
    }

    fn vitals(&self, number: u64, state: State) -> Vitals {
        Vitals {
            state,
            since: Stamp(self.now),
            polls: self.polls[&number],
            ..Vitals::at_birth(Stamp(0))
        }
    }

    pub(super) fn changes(&mut self, op: &Op) -> Vec<Change> {
        match *op {
            Op::Spawn(many) => (0..many)
                .map(|_| {
                    self.spawned += 1;
                    self.live.push(self.spawned);
                    self.polls.insert(self.spawned, 0);
                    let created = Stamp(self.now);
                    Change::Born(
                        id(self.spawned),
                        Box::new(birth(self.spawned, created)),
                        Vitals::at_birth(created),
                    )
                })
                .collect(),
            Op::Live(index, idle) => {
                let Some(number) = self.pick(index) else {
                    return Vec::new();
                };
                *self.polls.entry(number).or_default() += 1;
                let state = if idle { State::Idle } else { State::Running };
                vec![Change::Lived(id(number), self.vitals(number, state))]
            }
            Op::End(index, how) => {
                let Some(number) = self.pick(index) else {
                    return Vec::new();
                };
                self.live.retain(|live| *live != number);
                let state = [State::Done, State::Cancelled, State::Panicked][usize::from(how % 3)];
                let samples = u64::from(how) + 1;
                vec![
                    Change::Lived(id(number), self.vitals(number, state)),
                    Change::Sketched(id(number), Box::new(sketches(samples))),
                    // Late and older news.
                    Change::Lived(id(number), self.vitals(number, State::Idle)),
                ]
            }
            Op::EndMany(many) => (0..many)
                .flat_map(|i| self.changes(&Op::End(u16::from(i), i)))
                .collect(),
            Op::Unlisted(site) => {
                let site = site % SITES as u8;
                self.unlisted[usize::from(site)] += 1;
                let tally = Tally {
                    done: self.unlisted[usize::from(site)],
                    ..Tally::default()
                };
                vec![Change::Past(SiteId(site.into()), tally)]
            }
            Op::Tick(by) => {
                self.now += u64::from(by);
                let totals = Totals {
                    spawned: self.spawned,
                    ..Totals::default()
                };
                vec![
                    Change::Now(Stamp(self.now)),
                    Change::Totals(Box::new(totals)),
                ]
            }
            Op::Expire | Op::Read(..) => Vec::new(),
        }
    }

    /// Listed tasks and past ones together are all that ever were, site by site.
    pub(super) fn assert_accounted(&self, world: &World) {
        for (site, entry) in world.sites() {
            let of_site = |number: &u64| number % u64::from(SITES) == u64::from(site.0);
            let spawned =
                (1..=self.spawned).filter(of_site).count() as u64 + self.unlisted[site.0 as usize];
            let listed = world.tasks().filter(|task| task.birth.site == site);
            let (count, polls) = listed.fold((0, 0), |(n, polls), task| {
                (n + 1, polls + task.vitals.polls)
            });
            assert_eq!(count + entry.past.tasks(), spawned, "tasks of {site:?}");
            let all_polls: u64 = self
                .polls
                .iter()
                .filter(|(number, _)| of_site(number))
                .map(|(_, polls)| polls)
                .sum();
            assert_eq!(polls + entry.past.polls, all_polls, "polls of {site:?}");
        }
    }
}

/// Any of them, those that matter more often.
pub(super) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (1..40_u8).prop_map(Op::Spawn),
        6 => (any::<u16>(), any::<bool>()).prop_map(|(index, idle)| Op::Live(index, idle)),
        3 => (any::<u16>(), any::<u8>()).prop_map(|(index, how)| Op::End(index, how)),
        1 => (1..60_u8).prop_map(Op::EndMany),
        1 => any::<u8>().prop_map(Op::Unlisted),
        2 => (0..40_u8).prop_map(Op::Tick),
        2 => Just(Op::Expire),
        6 => (any::<u8>(), 1..6_u8).prop_map(|(client, chunks)| Op::Read(client, chunks)),
    ]
}
