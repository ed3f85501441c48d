//! From where on the rules call something wrong.

use crate::Nanos;

const fn millis(millis: u64) -> Nanos {
    Nanos(millis * 1_000_000)
}

/// From where on the rules call something wrong. Each has a default and a reason for it.
///
/// ```
/// use taskscope_model::Nanos;
/// use taskscope_model::rules::{Judge, Thresholds};
///
/// let judge = Judge::new(Thresholds {
///     long_poll: Nanos(50_000_000), // this app answers within 100 ms
///     ..Thresholds::default()
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// deadlock: how long a knot has to stand in which some doubt is left (a `block_on` whose wakers can't be seen, a
    /// guard that may have moved, a channel). 2 s: few things that end by themselves take longer without a timeout. A knot
    /// without doubt has to stand in two looks, and for no time.
    pub knot_in_doubt: Nanos,
    /// futurelock: how long something has to be granted without being polled. 1 s: the poll of a healthy task follows its
    /// wake within milliseconds, and even a task that does one thing after another comes back within a second.
    pub parked: Nanos,
    /// long-poll: how long a poll has to take. 750 ms: far beyond the 10 to 100 µs that tokio's authors advise and beyond
    /// what a slow start-up takes, below the second at which people and health checks lose their patience; and looks that
    /// are half a second apart see each such poll.
    pub long_poll: Nanos,
    /// starved: how long a task has to be woken and not polled. 1 s: a hundred times what a loaded runtime takes.
    pub starved: Nanos,
    /// held-across-await: how long a guard has to be held by an idle task while another waits for it. 1 s: above it a
    /// request waits longer for the lock than most of them take in all.
    pub held: Nanos,
    /// held-across-await: the same for permits. 1.5 s: permits are there to be held for the length of some work, so a
    /// queue behind them is less telling than one behind a lock.
    pub held_permits: Nanos,
    /// lost-waker: how long a task has to be idle without a waker. 1 s: a waker that is on its way between two threads is
    /// there within microseconds.
    pub lost_waker: Nanos,
    /// busy-wake: how many times a second a task has to be polled. 1000: above it nothing that it waits for can have come
    /// so often but work that was there already.
    pub busy_polls: u64,
    /// busy-wake: which share of the polls has to follow from a wake by the task itself, from 0 to 1. A half: a future
    /// that wakes itself shares a task with others at times.
    pub busy_share: f64,
    /// busy-wake: how long a poll may take on average. 10 µs: work that yields, as it should, every 10 to 100 µs takes
    /// longer; a poll that only looks whether something has changed takes about one.
    pub busy_poll: Nanos,
    /// async-mutex-not-needed: how many times the mutexes of a place have to have been taken. 1000: enough that "never
    /// waited for" is no accident.
    pub mutex_taken: u64,
    /// task-leak: how many tasks of a place have to live. 100: fewer do no harm yet.
    pub leak_live: u64,
    /// task-leak: in how many looks in a row they have to have become more. 5: bursts and ramps are over within seconds,
    /// or level out.
    pub leak_looks: u32,
    /// task-leak: which share of the tasks of the place may have ended, from 0 to 1. 5 %: a service at its start has
    /// ended few, one that grows has ended some.
    pub leak_ended: f64,
    /// blocking-pool-full: how long work has to queue for a thread. 500 ms: a pool that keeps up has a thread within
    /// milliseconds, and a queue that moves is no trouble.
    pub pool_wait: Nanos,
    /// accept-backlog: how long connections have to have waited. 1 s: a loop that does nothing but accept empties the queue
    /// within milliseconds, and whoever connects waits for no longer than this before calling it down.
    pub backlog: Nanos,
    /// large-future: how large a future has to be, in bytes, before tokio boxed it. 16 KiB: from there on tokio's release
    /// build boxes it. (Its debug build does so from 2 KiB on, where futures are larger anyhow.)
    pub large_future: u64,
    /// never-polled: how long a task has to wait for its first poll while workers are free. 1.5 s: longer than the start
    /// of a runtime or a `LocalSet` takes that is run at once.
    pub never_polled: Nanos,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            knot_in_doubt: millis(2000),
            parked: millis(1000),
            long_poll: millis(750),
            starved: millis(1000),
            held: millis(1000),
            held_permits: millis(1500),
            lost_waker: millis(1000),
            busy_polls: 1000,
            busy_share: 0.5,
            busy_poll: Nanos(10_000),
            mutex_taken: 1000,
            leak_live: 100,
            leak_looks: 5,
            leak_ended: 0.05,
            pool_wait: millis(500),
            backlog: millis(1000),
            large_future: 16 << 10,
            never_polled: millis(1500),
        }
    }
}
