//! The counters over all tasks, kept from report to report.

use taskscope_model::{Change, Nanos, SiteId, State, Tally, Totals, Vitals};
use taskscope_record::clock::Clock;
use taskscope_record::{ThreadTotals, Unlisted, WAKES_MODULUS};

use super::translate::Found;

/// What all tasks add up to: those that were reported one by one, and the rest.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// Of tasks that were reported.
    reported: Totals,
    /// Of tasks that were not.
    unlisted: Tally,
    unlisted_tasks: u64,
    /// What was last told of each site.
    past: Vec<Tally>,
}

impl Sums {
    /// Takes in a report, given what was known of its task, and completes its wrapping counters.
    pub(super) fn count(&mut self, found: &mut Found, before: Option<&Vitals>) {
        let after = &mut found.vitals;
        let old = before.copied().unwrap_or(Vitals::at_birth(after.since));
        after.wakes = unwrap(old.wakes, after.wakes, WAKES_MODULUS);
        after.self_wakes = unwrap(old.self_wakes, after.self_wakes, 1 << 32);
        let sums = &mut self.reported;
        match before {
            Some(before) => *gauge(sums, before.state) -= 1,
            None => sums.spawned += 1,
        }
        *gauge(sums, after.state) += 1;
        // A poll that turns out to be a drop is taken back, so these can step back too.
        sums.polls = (sums.polls + after.polls).saturating_sub(old.polls);
        sums.busy = sums.busy + after.busy - old.busy;
        sums.delayed = sums.delayed + after.scheduled - old.scheduled;
        sums.wakes = (sums.wakes + after.wakes).saturating_sub(old.wakes);
        sums.self_wakes = (sums.self_wakes + after.self_wakes).saturating_sub(old.self_wakes);
    }

    /// Whether tasks ended unlisted since the tallies of sites were last looked at.
    pub(super) fn unlisted_differ(&mut self, threads: &ThreadTotals) -> bool {
        if self.unlisted_tasks == threads.unlisted {
            return false;
        }
        self.unlisted_tasks = threads.unlisted;
        self.unlisted = Tally::default();
        true
    }

    /// Takes in what the unlisted tasks of a site add up to; gives it as news if it is.
    pub(super) fn unlisted(
        &mut self,
        site: SiteId,
        unlisted: &Unlisted,
        clock: &Clock,
    ) -> Option<Change> {
        let [done, cancelled, panicked] = unlisted.ended;
        let tally = Tally {
            done,
            cancelled,
            panicked,
            polls: unlisted.polls,
            busy: Nanos(clock.length(unlisted.busy)),
            scheduled: Nanos(clock.length(unlisted.scheduled)),
            wakes: unlisted.wakes,
            self_wakes: unlisted.self_wakes,
        };
        self.unlisted = self.unlisted.plus(&tally);
        let at = site.0 as usize;
        if self.past.len() <= at {
            self.past.resize(at + 1, Tally::default());
        }
        let told = self.past.get_mut(at)?;
        (*told != tally).then(|| {
            *told = tally;
            Change::Past(site, tally)
        })
    }

    /// Tasks that ended so far.
    pub(super) fn ended(&self) -> u64 {
        self.reported.ended()
    }

    /// The counters over all tasks.
    pub(super) fn totals(&self, threads: &ThreadTotals, clock: &Clock) -> Totals {
        let (listed, rest) = (&self.reported, &self.unlisted);
        Totals {
            spawned: listed.spawned + rest.tasks(),
            scheduled: listed.scheduled,
            running: listed.running,
            idle: listed.idle,
            done: listed.done + rest.done,
            cancelled: listed.cancelled + rest.cancelled,
            panicked: listed.panicked + rest.panicked,
            polls: listed.polls + rest.polls,
            busy: listed.busy + rest.busy,
            delayed: listed.delayed + rest.scheduled,
            wakes: listed.wakes + rest.wakes,
            self_wakes: listed.self_wakes + rest.self_wakes,
            workers: threads.workers,
            worker_busy: Nanos(clock.length(threads.worker_busy)),
            unlisted: rest.tasks(),
            untracked: threads.untracked,
            unplaced: threads.unplaced,
        }
    }
}

/// A counter that goes on from `before` to what it is now modulo `modulus`, and cannot have gone once around.
fn unwrap(before: u64, now: u64, modulus: u64) -> u64 {
    before + (now.wrapping_sub(before) & (modulus - 1))
}

fn gauge(totals: &mut Totals, state: State) -> &mut u64 {
    match state {
        State::Scheduled => &mut totals.scheduled,
        State::Running => &mut totals.running,
        State::Idle => &mut totals.idle,
        State::Done => &mut totals.done,
        State::Cancelled => &mut totals.cancelled,
        State::Panicked => &mut totals.panicked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapping_counter_goes_on() {
        assert_eq!(unwrap(0, 5, 8), 5);
        assert_eq!(unwrap(5, 2, 8), 10);
        assert_eq!(unwrap(10, 2, 8), 10);
        assert_eq!(unwrap(1 << 40, 3, WAKES_MODULUS), (1 << 40) + 3);
    }
}
