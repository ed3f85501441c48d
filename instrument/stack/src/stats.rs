//! Counts of what was caught, skipped and dropped.

/// What [`capture`](crate::capture) did since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Captures that gave a stack. Each thread may hold back up to 255 that it has not counted here yet.
    pub captures: u64,
    /// Captures that had to unwind, since no template fitted.
    pub walks: u64,
    /// Different stacks.
    pub stacks: u32,
    /// Templates: the same stack has several if functions of other frame sizes lie above the poll.
    pub templates: u32,
    /// Bytes that stacks and templates take; they are never given back.
    pub bytes: u64,
    /// Threads that have unwound and still live; each has some 35 KiB for it, given back when it ends.
    pub walkers: u32,
    /// Bytes of unwind data that were copied from modules which can be unloaded; never given back either.
    pub copied_bytes: u64,
    /// Walks that stopped at code outside all known modules.
    pub unknown_code: u64,
    /// Walks that stopped where no frame could be found.
    pub lost: u64,
    /// Tables of modules that were read after the first.
    pub reloads: u32,
    /// Captures that were not tried.
    pub skipped: Skipped,
    /// What did not fit.
    pub dropped: Dropped,
}

/// Captures that were not tried, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The caller knew no stack pointer of the poll.
    pub no_poll: u64,
    /// The poll started on another stack than the one in use now, or than the thread's own.
    pub other_stack: u64,
    /// Too little was left of the stack to unwind.
    pub little_stack: u64,
    /// [`start`](crate::start) was not called, or failed.
    pub not_started: u64,
    /// A capture within a capture on one thread: an allocator that traces, for instance.
    pub nested: u64,
    /// The thread is about to end.
    pub ending: u64,
}

/// What did not fit, by the table that was full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Captures that gave 0, since there was no place for another stack.
    pub stacks: u64,
    /// Walks that could not leave a template, so the next one of this stack will be as slow.
    pub templates: u64,
    /// Tables of modules that were not read, since too many had been.
    pub reloads: u64,
}
