//! The table of all programs, and what is to be found of each.

/// A program of `src/bin`.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) expected: Expected,
    /// It keeps processors busy: others are not to be measured beside it.
    pub(crate) busy: bool,
}

/// What is to be found.
#[derive(Debug)]
pub(crate) enum Expected {
    /// Exactly this.
    Finding(Finding),
    /// It is healthy.
    Nothing,
}

/// A disease, and what a finding of it has to name, by the marks in the program's text.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    /// The resources, by the marks `// creates: NAME`; no other may be named.
    pub(crate) creates: &'static [&'static str],
    /// The tasks, by the marks `// spawns: NAME` where they are spawned.
    pub(crate) spawns: &'static [&'static str],
    /// Tasks that may be named too. No other may.
    pub(crate) beside: &'static [&'static str],
    /// The tasks that wait for what those of `spawns` have: exactly these are named as waiters.
    pub(crate) waits: &'static [&'static str],
}

impl Finding {
    /// The part that those of `spawns` have; `None` for a rule that is not about locks.
    pub(crate) fn role(&self) -> Option<&'static str> {
        match self.rule {
            "deadlock" => Some("deadlocked"),
            "futurelock" | "held-across-await" | "cancelled-mid-await" => Some("holder"),
            _ => None,
        }
    }
}

const fn sick(
    name: &'static str,
    rule: &'static str,
    creates: &'static [&'static str],
    spawns: &'static [&'static str],
) -> Program {
    Program {
        name,
        expected: Expected::Finding(Finding {
            rule,
            creates,
            spawns,
            beside: &[],
            waits: &[],
        }),
        busy: false,
    }
}

const fn healthy(name: &'static str) -> Program {
    Program {
        name,
        expected: Expected::Nothing,
        busy: false,
    }
}

impl Program {
    const fn busy(mut self) -> Self {
        self.busy = true;
        self
    }

    const fn beside(self, tasks: &'static [&'static str]) -> Self {
        let Expected::Finding(mut finding) = self.expected else {
            panic!("nothing is found of it");
        };
        finding.beside = tasks;
        Self {
            expected: Expected::Finding(finding),
            ..self
        }
    }

    /// Those who wait may be named too, and are named as such.
    const fn waited_for_by(self, tasks: &'static [&'static str]) -> Self {
        let Expected::Finding(mut finding) = self.expected else {
            panic!("nothing is found of it");
        };
        finding.beside = tasks;
        finding.waits = tasks;
        Self {
            expected: Expected::Finding(finding),
            ..self
        }
    }

    pub(crate) fn finding(&self) -> Option<&Finding> {
        match &self.expected {
            Expected::Finding(finding) => Some(finding),
            Expected::Nothing => None,
        }
    }
}

/// Every rule that finds something.
pub(crate) const RULES: [&str; 15] = [
    "accept-backlog",
    "deadlock",
    "futurelock",
    "long-poll",
    "std-lock-in-task",
    "starved",
    "held-across-await",
    "cancelled-mid-await",
    "lost-waker",
    "busy-wake",
    "async-mutex-not-needed",
    "task-leak",
    "blocking-pool-full",
    "large-future",
    "never-polled",
];

/// Both kinds of runtime.
pub(crate) const RUNTIMES: [&str; 2] = ["current", "multi"];

