//! What a thread keeps of resources: which of their spans it is in, and what happened to them in the present poll.

use crate::id;
use crate::slab::Magazine;

/// Spans of resources and operations that can be entered within each other; tokio needs six.
const DEPTH: usize = 32;
/// Operations that are remembered of one poll.
const POLLED: usize = 8;
/// Tasks and resources of parts that were given back that wait for what comes next.
const PENDING: usize = 8;

/// See the [module](self).
pub(crate) struct Inner {
    /// Resources and operations that were entered, innermost last; the inner ones as what they belong to.
    stack: [u64; DEPTH],
    depth: usize,
    /// Operations that were polled in vain in this poll.
    polled: [u64; POLLED],
    polls: usize,
    /// Whether a pending timer was polled in this poll.
    pub(crate) timer: bool,
    /// The operation of which a poll told last that it has all that it asks for.
    told: u64,
    /// What was given back last.
    pub(crate) last: LastGivenBack,
    pending: [Pending; PENDING],
    pendings: usize,
    pub(crate) resources: Magazine,
    pub(crate) shares: Magazine,
    pub(crate) ops: Magazine,
}

/// Something was given back.
#[derive(Clone, Copy)]
pub(crate) struct LastGivenBack {
    pub(crate) resource: u64,
    pub(crate) task: u64,
    /// The task's edges then.
    pub(crate) edges: u32,
}

/// Parts that were given back while somebody had been given some without knowing yet, and by whom. If a wait is given up
/// right after this, they were what it had been given; else they were held.
#[derive(Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) resource: u64,
    pub(crate) task: u64,
    pub(crate) n: u64,
}

impl LastGivenBack {
    pub(crate) const NOTHING: Self = Self {
        resource: 0,
        task: 0,
        edges: 0,
    };
}

impl Inner {
    pub(crate) const fn new() -> Self {
        Self {
            stack: [0; DEPTH],
            depth: 0,
            polled: [0; POLLED],
            polls: 0,
            timer: false,
            told: 0,
            last: LastGivenBack::NOTHING,
            pending: [Pending {
                resource: 0,
                task: 0,
                n: 0,
            }; PENDING],
            pendings: 0,
            resources: Magazine::new(),
            shares: Magazine::new(),
            ops: Magazine::new(),
        }
    }

    /// For the next thread.
    pub(crate) fn reset(&mut self) {
        (self.depth, self.last) = (0, LastGivenBack::NOTHING);
        self.new_poll();
    }

    /// A task is entered.
    #[inline(always)]
    pub(crate) fn new_poll(&mut self) {
        self.polls = 0;
        self.timer = false;
    }

    /// The span of a resource or an operation is entered.
    #[inline(always)]
    pub(crate) fn push(&mut self, id: u64) {
        if let Some(place) = self.stack.get_mut(self.depth) {
            *place = id::outer(id);
        }
        self.depth += 1;
    }

    /// It is left.
    #[inline(always)]
    pub(crate) fn pop(&mut self, id: u64) {
        let id = id::outer(id);
        let Some(at) = self.depth.checked_sub(1) else {
            return;
        };
        match self.stack.get(at) {
            Some(last) if *last != id => self.pop_rarely(id),
            _ => self.depth = at,
        }
    }

    /// Spans can be left in another order than they were entered.
    #[cold]
    fn pop_rarely(&mut self, id: u64) {
        if let Some(at) = self.entered().iter().rposition(|entered| *entered == id) {
            let depth = self.depth;
            self.stack[..depth].copy_within(at + 1.., at);
            self.depth -= 1;
        }
    }

    /// The innermost, or 0.
    #[inline(always)]
    pub(crate) fn top(&self) -> u64 {
        // 0 too where they are too deep to tell.
        self.depth
            .checked_sub(1)
            .and_then(|at| self.stack.get(at))
            .copied()
            .unwrap_or(0)
    }

    /// Whether what is innermost was entered before too.
    #[inline(always)]
    pub(crate) fn is_top_twice(&self) -> bool {
        let entered = self.entered();
        entered
            .split_last()
            .is_some_and(|(top, below)| below.contains(top))
    }

    /// The innermost operation, or 0.
    pub(crate) fn op(&self) -> u64 {
        innermost_op(self.entered())
    }

    /// The innermost operation below what is innermost, or 0.
    pub(crate) fn op_below(&self) -> u64 {
        let entered = self.entered();
        entered
            .split_last()
            .map_or(0, |(_, below)| innermost_op(below))
    }

    /// The poll of this operation told that it has all that it asks for.
    #[inline(always)]
    pub(crate) fn tell(&mut self, op: u64) {
        self.told = op;
    }

    /// Whether the poll of this operation, which is over, told that.
    #[inline(always)]
    pub(crate) fn is_told(&mut self, op: u64) -> bool {
        std::mem::take(&mut self.told) == op
    }

    fn entered(&self) -> &[u64] {
        &self.stack[..self.depth.min(DEPTH)]
    }

    /// Something was given back of which it is not clear yet whose it was. `false` where there is no more room for it.
    pub(crate) fn push_pending(&mut self, pending: Pending) -> bool {
        // A large part can be handed on to many.
        if let Some(last) = self.pendings.checked_sub(1)
            && let Some(last) = self.pending.get_mut(last)
            && (last.resource, last.task) == (pending.resource, pending.task)
        {
            last.n += pending.n;
            return true;
        }
        let place = self.pending.get_mut(self.pendings);
        let fits = place.is_some();
        if let Some(place) = place {
            *place = pending;
            self.pendings += 1;
        }
        fits
    }

    /// The last such thing.
    pub(crate) fn pop_pending(&mut self) -> Option<Pending> {
        self.pendings = self.pendings.checked_sub(1)?;
        self.pending.get(self.pendings).copied()
    }

    /// Whether there is one.
    #[inline(always)]
    pub(crate) fn has_pending(&self) -> bool {
        self.pendings > 0
    }

    /// An operation was polled in vain.
    pub(crate) fn polled_in_vain(&mut self, op: u64) {
        if let Some(place) = self.polled.get_mut(self.polls) {
            *place = op;
            self.polls += 1;
        }
    }

    /// The operations that were polled in vain in this poll, eight at most.
    pub(crate) fn polled(&self) -> &[u64] {
        &self.polled[..self.polls]
    }
}

fn innermost_op(entered: &[u64]) -> u64 {
    let op = entered.iter().rfind(|id| id::is_op(**id));
    op.copied().unwrap_or(0)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn spans_are_left_in_any_order_and_at_any_depth() {
        let mut inner = Inner::new();
        let (r, o) = (id::resource(1, 1), id::op(2, 1));
        inner.push(r);
        inner.push(o);
        inner.push(id::inner(r));
        assert_eq!(
            (inner.top(), inner.op(), inner.is_top_twice()),
            (r, o, true)
        );
        inner.pop(o);
        assert_eq!((inner.top(), inner.op()), (r, 0));
        inner.pop(id::inner(r));
        inner.pop(r);
        assert_eq!(inner.top(), 0);
        inner.pop(r);
        for n in 0..2 * DEPTH as u32 {
            inner.push(id::resource(n, 1));
        }
        assert_eq!(inner.top(), 0, "too deep to tell");
        for n in (0..2 * DEPTH as u32).rev() {
            inner.pop(id::resource(n, 1));
        }
        assert_eq!(inner.depth, 0);
    }
}
