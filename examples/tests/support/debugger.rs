//! A debugger beside a target: it attaches to all of its threads by ptrace, and stops one now and then.

use std::{
    collections::HashMap,
    fs, io,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, WaitId, WaitIdOptions, waitid},
};
use taskscope_examples::clock;

/// Between two looks at what the threads do.
const ROUND: Duration = Duration::from_millis(1);
/// Between two threads that are stopped.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a thread stands still, in milliseconds.
const HELD: std::ops::Range<u64> = 20..100;

/// A debugger, which stays for as long as the target lives.
pub(crate) struct Debugger {
    // The kernel takes requests only from the thread that attached.
    thread: JoinHandle<u64>,
}

impl Debugger {
    /// Attaches to a process which this one has started.
    pub(crate) fn attach(pid: u32) -> Self {
        let leader = pid.try_into().ok().and_then(Pid::from_raw).unwrap();
        Self {
            thread: thread::spawn(move || {
                // Not left to the rounds: they see that a thread is not attached to by there being nothing to wait for, and
                // for this one its parent may always wait.
                seize(leader).expect("the system lets a debugger attach");
                debug(leader)
            }),
        }
    }

    /// Waits until the target has ended, and says how often a thread was stopped. Only then may this process wait for the
    /// target: before, it could be told in the debugger's place that the first thread stands still.
    pub(crate) fn end(self) -> u64 {
        self.thread.join().unwrap()
    }
}

fn debug(leader: Pid) -> u64 {
    let mut held: HashMap<Pid, Instant> = HashMap::new();
    let mut stops = 0;
    let mut next = clock::now();
    loop {
        let threads = threads(leader);
        if threads.is_empty() {
            return stops; // it was killed, and its parent took notice
        }
        for &thread in &threads {
            match event(thread, leader) {
                Ok(Some(Event::Stopped)) => {
                    let time = Duration::from_millis(fastrand::u64(HELD));
                    // It may be told of again.
                    held.entry(thread).or_insert_with(|| clock::now() + time);
                }
                Ok(Some(Event::Passing(signal))) => go_on(thread, signal),
                Ok(Some(Event::Ended)) if thread == leader => return stops,
                Ok(Some(Event::Ended) | None) => {}
                // It was there before the debugger. If it has ended meanwhile, there is nothing to do.
                Err(Errno::CHILD) => drop(seize(thread)),
                Err(error) => panic!("waitid: {error}"),
            }
        }
        let now = clock::now();
        held.retain(|&thread, until| {
            let goes_on = now >= *until;
            if goes_on {
                go_on(thread, 0);
            }
            !goes_on
        });
        if now >= next
            && let Some(&thread) = fastrand::choice(&threads)
            && !held.contains_key(&thread)
            && ptrace(libc::PTRACE_INTERRUPT, thread, 0).is_ok()
        {
            stops += 1;
            next = now + PAUSE;
        }
        thread::sleep(ROUND);
    }
}

/// The threads that are there, and those of whose end nobody has taken notice.
fn threads(leader: Pid) -> Vec<Pid> {
    let folder = format!("/proc/{}/task", leader.as_raw_pid());
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|name| Pid::from_raw(name.ok()?.file_name().to_str()?.parse().ok()?))
        .collect()
}

/// What a debugger is told of a thread.
enum Event {
    /// It stands still: because it was asked to, or because it is new.
    Stopped,
    /// It stands still for a moment: a signal is on its way to it, or 0 if it only started another thread.
    Passing(i32),
    Ended,
}

/// What has happened to a thread.
///
/// # Errors
/// [`Errno::CHILD`] if it is not attached to.
fn event(thread: Pid, leader: Pid) -> Result<Option<Event>, Errno> {
    let mut options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    if thread == leader {
        // Its end is for whoever has started it, so what is told of it is left to be told again.
        options |= WaitIdOptions::NOWAIT;
    }
    let status = waitid(WaitId::Pid(thread), options)?;
    Ok(status.map(|status| match status.trapping_signal() {
        // A signal, and above it why the thread stands still: nothing there if it is for that signal.
        Some(signal @ 0..=0xff) => Event::Passing(signal),
        Some(stop) if stop >> 8 == libc::PTRACE_EVENT_STOP => Event::Stopped,
        Some(_) => Event::Passing(0),
        None => Event::Ended,
    }))
}

/// Attaches to a thread, which goes on, and to all that it will start.
fn seize(thread: Pid) -> io::Result<()> {
    ptrace(libc::PTRACE_SEIZE, thread, libc::PTRACE_O_TRACECLONE)
}

/// Has a thread that stands still go on, with this signal unless it is 0.
fn go_on(thread: Pid, signal: i32) {
    // It may have been killed meanwhile.
    drop(ptrace(libc::PTRACE_CONT, thread, signal));
}

/// A request to the kernel that needs no more than a number.
#[expect(
    unsafe_code,
    reason = "the safe ones, of the crate nix, know no real-time signals, which are taskscope's"
)]
fn ptrace(request: libc::c_uint, thread: Pid, number: i32) -> io::Result<()> {
    let number = usize::try_from(number).expect("a number above zero");
    // SAFETY: the requests in here have the kernel read and write nothing of this process.
    let result = unsafe { libc::ptrace(request, thread.as_raw_pid(), 0_usize, number) };
    match result {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