/// Every program.
pub(crate) const PROGRAMS: &[Program] = &[
    sick(
        "deadlock",
        "deadlock",
        &["alice", "bob"],
        &["alice to bob", "bob to alice"],
    ),
    healthy("deadlock_healthy"),
    healthy("deadlock_timeout_healthy"),
    sick("deadlock_relock", "deadlock", &["items"], &["customer"]).beside(&["badge"]),
    healthy("deadlock_relock_healthy"),
    sick(
        "deadlock_reentrant_read",
        "deadlock",
        &["config"],
        &["request", "reload"],
    ),
    healthy("deadlock_reentrant_read_healthy"),
    // tokio tells no place for what is within a channel.
    sick(
        "deadlock_mailboxes",
        "deadlock",
        &[],
        &["kitchen", "waiters"],
    ),
    healthy("deadlock_mailboxes_healthy"),
    sick("deadlock_permits", "deadlock", &["limit"], &["folder"]),
    healthy("deadlock_permits_healthy"),
    sick("futurelock", "futurelock", &["connection"], &["request"]),
    healthy("futurelock_healthy"),
    sick("futurelock_buffered", "futurelock", &["host"], &["crawl"]),
    healthy("futurelock_buffered_healthy"),
    sick("futurelock_slow_body", "futurelock", &["host"], &["crawl"]).waited_for_by(&["search"]),
    healthy("futurelock_slow_body_healthy"),
    sick("long_poll", "long-poll", &[], &["refresh"]),
    healthy("long_poll_healthy"),
    sick("long_poll_sleep", "long-poll", &[], &["upload"]),
    healthy("long_poll_sleep_healthy"),
    sick("long_poll_busy_loop", "long-poll", &[], &["resizer"]).busy(),
    healthy("long_poll_busy_loop_healthy").busy(),
    sick("std_lock_in_task", "std-lock-in-task", &[], &["requests"]),
    healthy("std_lock_in_task_healthy"),
    // Whoever is woken is starved there.
    sick("starved", "starved", &[], &["render"])
        .beside(&["health"])
        .busy(),
    healthy("starved_healthy").busy(),
    sick(
        "held_across_await",
        "held-across-await",
        &["session"],
        &["renew"],
    )
    .waited_for_by(&["request"]),
    healthy("held_across_await_healthy"),
    sick(
        "held_across_await_join",
        "held-across-await",
        &["catalogue"],
        &["reload"],
    )
    .waited_for_by(&["part", "request"]),
    healthy("held_across_await_join_healthy"),
    sick(
        "held_across_await_pool",
        "held-across-await",
        &["pool"],
        &["report"],
    )
    .waited_for_by(&["report"]),
    healthy("held_across_await_pool_healthy"),
    sick(
        "cancelled_mid_await",
        "cancelled-mid-await",
        &["gate"],
        &["request"],
    ),
    healthy("cancelled_mid_await_healthy"),
    sick("lost_waker", "lost-waker", &[], &["request"]),
    healthy("lost_waker_healthy"),
    sick("lost_waker_overwritten", "lost-waker", &[], &["work"]),
    healthy("lost_waker_pending_healthy"),
    sick("busy_wake", "busy-wake", &[], &["finish"]).busy(),
    healthy("busy_wake_healthy"),
    // tokio wakes a task that yields for it, outside of its poll: what it tells then is what it tells of a task that is
    // woken often by a socket.
    sick("busy_wake_yield", "busy-wake", &[], &["consume"]),
    healthy("busy_wake_yield_healthy"),
    sick(
        "async_mutex_not_needed",
        "async-mutex-not-needed",
        &["counters"],
        &[],
    )
    .beside(&["follow"]),
    healthy("async_mutex_not_needed_healthy"),
    sick("task_leak", "task-leak", &[], &["keep-alive"]),
    healthy("task_leak_healthy"),
    sick(
        "blocking_pool_full",
        "blocking-pool-full",
        &[],
        &["compress"],
    )
    .beside(&["request"]),
    healthy("blocking_pool_full_healthy"),
    sick("large_future", "large-future", &[], &["proxy"]),
    healthy("large_future_healthy"),
    sick("never_polled", "never-polled", &[], &["renew"]),
    healthy("never_polled_healthy"),
    sick("never_polled_local", "never-polled", &[], &["save"]),
    healthy("never_polled_local_healthy"),
    sick("accept_backlog", "accept-backlog", &[], &["accept"]),
    healthy("accept_backlog_healthy"),
    sick("accept_backlog_early", "accept-backlog", &[], &[]),
    healthy("accept_backlog_early_healthy"),
];
