//! Who is stuck: everybody, but for those who can go on, and those for whom they make way, and so on.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::parts::{Parts, Pile, Rule, Standing};
use crate::{Mode, Stamp, TaskId, World};

/// The stuck tasks, by their number.
#[derive(Debug, Default)]
pub(super) struct Stuck {
    /// With the benefit of every doubt for those who say that all is wrong.
    pub(super) possible: Reduced,
    /// Beyond doubt: a part of `possible`.
    pub(super) certain: Reduced,
}

/// What is left when nobody can go on.
#[derive(Debug, Default)]
pub(super) struct Reduced {
    /// Whether the task with this number is stuck.
    pub(super) tasks: Vec<bool>,
    /// For each resource the first wait in its queue whose task is stuck; the end of the queue where there is none.
    pub(super) first: Vec<u32>,
    /// Whether what this hold says was taken as true; otherwise another task may have it by now.
    pub(super) trusted: Vec<bool>,
}

/// Finds out who is stuck.
pub(super) fn stuck(world: &World, parts: &mut Parts<'_>) -> Stuck {
    let mut possible = Reduction::run(parts, false);
    if !possible.tasks.contains(&true) {
        return Stuck {
            certain: Reduced {
                tasks: possible.tasks.clone(),
                ..Reduced::default()
            },
            possible,
        };
    }
    if find_given(world, parts, &possible.tasks) {
        possible = Reduction::run(parts, false);
    }
    let certain = Reduction::run(parts, true);
    Stuck { possible, certain }
}

/// Marks what a stuck task may have handed on: it has spawned a task since it took it, and that one lives.
fn find_given(world: &World, parts: &mut Parts<'_>, stuck: &[bool]) -> bool {
    let mut latest: HashMap<TaskId, Stamp, FixedState> = parts
        .tasks
        .iter()
        .zip(stuck)
        .filter(|(task, stuck)| **stuck && !task.holds.is_empty())
        .map(|(task, _)| (task.id, Stamp(0)))
        .collect();
    for child in world.tasks() {
        if let Some(parent) = child.birth.parent
            && !child.vitals.state.has_ended()
            && let Some(spawned) = latest.get_mut(&parent)
        {
            *spawned = child.birth.created.max(*spawned);
        }
    }
    let mut any = false;
    for has in &mut parts.holds {
        let spawned = latest.get(&parts.tasks[has.task as usize].id);
        // What was granted to a future that is not polled can't have been handed on.
        has.given = !has.parked && spawned.is_some_and(|at| *at >= has.since && at.0 > 0);
        any |= has.given;
    }
    any
}

struct Reduction<'p, 'w> {
    parts: &'p Parts<'w>,
    certain: bool,
    stuck: Reduced,
    /// Of each resource: how many stuck tasks have all of it, how many a share, how many tasks that go on have some.
    kept: Vec<[u32; 3]>,
    /// Resources to look at again.
    work: Vec<u32>,
    listed: Vec<bool>,
}

impl<'p, 'w> Reduction<'p, 'w> {
    fn run(parts: &'p Parts<'w>, certain: bool) -> Reduced {
        let least = if certain {
            Standing::Sure
        } else {
            Standing::Unsure
        };
        let piles = parts.piles.len();
        let mut reduction = Self {
            parts,
            certain,
            stuck: Reduced {
                tasks: parts.tasks.iter().map(|t| t.standing >= least).collect(),
                first: parts.piles.iter().map(|pile| pile.queue.start).collect(),
                trusted: Vec::new(),
            },
            kept: vec![[0; 3]; piles],
            work: (0..piles as u32).rev().collect(),
            listed: vec![true; piles],
        };
        for (i, has) in parts.holds.iter().enumerate() {
            let pile = &parts.piles[has.pile as usize];
            let trusted = !reduction.may_be_elsewhere(i, pile);
            reduction.stuck.trusted.push(trusted);
        }
        for i in 0..parts.holds.len() {
            let stuck = reduction.stuck.tasks[parts.holds[i].task as usize];
            let (pile, kind) = reduction.counter(i, stuck);
            reduction.kept[pile][kind] += 1;
        }
        while let Some(pile) = reduction.work.pop() {
            reduction.listed[pile as usize] = false;
            reduction.serve(pile);
        }
        reduction.stuck
    }

    /// Which counter of which resource this hold is in.
    fn counter(&self, hold: usize, stuck: bool) -> (usize, usize) {
        let has = &self.parts.holds[hold];
        let counts = stuck && self.stuck.trusted[hold];
        let kind = match has.mode {
            _ if !counts => 2,
            Mode::Shared => 1,
            Mode::Exclusive | Mode::Permits => 0,
        };
        (has.pile as usize, kind)
    }

    /// Whether another task than the one that took it may have it.
    fn may_be_elsewhere(&self, hold: usize, pile: &Pile) -> bool {
        let has = &self.parts.holds[hold];
        if self.certain && (!pile.sure || has.given) {
            return true;
        }
        let task = &self.parts.tasks[has.task as usize];
        let own = |i: &u32| self.parts.waits[*i as usize].pile == has.pile;
        if pile.rule == Rule::Any {
            // Permits are handed on all the time: an accept loop takes one for each connection, then waits for more. It
            // can also put them into a message: then it has more than it asks for at a time, and nobody else has any.
            let asked = task.waits.iter().find(|i| own(i));
            let sole = pile.holds.len() == 1;
            let more = asked.is_some_and(|i| {
                let wait = self.parts.waits[*i as usize].wait;
                !has.parked && has.permits > wait.permits
            });
            return has.given || (sole && more);
        }
        // A loop that takes an owned guard and spawns a task with it, for each message that it gets.
        has.given && task.waits.iter().any(own)
    }

    /// Lets those go on who can have this resource, as far as those who go on give it back.
    fn serve(&mut self, number: u32) {
        let pile = &self.parts.piles[number as usize];
        while self.stuck.first[number as usize] < pile.queue.end {
            let queued = &self.parts.waits[self.stuck.first[number as usize] as usize];
            match queued.task {
                // One that goes on may leave the queue.
                Some(task) if !self.stuck.tasks[task as usize] => {}
                _ if !self.can_have(number, queued.wait.mode) => return,
                Some(task) => self.let_go(task),
                None => {}
            }
            self.stuck.first[number as usize] += 1;
        }
    }

    fn can_have(&self, pile: u32, mode: Mode) -> bool {
        let [all, share, going_on] = self.kept[pile as usize];
        let pile = &self.parts.piles[pile as usize];
        match pile.rule {
            Rule::Open => true,
            Rule::All if self.certain && pile.mailbox => true,
            Rule::All if mode == Mode::Shared => all == 0,
            Rule::All => all == 0 && share == 0,
            Rule::Any => pile.others || going_on > 0 || pile.holds.is_empty(),
        }
    }

    fn let_go(&mut self, task: u32) {
        self.stuck.tasks[task as usize] = false;
        let party = &self.parts.tasks[task as usize];
        for hold in &party.holds {
            let (pile, before) = self.counter(*hold as usize, true);
            let (_, after) = self.counter(*hold as usize, false);
            self.kept[pile][before] -= 1;
            self.kept[pile][after] += 1;
            self.look_again(pile as u32);
        }
        for wait in &party.waits {
            self.look_again(self.parts.waits[*wait as usize].pile);
        }
    }

    fn look_again(&mut self, pile: u32) {
        if !std::mem::replace(&mut self.listed[pile as usize], true) {
            self.work.push(pile);
        }
    }
}
