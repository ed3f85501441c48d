//! A thread's registers and the part of its stack up to the poll, as they were at one moment.

use super::task::{self, Place};
use crate::LookError;
use crate::look::Source;
use crate::native::capture::SLACK;
use crate::native::memory;

/// Stack that is copied at most: deeper polls show their leaf.
pub(super) const MAX_COPY: usize = 64 << 10;
/// Bytes above the poll's stack pointer that are copied too, so that the function that polls is found.
pub(super) const ABOVE: u64 = 2 << 10;
/// Tries to find the thread standing still.
const TRIES: usize = 4;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) pc: u64,
    pub(super) sp: u64,
    /// Not known of a thread that was looked at from outside.
    pub(super) fp: Option<u64>,
    pub(super) poll_sp: u64,
    /// From `sp` on.
    pub(super) stack: Vec<u8>,
    pub(super) source: Source,
}

impl Snapshot {
    /// The word at an address of the stack.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.sp)?).ok()?;
        Some(u64::from_ne_bytes(*self.stack.get(at..)?.first_chunk()?))
    }

    /// The end of what was copied.
    pub(super) fn end(&self) -> u64 {
        self.sp.saturating_add(self.stack.len() as u64)
    }
}

/// How many bytes to copy of a stack; `None` if this is not the stack on which the poll began.
pub(super) fn wanted(sp: u64, poll_sp: u64) -> Option<usize> {
    // A poll is not deeper than a stack is large, and may have little below where it was recorded.
    if sp > poll_sp + SLACK || poll_sp.saturating_sub(sp) > 1 << 30 {
        return None;
    }
    let bytes = usize::try_from(poll_sp + ABOVE - sp).ok()?;
    Some(bytes.min(MAX_COPY))
}

/// Looks at a blocked thread from outside. It is a snapshot if the thread did not run between two looks at where it is.
///
/// # Errors
/// [`LookError::Running`] if it never stood still.
pub(super) fn passive(
    tid: i32,
    poll_sp: u64,
    still: &impl Fn() -> bool,
) -> Result<Snapshot, LookError> {
    for _ in 0..TRIES {
        let before = task::slices(tid);
        let place = task::place(tid).ok_or(LookError::NoThread)?;
        let Place::Blocked { sp, pc, .. } = place else {
            return Err(LookError::Running);
        };
        let mut stack = vec![0; wanted(sp, poll_sp).ok_or(LookError::OtherStack)?];
        let got = memory::copy_into(sp, &mut stack).map_err(|_| LookError::Unreadable)?;
        stack.truncate(got);
        if !still() {
            return Err(LookError::Over);
        }
        if task::place(tid) == Some(place) && task::slices(tid) == before {
            return Ok(Snapshot {
                pc,
                sp,
                fp: None,
                poll_sp,
                stack,
                source: Source::Passive,
            });
        }
    }
    Err(LookError::Running)
}
