//! Permits of a semaphore, told in the order in which tokio tells them, where chance alone would bring that order about.

use taskscope_record::{
    self as record, Access, ResourceReport, ResourceType, Root, Spawn, SpawnSite, resource_now,
};

/// A semaphore, and what happens to it on this thread.
struct Semaphore(u64);

/// An operation that asks for permits, and the semaphore's part of it.
struct Acquire(u64, u64);

impl Semaphore {
    fn new(permits: u64) -> Self {
        record::start(Root::default, 100);
        let site = SpawnSite::default();
        let it = Self(record::resource(ResourceType::Semaphore, &site));
        it.within(|| record::permits_made(permits));
        it
    }

    fn within<T>(&self, then: impl FnOnce() -> T) -> T {
        within(self.0, then)
    }

    fn ask(&self, n: u64) -> Acquire {
        self.within(|| {
            let op = record::op(Access::Permits);
            let inner = within(op, || {
                self.within(|| {
                    let inner = record::inner_op();
                    within(inner, || record::requested(n));
                    inner
                })
            });
            Acquire(op, inner)
        })
    }

    /// A poll of an operation, in which `then` happens.
    fn poll(&self, op: &Acquire, is_ready: bool, then: impl FnOnce()) {
        self.within(|| {
            within(op.0, || {
                self.within(|| within(op.1, then));
                record::polled(is_ready, false);
            });
        });
    }

    /// It takes all that it wants, and never queues.
    fn take(&self, n: u64) {
        let op = self.ask(n);
        self.poll(&op, true, || self.within(|| record::obtained(n)));
        assert!(record::close_op(op.0));
    }

    fn add(&self, n: u64) {
        self.within(|| record::permits_added(n));
    }

    fn report(&self) -> ResourceReport {
        resource_now(self.0).expect("it lives")
    }

    fn held_by(&self, task: u64) -> u64 {
        let report = self.report();
        let of = report.holds.iter().filter(|hold| hold.task == task);
        of.map(|hold| hold.count).sum()
    }

    fn assert_no_doubt(&self) {
        let report = self.report();
        assert!(!report.moved && !report.partial, "{report:?}");
    }
}

impl Acquire {
    /// It is given `n`: told in its own poll of what that poll took, else of what somebody gave back.
    fn obtain(&self, n: u64) {
        within(self.1, || record::obtained(n));
    }
}

fn within<T>(id: u64, then: impl FnOnce() -> T) -> T {
    record::enter_inner(id);
    let result = then();
    record::exit_inner(id);
    result
}

fn task() -> u64 {
    record::spawn(&Spawn {
        site: SpawnSite::default(),
        name: "",
        tokio_id: 1,
    })
}

fn polls<T>(task: u64, then: impl FnOnce() -> T) -> T {
    record::wake(task, false);
    record::enter(task, 0);
    let result = then();
    record::exit(task);
    result
}

/// A poll looks at what it lacks, is handed just that before it takes as much of what is free, and puts it back.
#[test]
fn what_a_poll_takes_too_much_nobody_held() {
    let permits = Semaphore::new(4);
    let (mine, other, third) = (task(), task(), task());
    polls(other, || permits.take(3));
    let op = polls(mine, || {
        permits.take(1);
        let op = permits.ask(2);
        permits.poll(&op, false, || op.obtain(0));
        op
    });
    polls(other, || {
        op.obtain(2);
        permits.add(1);
    });
    polls(mine, || {
        permits.poll(&op, true, || {
            op.obtain(0);
            permits.within(|| record::permits_added(1));
        });
        assert!(record::close_op(op.0));
    });
    assert_eq!((permits.held_by(mine), permits.held_by(other)), (3, 0));
    permits.assert_no_doubt();
    // The same where somebody queued meanwhile, who is handed what is put back.
    let next = polls(third, || {
        let next = permits.ask(1);
        permits.poll(&next, false, || next.obtain(0));
        next
    });
    polls(mine, || {
        let op = permits.ask(1);
        permits.poll(&op, true, || {
            op.obtain(1);
            next.obtain(1);
        });
        assert!(record::close_op(op.0));
    });
    assert_eq!(permits.held_by(mine), 4);
    polls(third, || {
        permits.poll(&next, true, || next.obtain(0));
        assert!(record::close_op(next.0));
    });
    assert_eq!((permits.held_by(mine), permits.held_by(third)), (4, 1));
    polls(mine, || permits.add(4));
    polls(third, || permits.add(1));
    assert!(permits.report().holds.is_empty());
    permits.assert_no_doubt();
}

/// It was handed all that it wants, and the semaphore was closed before it looked: it has an error, and gives back.
#[test]
fn what_is_handed_over_before_the_end_is_not_had() {
    let permits = Semaphore::new(1);
    let (mine, other) = (task(), task());
    polls(other, || permits.take(1));
    let op = polls(mine, || {
        let op = permits.ask(1);
        permits.poll(&op, false, || op.obtain(0));
        op
    });
    polls(other, || op.obtain(1));
    polls(mine, || {
        permits.poll(&op, true, || ());
        assert_eq!(permits.held_by(mine), 0);
        permits.add(1);
        assert!(record::close_op(op.0));
    });
    let report = permits.report();
    assert!(report.holds.is_empty(), "{report:?}");
    assert_eq!((report.acquired, report.waits, report.abandoned), (1, 1, 1));
    permits.assert_no_doubt();
}

/// A large part that is given up goes to many, and was held by nobody.
#[test]
fn what_is_given_up_can_go_to_many() {
    let permits = Semaphore::new(21);
    let (mine, other) = (task(), task());
    polls(other, || permits.take(20));
    let op = polls(mine, || {
        permits.take(1);
        let op = permits.ask(20);
        permits.poll(&op, false, || op.obtain(0));
        op
    });
    let others: Vec<_> = (0..20)
        .map(|_| {
            polls(other, || {
                let op = permits.ask(1);
                permits.poll(&op, false, || op.obtain(0));
                op
            })
        })
        .collect();
    polls(other, || op.obtain(19));
    polls(mine, || {
        for op in others.iter().take(19) {
            op.obtain(1);
        }
        assert!(record::close_op(op.0));
    });
    assert_eq!((permits.held_by(mine), permits.held_by(other)), (1, 1));
    permits.assert_no_doubt();
}

/// A poll has all that it asks for, but its turn is over: nobody kept it waiting, and what it has it keeps from others.
#[test]
fn who_has_all_and_lets_others_go_first_does_not_wait() {
    let permits = Semaphore::new(1);
    let mine = task();
    let op = polls(mine, || {
        let op = permits.ask(1);
        permits.poll(&op, false, || permits.within(|| record::obtained(1)));
        op
    });
    assert_eq!(permits.report().waits, 0);
    polls(mine, || {
        permits.poll(&op, true, || op.obtain(0));
        assert!(record::close_op(op.0));
    });
    let report = permits.report();
    assert_eq!((report.acquired, report.waits, report.abandoned), (1, 0, 0));
    assert_eq!((report.waited, report.longest_wait), (0, 0));
    assert_eq!(permits.held_by(mine), 1);
    permits.assert_no_doubt();
}
