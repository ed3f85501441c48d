//! The tasks of which not all is shown, or something else, and why that is so.

use crate::verdict::Verdict;

/// A task that is not shown as it is.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) verdict: Verdict,
    /// Why it can't be known.
    #[allow(dead_code, reason = "for who reads it")]
    pub(crate) why: &'static str,
}

/// All of them.
pub(crate) const KNOWN: &[Known] = &[
    Known {
        name: "futures shared",
        verdict: Verdict::Missed,
        why: "`Shared` polls what it shares with a waker of its own, so no waker of the task is left there",
    },
    Known {
        name: "join of six",
        verdict: Verdict::Missed,
        why: "four places are kept for each task, besides its waits for locks, permits and room",
    },
    Known {
        name: "join_all of forty",
        verdict: Verdict::Missed,
        why: "from 31 on `join_all` is a `FuturesOrdered`, which polls with wakers of its own",
    },
    Known {
        name: "pinned, awaited later",
        verdict: Verdict::Missed,
        why: "it left its waker where it was first polled, and keeps that where it is awaited later",
    },
    Known {
        name: "unordered notify",
        verdict: Verdict::Missed,
        why: "`FuturesUnordered` polls with wakers of its own; only what is an operation of a resource is seen in there",
    },
];
