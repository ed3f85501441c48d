//! What a thread was seen doing in the middle of a poll.

use thiserror::Error;

/// What a thread was doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// Computing.
    OnCpu,
    /// Able to compute, but no processor was free for it.
    Runnable,
    /// Waiting in the kernel.
    Blocked {
        /// The system call's number; -1 if it waits without one, for a page of memory for instance.
        number: i64,
        /// Its name; `None` for rare ones.
        name: Option<&'static str>,
    },
    /// The system does not tell.
    #[default]
    Unknown,
}

/// How the stack was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From outside, while the thread was blocked: it did not notice.
    Passive,
    /// By a signal to the thread.
    Signal,
}

/// How far the frames can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certainty {
    /// They lead from the thread's registers to the poll, each return address stands behind a call, and each call whose target
    /// is known goes to the function below it.
    Proven,
    /// Only the first is sure.
    #[default]
    Guess,
}

/// What was seen of another thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What it was doing.
    pub activity: Activity,
    /// Addresses for [`Symbolizer::frames_at`](crate::Symbolizer::frames_at), leaf first, up to the poll; empty if no stack
    /// was to be had.
    pub addresses: Vec<u64>,
    /// How far they can be trusted.
    pub certainty: Certainty,
    /// How they were read; `None` if they were not.
    pub source: Option<Source>,
    /// Why they were not.
    pub failure: Option<LookError>,
}

/// Why no stack was to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LookError {
    /// Another system or processor.
    #[error("looking at threads needs Linux on x86_64 or aarch64")]
    Unsupported,
    /// [`start`](crate::start) was not called, or failed.
    #[error("it is not known which code is where: start() was not called, or failed")]
    NotStarted,
    /// The poll ended.
    #[error("the poll ended meanwhile")]
    Over,
    /// The thread ended, or `/proc` cannot be read.
    #[error("the kernel tells nothing of this thread: it ended, or /proc/self/task cannot be read")]
    NoThread,
    /// The thread computes on another stack than the one on which the poll began.
    #[error("the thread is on another stack than its poll began on")]
    OtherStack,
    /// It never stood still, and was not asked by a signal.
    #[error("the thread is running, and was not asked by a signal")]
    Running,
    /// It would not take the signal: it blocks it, or has not answered the last one.
    #[error("the thread does not take the signal")]
    Deaf,
    /// It did not answer in time: it is in an uninterruptible wait, or got no processor.
    #[error("the thread did not answer the signal in time")]
    NoAnswer,
    /// Somebody replaced the signal's handler, or another look is in progress.
    #[error("the signal's handler was replaced, or is in use")]
    NoHandler,
    /// Its memory could not be read.
    #[error("the thread's stack cannot be read")]
    Unreadable,
}

/// Why signals cannot be used. Blocked threads can be seen without.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignalError {
    /// Another system or processor.
    #[error("that is built for Linux on x86_64 only")]
    Unsupported,
    /// All real-time signals are in use.
    #[error("no real-time signal is free")]
    NoneFree,
}
