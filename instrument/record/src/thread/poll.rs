//! What a thread remembers of polls: those under way, the one that ended last, and which is due.

/// A task that was entered and not yet left.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    pub(crate) id: u64,
    pub(crate) facts: Facts,
    /// Where the thread's stack stood; 0 if not known.
    pub(crate) stack: usize,
}

/// Small facts about a poll. One word, since what is written in pieces and read as a whole soon after makes the processor
/// wait.
#[derive(Clone, Copy)]
pub(crate) struct Facts(u64);

impl Facts {
    pub(crate) const NONE: Self = Self(0);
    /// The task's last poll had ended on this thread just before, and nothing else was polled here since.
    pub(crate) const FOLLOWS: Self = Self(1);
    /// It looks like the drop of its future, so its start was not timed.
    pub(crate) const PRESUMED_DROP: Self = Self(2);
    /// The thread was panicking already.
    pub(crate) const PANICKING: Self = Self(4);

    /// Both.
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These facts if it is so.
    #[inline(always)]
    pub(crate) fn so(self, so: bool) -> Self {
        Self(if so { self.0 } else { 0 })
    }

    #[inline(always)]
    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// A delay with this code was counted.
    #[inline(always)]
    pub(crate) fn delay(code: u8) -> Self {
        Self((u64::from(code) + 1) << 8)
    }

    /// A poll with this code was counted.
    #[inline(always)]
    pub(crate) fn poll(code: u8) -> Self {
        Self((u64::from(code) + 1) << 16)
    }

    pub(crate) fn delay_code(self) -> Option<u8> {
        ((self.0 >> 8) as u8).checked_sub(1)
    }

    pub(crate) fn poll_code(self) -> Option<u8> {
        ((self.0 >> 16) as u8).checked_sub(1)
    }
}

impl Entered {
    pub(super) const NOTHING: Self = Self {
        id: 0,
        facts: Facts::NONE,
        stack: 0,
    };
}

/// The poll that ended last on a thread: the last one of a task turns out to be the drop of its future, and is undone.
#[derive(Clone, Copy)]
pub(crate) struct LastExit {
    pub(crate) id: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) facts: Facts,
}

impl LastExit {
    pub(super) const NOTHING: Self = Self {
        id: 0,
        start: 0,
        end: 0,
        facts: Facts::NONE,
    };
}

/// The task that this thread has made ready to run and may poll next, so that its poll starts at a moment that is known
/// already: reading the clock is what costs most in the life of a short task.
///
/// Rules:
///
/// 1. Only on a worker whose runtime was built under taskscope: there is nothing on such a thread between two events
///    outside of polls but the runtime's own work, which does not wait while its queue holds a task.
/// 2. The task was woken here, so it went into this worker's queue, and was not polled since: its first unanswered wake
///    is still that one.
/// 3. Any other event of a task clears it: then time may have gone by.
/// 4. It is good only until the harvester's next round. A task can be stolen and stolen back, with a rest in between.
#[derive(Clone, Copy)]
pub(crate) struct Next {
    id: u64,
    /// When it was woken.
    woken: u64,
    /// The last event here; 0 while the poll that woke the task goes on.
    at: u64,
}

impl Next {
    pub(super) const NOTHING: Self = Self {
        id: 0,
        woken: 0,
        at: 0,
    };

    /// A task was woken within a poll.
    #[inline(always)]
    pub(crate) fn wakes(&mut self, id: u64, woken: u64) {
        *self = Self { id, woken, at: 0 };
    }

    /// A task was woken on this thread outside of polls.
    #[inline(always)]
    pub(crate) fn woken_by_worker(&mut self, id: u64, woken: u64) {
        *self = Self {
            id,
            woken,
            at: woken,
        };
    }

    /// The outermost poll of a worker has ended.
    #[inline(always)]
    pub(crate) fn poll_ended(&mut self, now: u64) {
        self.at = now;
    }

    /// Time may have gone by (rule 3).
    #[inline(always)]
    pub(crate) fn clear(&mut self) {
        *self = Self::NOTHING;
    }

    /// A poll of the task `id` starts, which has been ready to run since `ready`: when, if that is known. `latest` is the
    /// start of the harvester's last round.
    #[inline(always)]
    pub(crate) fn starts(&mut self, id: u64, ready: u64, latest: u64) -> Option<u64> {
        let next = std::mem::replace(self, Self::NOTHING);
        // Who woke itself has been ready since its poll ended.
        let same_wake = ready == next.woken || ready == next.at;
        let is_fresh = next.at != 0 && latest <= next.at;
        (next.id == id && same_wake && is_fresh).then_some(next.at)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const A: u64 = 7;
    const B: u64 = 8;

    #[test]
    fn what_a_poll_made_ready_starts_when_the_poll_ends() {
        let woken_at_10 = || {
            let mut next = Next::NOTHING;
            next.wakes(A, 10);
            next
        };
        let mut next = woken_at_10();
        assert_eq!(next.starts(A, 10, 5), None, "the poll goes on");
        let mut next = woken_at_10();
        next.poll_ended(20);
        assert_eq!(next.starts(A, 10, 5), Some(20));
        assert_eq!(next.starts(A, 10, 5), None, "something was polled since");
        let ended_at_20 = || {
            let mut next = woken_at_10();
            next.poll_ended(20);
            next
        };
        assert_eq!(ended_at_20().starts(B, 10, 5), None, "another task");
        assert_eq!(ended_at_20().starts(A, 11, 5), None, "another wake");
        assert_eq!(ended_at_20().starts(A, 10, 20), Some(20));
        assert_eq!(ended_at_20().starts(A, 10, 21), None, "too long ago");
        let mut next = ended_at_20();
        next.clear();
        assert_eq!(next.starts(A, 10, 5), None);
        // A worker's own wakes come last.
        let mut next = ended_at_20();
        next.woken_by_worker(B, 30);
        assert_eq!(next.starts(B, 30, 5), Some(30));
    }

    #[test]
    fn who_woke_itself_has_been_ready_since_its_poll_ended() {
        let mut next = Next::NOTHING;
        next.wakes(A, 0);
        next.poll_ended(20);
        assert_eq!(next.starts(A, 20, 5), Some(20));
    }

    #[test]
    fn a_thread_without_events_knows_nothing() {
        let mut next = Next::NOTHING;
        assert_eq!(next.starts(0, 0, 0), None);
        assert_eq!(next.starts(A, 0, 0), None);
        next.poll_ended(20);
        assert_eq!(next.starts(A, 20, 5), None);
    }
}
