//! Another thread, in the middle of a poll: what is it doing right now?
//!
//! First a look from outside, of which the thread knows nothing: it works for all that wait. Only a thread that runs is asked by
//! a signal, and only if that was switched on. All that takes time, unwinding above all, is done by who looks.

mod edges;
mod prove;
#[cfg(target_arch = "x86_64")]
mod signal;
mod snapshot;
mod syscalls;
mod task;

use std::time::Duration;

use self::snapshot::Snapshot;
use self::task::Place;
use super::modules;
use crate::arch::unwind::Cache;
use crate::look::{Activity, Certainty, Look, LookError, SignalError};

/// A thread that used no processor for so long was not running, though it could have.
const MOMENT: Duration = Duration::from_millis(2);

/// Looks at threads. It keeps unwind rules that it has used, so one is enough.
pub struct Watch {
    cache: Cache,
    signals: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Watch {
    /// One that sends no signals: it sees only threads that wait.
    pub fn new() -> Self {
        Self {
            cache: Cache::new_in(),
            signals: false,
        }
    }

    /// One that asks running threads by a signal. A thread that goes to sleep in the very moment may find its system call
    /// interrupted (EINTR), in spite of SA_RESTART.
    ///
    /// # Errors
    /// If no signal is free, or this processor is not supported.
    pub fn with_signals() -> Result<Self, SignalError> {
        #[cfg(target_arch = "x86_64")]
        {
            signal::install()?;
            Ok(Self {
                signals: true,
                ..Self::new()
            })
        }
        #[cfg(not(target_arch = "x86_64"))]
        Err(SignalError::Unsupported)
    }

    /// Looks at a thread of this process, of which a poll began at `poll_sp`; `still` says whether that poll is going on (its
    /// sequence number is unchanged, say) and is asked several times. Not to be called by the thread itself. Takes 50
    /// microseconds for one that waits, and up to 15 milliseconds for one that runs.
    pub fn look(&mut self, tid: i32, poll_sp: usize, still: impl Fn() -> bool) -> Look {
        let poll_sp = poll_sp as u64;
        let place = task::place(tid);
        let mut look = Look::default();
        let seen = snapshot::passive(tid, poll_sp, &still);
        match (place, &seen) {
            (Some(Place::Blocked { number, .. }), _) => {
                look.activity = Activity::Blocked {
                    number,
                    name: syscalls::name(number),
                };
            }
            (Some(Place::Running), Err(LookError::Running)) => look.activity = pace(tid),
            _ => {}
        }
        match seen {
            Ok(snapshot) => self.read(&snapshot, &mut look),
            Err(error) => look.failure = Some(error),
        }
        if self.signals && should_ask(&look) {
            self.ask(tid, poll_sp, &still, &mut look);
        }
        look
    }

    #[cfg(target_arch = "x86_64")]
    fn ask(&mut self, tid: i32, poll_sp: u64, still: &impl Fn() -> bool, look: &mut Look) {
        match signal::ask(tid, poll_sp, still, || may_ask(tid)) {
            Ok(snapshot) => self.read(&snapshot, look),
            // What was seen from outside is better than nothing.
            Err(error) if look.addresses.is_empty() => look.failure = Some(error),
            Err(_) => {}
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ask(&mut self, _tid: i32, _poll_sp: u64, _still: &impl Fn() -> bool, _look: &mut Look) {}

    fn read(&mut self, snapshot: &Snapshot, look: &mut Look) {
        let Some(modules) = modules::table() else {
            look.failure = Some(LookError::NotStarted);
            return;
        };
        (look.addresses, look.certainty) = prove::prove(modules, &mut self.cache, snapshot);
        look.source = Some(snapshot.source);
        look.failure = None;
    }
}

/// Whether a signal would tell more.
fn should_ask(look: &Look) -> bool {
    match look.failure {
        // Who was given no processor may be in the kernel, on its way into or out of a call.
        Some(LookError::Running) => look.activity == Activity::OnCpu,
        Some(_) => false,
        None => look.certainty == Certainty::Guess,
    }
}

/// Whether a signal does no harm just now: rule 9 of `signal`.
#[cfg(target_arch = "x86_64")]
fn may_ask(tid: i32) -> bool {
    match task::place(tid) {
        Some(Place::Running) => true,
        Some(Place::Blocked { number, .. }) => !syscalls::is_fragile(number),
        None => false,
    }
}

/// Whether a thread that wants to run does.
fn pace(tid: i32) -> Activity {
    let before = task::cpu_time(tid);
    std::thread::sleep(MOMENT);
    match (before, task::cpu_time(tid)) {
        (Some(before), Some(after)) if after > before => Activity::OnCpu,
        (Some(_), Some(_)) => Activity::Runnable,
        _ => Activity::Unknown,
    }
}
