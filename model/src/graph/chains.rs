//! From the waits to the lines that people draw: who waits behind what.

use super::parts::{Parts, Pile};
use super::{Chain, Link, MAX_CHAINS, MAX_LINKS, MAX_NAMES, WaitGraph};
use crate::{Holder, Stamp};

const NONE: u32 = u32::MAX;

/// Draws a chain from each resource that nobody who is waited for waits for, along the first holder that waits too.
pub(super) fn draw(parts: &Parts<'_>, graph: &mut WaitGraph) {
    let next: Vec<u32> = parts.piles.iter().map(|pile| next(parts, pile)).collect();
    let mut leads_here = vec![0_u32; next.len()];
    for pile in next.iter().filter(|pile| **pile != NONE) {
        leads_here[*pile as usize] += 1;
    }
    let mut heads: Vec<u32> = (0..next.len() as u32)
        .filter(|i| leads_here[*i as usize] == 0 && !parts.piles[*i as usize].queue.is_empty())
        .collect();
    let lengths = lengths(&next, leads_here);
    heads.sort_by_key(|i| (since(parts, &parts.piles[*i as usize]), *i));
    graph.more_chains = heads.len().saturating_sub(MAX_CHAINS);
    graph.chains = heads
        .into_iter()
        .take(MAX_CHAINS)
        .map(|head| {
            let along = |pile: &u32| Some(next[*pile as usize]).filter(|next| *next != NONE);
            let length = lengths[head as usize];
            let links: Vec<Link> = std::iter::successors(Some(head), along)
                .take(length.min(MAX_LINKS))
                .map(|pile| link(parts, &parts.piles[pile as usize]))
                .collect();
            let first = parts.waits[parts.piles[head as usize].queue.start as usize].task;
            Chain {
                links,
                length,
                knot: first.and_then(|task| graph.knot_of(parts.tasks[task as usize].id)),
            }
        })
        .collect();
}

/// What the first holder that waits for something waits for.
fn next(parts: &Parts<'_>, pile: &Pile) -> u32 {
    let of = |hold: u32| {
        let task = &parts.tasks[parts.holds[hold as usize].task as usize];
        task.waits
            .first()
            .map(|wait| parts.waits[*wait as usize].pile)
    };
    pile.holds.clone().find_map(of).unwrap_or(NONE)
}

/// How many links there are from each resource on; those of a circle count once.
fn lengths(next: &[u32], mut leads_here: Vec<u32>) -> Vec<usize> {
    let mut order: Vec<u32> = (0..next.len() as u32)
        .filter(|i| leads_here[*i as usize] == 0)
        .collect();
    let mut done = 0;
    while let Some(pile) = order.get(done) {
        let after = next[*pile as usize];
        done += 1;
        if after != NONE {
            leads_here[after as usize] -= 1;
            if leads_here[after as usize] == 0 {
                order.push(after);
            }
        }
    }
    // Those that are left make circles, each of which is as long as it is.
    let mut lengths = vec![0; next.len()];
    for start in 0..next.len() {
        if leads_here[start] == 0 || lengths[start] > 0 {
            continue;
        }
        let around = |pile: &u32| Some(next[*pile as usize]).filter(|next| *next as usize != start);
        let circle: Vec<u32> = std::iter::successors(Some(start as u32), around).collect();
        for pile in &circle {
            lengths[*pile as usize] = circle.len();
        }
    }
    for pile in order.iter().rev() {
        let after = next[*pile as usize];
        let rest = if after == NONE {
            0
        } else {
            lengths[after as usize]
        };
        lengths[*pile as usize] = rest + 1;
    }
    lengths
}

fn since(parts: &Parts<'_>, pile: &Pile) -> Stamp {
    let waits = &parts.waits[pile.queue.start as usize..pile.queue.end as usize];
    waits
        .iter()
        .map(|queued| queued.wait.since)
        .min()
        .unwrap_or_default()
}

fn link(parts: &Parts<'_>, pile: &Pile) -> Link {
    let waits = &parts.waits[pile.queue.start as usize..pile.queue.end as usize];
    let holds = &parts.holds[pile.holds.start as usize..pile.holds.end as usize];
    let name = |task: u32| parts.tasks[task as usize].id;
    Link {
        resource: pile.id,
        waiters: waits
            .iter()
            .filter_map(|queued| queued.task.map(name))
            .take(MAX_NAMES)
            .collect(),
        waiting: waits.len(),
        since: since(parts, pile),
        holders: holds
            .iter()
            .filter(|_| !pile.mailbox)
            .map(|has| Holder::Task(name(has.task)))
            .chain(pile.no_task.then_some(Holder::NoTask))
            .take(MAX_NAMES)
            .collect(),
        holding: pile.holding,
    }
}
