//! From stuck tasks to the knots that keep them.
//!
//! The stuck tasks and what they wait for make a graph of three kinds of nodes: a task leads to each resource that it
//! waits for, a resource to the stuck tasks that have it, or, where the waiter could have it were it not for those ahead,
//! to the first of the stuck who wait for it. Its strongly connected components (Tarjan 1972, with a stack of its own) are
//! the knots.

use super::parts::{Parts, Rule};
use super::reduce::Stuck;
use super::{Kept, Knot, MAX_KNOTS, MAX_MEMBERS, MAX_NAMES, Member, WaitGraph};
use crate::{Mode, Stamp, WaitId};

const NONE: u32 = u32::MAX;

/// Finds the knots and who is behind which.
pub(super) fn tie(parts: &Parts<'_>, stuck: &Stuck, graph: &mut WaitGraph) {
    if !stuck.possible.tasks.contains(&true) {
        return;
    }
    let nodes = Nodes::of(parts, stuck);
    let found = nodes.components();
    let mut knots = Vec::new();
    // Components come after those that they lead to, so a knot behind is known before whoever is behind it.
    let mut knot_of = vec![NONE; found.count as usize];
    let mut is_closed = vec![false; found.count as usize];
    let mut behind = Vec::new();
    for (number, members) in found.members().enumerate() {
        let next = members
            .iter()
            .flat_map(|node| nodes.next(*node))
            .find(|next| found.of[**next as usize] != number as u32);
        let next_knot = next.map(|next| knot_of[found.of[*next as usize] as usize]);
        let is_knot = members.len() > 1
            && (next.is_none() || !members.iter().any(|node| nodes.is_of_permits(*node)));
        if is_knot {
            knot_of[number] = knots.len() as u32;
            is_closed[number] = true;
            knots.push(nodes.knot(members));
            behind.push(0_usize);
        } else if let Some(knot) = next_knot.filter(|knot| *knot != NONE) {
            knot_of[number] = knot;
            behind[knot as usize] += members.iter().filter(|n| nodes.is_task(**n)).count();
        }
    }
    let mut order: Vec<_> = (0..knots.len()).collect();
    order.sort_by_key(|i| (knots[*i].since, knots[*i].key));
    let mut place = vec![0; knots.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    for (task, party) in parts.tasks.iter().enumerate() {
        if stuck.possible.tasks[task] {
            let component = found.of[task] as usize;
            let place = place.get(knot_of[component] as usize).copied();
            let inside = is_closed[component];
            graph
                .stuck
                .insert(party.id, (place.unwrap_or(usize::MAX), inside));
        }
    }
    graph.more_knots = knots.len().saturating_sub(MAX_KNOTS);
    let mut knots: Vec<_> = knots.into_iter().zip(behind).map(Some).collect();
    graph.knots = order
        .into_iter()
        .take(MAX_KNOTS)
        .filter_map(|old| knots[old].take())
        .map(|(knot, behind)| Knot { behind, ..knot })
        .collect();
}

/// Tasks, then two nodes for each resource: those who have it, and the first who waits for it.
struct Nodes<'p, 'w> {
    parts: &'p Parts<'w>,
    stuck: &'p Stuck,
    from: Vec<u32>,
    to: Vec<u32>,
}

struct Components {
    of: Vec<u32>,
    count: u32,
    nodes: Vec<u32>,
    starts: Vec<u32>,
}

impl Components {
    fn members(&self) -> impl Iterator<Item = &[u32]> {
        self.starts
            .windows(2)
            .map(|ends| &self.nodes[ends[0] as usize..ends[1] as usize])
    }
}

impl<'p, 'w> Nodes<'p, 'w> {
    fn of(parts: &'p Parts<'w>, stuck: &'p Stuck) -> Self {
        let tasks = parts.tasks.len() as u32;
        let mut nodes = Self {
            parts,
            stuck,
            from: vec![0],
            to: Vec::new(),
        };
        for (task, party) in parts.tasks.iter().enumerate() {
            if stuck.possible.tasks[task] {
                for wait in &party.waits {
                    let (pile, ahead) = nodes.leads_to(*wait);
                    nodes.to.push(tasks + 2 * pile + u32::from(ahead));
                }
            }
            nodes.from.push(nodes.to.len() as u32);
        }
        for (number, pile) in parts.piles.iter().enumerate() {
            for hold in pile.holds.clone() {
                let task = parts.holds[hold as usize].task;
                if stuck.possible.tasks[task as usize] && stuck.possible.trusted[hold as usize] {
                    nodes.to.push(task);
                }
            }
            nodes.from.push(nodes.to.len() as u32);
            let first = stuck.possible.first[number];
            if first < pile.queue.end {
                let holders = tasks + 2 * number as u32;
                let next = parts.waits[first as usize].task.unwrap_or(holders);
                nodes.to.push(next);
            }
            nodes.from.push(nodes.to.len() as u32);
        }
        nodes
    }

    /// The resource that a wait leads to, and whether to those who wait ahead rather than to those who have it.
    fn leads_to(&self, wait: u32) -> (u32, bool) {
        let queued = &self.parts.waits[wait as usize];
        let pile = &self.parts.piles[queued.pile as usize];
        let kept_whole = |hold: u32| {
            let has = &self.parts.holds[hold as usize];
            has.mode != Mode::Shared
                && self.stuck.possible.tasks[has.task as usize]
                && self.stuck.possible.trusted[hold as usize]
        };
        let ahead = queued.wait.mode == Mode::Shared
            && pile.rule == Rule::All
            && !pile.holds.clone().any(kept_whole);
        (queued.pile, ahead)
    }

    fn next(&self, node: u32) -> &[u32] {
        let i = node as usize;
        &self.to[self.from[i] as usize..self.from[i + 1] as usize]
    }

    fn is_task(&self, node: u32) -> bool {
        (node as usize) < self.parts.tasks.len()
    }

    /// The resource of a node.
    fn pile(&self, node: u32) -> Option<u32> {
        Some(node.checked_sub(self.parts.tasks.len() as u32)? / 2)
    }

    fn is_of_permits(&self, node: u32) -> bool {
        self.pile(node)
            .is_some_and(|pile| self.parts.piles[pile as usize].rule == Rule::Any)
    }

    fn components(&self) -> Components {
        let count = self.from.len() - 1;
        let mut found = Components {
            of: vec![NONE; count],
            count: 0,
            nodes: Vec::new(),
            starts: vec![0],
        };
        let mut seen = vec![NONE; count];
        let mut low = vec![0_u32; count];
        let mut clock = 0;
        let mut open = Vec::new();
        // Each with how many of its edges have been followed.
        let mut path: Vec<(u32, u32)> = Vec::new();
        for root in 0..count as u32 {
            if seen[root as usize] != NONE {
                continue;
            }
            path.push((root, 0));
            while let Some((node, edge)) = path.last_mut() {
                let i = *node as usize;
                if *edge == 0 {
                    seen[i] = clock;
                    low[i] = clock;
                    clock += 1;
                    open.push(*node);
                }
                if let Some(next) = self.next(*node).get(*edge as usize) {
                    *edge += 1;
                    let j = *next as usize;
                    if seen[j] == NONE {
                        path.push((*next, 0));
                    } else if found.of[j] == NONE {
                        low[i] = low[i].min(seen[j]);
                    }
                    continue;
                }
                if low[i] == seen[i] {
                    while let Some(member) = open.pop() {
                        found.of[member as usize] = found.count;
                        found.nodes.push(member);
                        if member as usize == i {
                            break;
                        }
                    }
                    found.starts.push(found.nodes.len() as u32);
                    found.count += 1;
                }
                path.pop();
                if let Some((before, _)) = path.last() {
                    let b = *before as usize;
                    low[b] = low[b].min(low[i]);
                }
            }
        }
        found
    }

    fn knot(&self, component: &[u32]) -> Knot {
        let mut inside: Vec<u32> = component.to_vec();
        inside.sort_unstable();
        let is_inside = |node: u32| inside.binary_search(&node).is_ok();
        let tasks: Vec<u32> = inside
            .iter()
            .copied()
            .filter(|n| self.is_task(*n))
            .collect();
        let (mut since, mut oldest) = (Stamp(0), None::<(Stamp, WaitId, u32)>);
        for task in &tasks {
            for wait in self.waits_within(*task, &is_inside) {
                let wait = self.parts.waits[wait as usize].wait;
                since = since.max(wait.since);
                let this = (wait.since, wait.id, *task);
                oldest = Some(oldest.map_or(this, |oldest| oldest.min(this)));
            }
        }
        let start = oldest.map_or(tasks[0], |(.., task)| task);
        let cycle = self.cycle(start, &inside);
        let mut listed: Vec<(u32, Option<u32>)> =
            cycle.iter().map(|(t, n)| (*t, Some(*n))).collect();
        let mut in_cycle: Vec<u32> = cycle.iter().map(|(task, _)| *task).collect();
        in_cycle.sort_unstable();
        let others = tasks.iter().filter(|t| in_cycle.binary_search(t).is_err());
        listed.extend(others.take(MAX_MEMBERS).map(|task| (*task, None)));
        listed.truncate(MAX_MEMBERS);
        let has_inside = |task: &u32| {
            let holds = &self.parts.tasks[*task as usize].holds;
            let all = holds.iter().map(|i| &self.parts.holds[*i as usize]);
            all.filter(|has| is_inside(self.holders(has.pile)))
        };
        let piles = || inside.iter().filter_map(|node| self.pile(*node));
        Knot {
            key: oldest.map_or(WaitId::FIRST, |(_, wait, _)| wait),
            members: listed
                .into_iter()
                .filter_map(|(task, node)| self.member(task, node, is_inside))
                .collect(),
            cycle: cycle.len(),
            tasks: tasks.len(),
            behind: 0,
            since,
            certain: tasks
                .iter()
                .all(|task| self.stuck.certain.tasks[*task as usize]),
            parked: tasks
                .iter()
                .any(|task| has_inside(task).any(|has| has.parked)),
            mailbox: piles().any(|pile| self.parts.piles[pile as usize].mailbox),
        }
    }

    fn holders(&self, pile: u32) -> u32 {
        self.parts.tasks.len() as u32 + 2 * pile
    }

    fn waits_within(&self, task: u32, inside: impl Fn(u32) -> bool) -> impl Iterator<Item = u32> {
        let waits = self.parts.tasks[task as usize].waits.iter().copied();
        waits.filter(move |wait| {
            let (pile, ahead) = self.leads_to(*wait);
            inside(self.holders(pile) + u32::from(ahead))
        })
    }

    /// A shortest way from a task back to itself: each task with the resource node that leads on to the next.
    fn cycle(&self, start: u32, inside: &[u32]) -> Vec<(u32, u32)> {
        let place = |node: u32| inside.binary_search(&node).ok();
        let mut before = vec![NONE; inside.len()];
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for next in self.next(node) {
                let Some(i) = place(*next).filter(|i| before[*i] == NONE) else {
                    continue;
                };
                before[i] = node;
                if *next == start {
                    queue.clear();
                    break;
                }
                queue.push_back(*next);
            }
        }
        let mut way = Vec::new();
        let mut node = start;
        for _ in 0..inside.len() {
            let Some(previous) = place(node).map(|i| before[i]).filter(|p| *p != NONE) else {
                return Vec::new();
            };
            if self.is_task(previous) {
                way.push((previous, node));
            }
            node = previous;
            if node == start {
                break;
            }
        }
        way.reverse();
        way
    }

    fn member(
        &self,
        task: u32,
        node: Option<u32>,
        inside: impl Fn(u32) -> bool + Copy,
    ) -> Option<Member> {
        let party = &self.parts.tasks[task as usize];
        let leads = |wait: &u32| {
            let (pile, ahead) = self.leads_to(*wait);
            node.is_none_or(|node| node == self.holders(pile) + u32::from(ahead))
        };
        let wait = self.waits_within(task, inside).find(leads)?;
        let (_, behind) = self.leads_to(wait);
        let wait = self.parts.waits[wait as usize].wait;
        let holds = party.holds.iter().map(|i| &self.parts.holds[*i as usize]);
        Some(Member {
            task: party.id,
            wait: wait.id,
            resource: wait.resource,
            mode: wait.mode,
            since: wait.since,
            behind,
            holds: holds
                .filter(|has| inside(self.holders(has.pile)))
                .filter(|has| !self.parts.piles[has.pile as usize].mailbox)
                .take(MAX_NAMES)
                .map(|has| Kept {
                    resource: self.parts.piles[has.pile as usize].id,
                    mode: has.mode,
                    since: has.since,
                    parked: has.parked,
                })
                .collect(),
        })
    }
}
