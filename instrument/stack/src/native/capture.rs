//! The hot path: the stack of a wait becomes a number.
//!
//! It runs inside of tokio's locks, on the thread that polls.
//!
//! Rules:
//!
//! 1. Nothing of tokio or tracing is called; no lock is taken; memory is allocated only for a new stack, a new template, and
//!    a thread's first walk.
//! 2. The stack is read only from the stack pointer of [`capture`] up to the end of the calling thread's own stack, and only
//!    if the poll began there too.
//! 3. [`capture`] is one function that is never inlined, and its frame is there until all is done: templates measure from
//!    its stack pointer, and a walk begins in it.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

use super::bounds;
use super::counters::{COUNTERS, count};
use super::intern::STACKS;
use super::modules;
use super::template::{Added, TEMPLATES};
use super::walk::{End, Walker};
use crate::arch::{self, Registers};

/// Bytes above the poll's stack pointer that may belong to frames below the task's future: those of the call of
/// `Subscriber::enter`, where it is recorded, and of the function that called it. Unoptimized frames are larger.
pub(super) const SLACK: u64 = if cfg!(debug_assertions) { 768 } else { 192 };
/// Stack that must be left for a walk: measured 15 KiB with optimization and 38 KiB without.
const NEEDED: u64 = 64 << 10;
/// The same for a thread's first walk, whose memory is made ready on the stack without optimization: 129 KiB then.
const NEEDED_FIRST: u64 = 192 << 10;
/// A deeper poll is none: the stack pointer was recorded on another stack.
const MAX_DEPTH: u64 = 1 << 30;
/// Captures that a thread counts before it tells.
const BATCH: u32 = 256;

/// What a thread has to itself; needs no destructor, so it can be used as long as the thread lives.
struct Thread {
    /// Its own stack; 0 while that is not known.
    low: Cell<u64>,
    top: Cell<u64>,
    /// Captures that were not told yet.
    captures: Cell<u32>,
    walking: Cell<bool>,
}

/// What is freed when the thread ends.
struct Kept(Cell<Option<Box<Walker>>>);

impl Drop for Kept {
    fn drop(&mut self) {
        THREAD.with(Thread::tell);
    }
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            low: Cell::new(0),
            top: Cell::new(0),
            captures: Cell::new(0),
            walking: Cell::new(false),
        }
    };
    static KEPT: Kept = const { Kept(Cell::new(None)) };
}

impl Thread {
    #[cold]
    #[inline(never)]
    fn learn(&self) -> u64 {
        let stack = bounds::of_this_thread();
        self.low.set(stack.start);
        self.top.set(stack.end);
        stack.end
    }

    #[inline(always)]
    fn captured(&self) {
        let n = self.captures.get() + 1;
        self.captures.set(n);
        if n >= BATCH {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        let n = self.captures.replace(0);
        COUNTERS.captures.fetch_add(n.into(), Relaxed);
    }
}

/// The number of the calling thread's stack, from here up to the poll that began at `poll_sp` (see
/// [`stack_pointer`](crate::stack_pointer)); 0 where it cannot be told, which [`stats`](crate::stats) counts.
///
/// A known stack takes a few nanoseconds, another one that was seen before some hundred, a new one a few microseconds.
// Rule 3.
#[inline(never)]
pub fn capture(poll_sp: usize) -> u32 {
    let here = arch::here();
    let id = THREAD.with(|thread| {
        let poll_sp = poll_sp as u64;
        let top = match thread.top.get() {
            0 => thread.learn(),
            top => top,
        };
        let depth = poll_sp.wrapping_sub(here.sp);
        if depth >= MAX_DEPTH || poll_sp >= top || here.sp < thread.low.get() {
            return skip(poll_sp);
        }
        // SAFETY: `here` is of this function, and both it and the poll lie on this thread's own stack (rules 2 and 3).
        match unsafe { TEMPLATES.find(here.sp, depth as u32, top) } {
            Some(id) => {
                thread.captured();
                id
            }
            // SAFETY: as above.
            None => unsafe { walk(thread, here, poll_sp) },
        }
    });
    // What follows a call keeps it from being a jump that gives this frame up (rule 3).
    std::hint::black_box(id)
}

/// What [`capture`] would find by unwinding, whatever is known already: for tests and measurements.
#[doc(hidden)]
#[inline(never)]
pub fn walk_only(poll_sp: usize, found: &mut Vec<u64>) {
    let here = arch::here();
    let (low, top) = THREAD.with(|thread| {
        let top = match thread.top.get() {
            0 => thread.learn(),
            top => top,
        };
        (thread.low.get(), top)
    });
    let poll_sp = poll_sp as u64;
    found.clear();
    if let Some(modules) = modules::table()
        && low <= here.sp
        && here.sp <= poll_sp
        && poll_sp < top
    {
        KEPT.with(|kept| {
            let mut walker = kept.0.take().unwrap_or_else(Walker::new);
            // SAFETY: `here` is of this function, on this thread's own stack.
            let _ = unsafe { walker.walk(modules, here, poll_sp + SLACK, top) };
            found.extend_from_slice(walker.found().0);
            kept.0.set(Some(walker));
        });
    }
    std::hint::black_box(found);
}

#[cold]
#[inline(never)]
fn skip(poll_sp: u64) -> u32 {
    count(if poll_sp == 0 {
        &COUNTERS.no_poll
    } else if modules::table().is_none() {
        &COUNTERS.not_started
    } else {
        &COUNTERS.other_stack
    });
    0
}

/// Unwinds, and remembers what was found.
///
/// # Safety
/// `here` must be of a function that does not return before this does, and lie on this thread's own stack, below `poll_sp`.
#[cold]
#[inline(never)]
unsafe fn walk(thread: &Thread, here: Registers, poll_sp: u64) -> u32 {
    let Some(modules) = modules::table() else {
        count(&COUNTERS.not_started);
        return 0;
    };
    let left = here.sp - thread.low.get();
    if left < NEEDED {
        count(&COUNTERS.little_stack);
        return 0;
    }
    // The program's allocator may trace, and come back here.
    if thread.walking.replace(true) {
        count(&COUNTERS.nested);
        return 0;
    }
    let id = KEPT.try_with(|kept| {
        let mut walker = match kept.0.take() {
            Some(walker) => walker,
            None if left < NEEDED_FIRST => {
                count(&COUNTERS.little_stack);
                return 0;
            }
            None => Walker::new(),
        };
        count(&COUNTERS.walks);
        // SAFETY: the caller says so.
        let end = unsafe { walker.walk(modules, here, poll_sp + SLACK, thread.top.get()) };
        let id = remember(&walker, end, modules, (poll_sp - here.sp) as u32);
        kept.0.set(Some(walker));
        id
    });
    thread.walking.set(false);
    let id = id.unwrap_or_else(|_| {
        count(&COUNTERS.ending);
        0
    });
    if id != 0 {
        thread.captured();
    }
    id
}

fn remember(walker: &Walker, end: End, modules: &'static modules::Modules, depth: u32) -> u32 {
    let (pcs, offsets) = walker.found();
    match end {
        End::Whole | End::Cut => {}
        End::UnknownCode => modules::unknown_code(),
        End::Lost => count(&COUNTERS.lost),
    }
    if pcs.is_empty() {
        return 0;
    }
    let Some((id, stack)) = STACKS.intern(pcs, Some(modules)) else {
        count(&COUNTERS.dropped_stacks);
        return 0;
    };
    // One that was cut is cut again at the same place; one that broke off may go further once more code is known.
    if matches!(end, End::Whole | End::Cut)
        && TEMPLATES.add(depth, id, &stack.pcs, offsets) == Added::Full
    {
        count(&COUNTERS.dropped_templates);
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAINT: u64 = 0xa5a5_5a5a_a5a5_5a5a;

    /// How many bytes below its own frame a capture writes.
    #[inline(never)]
    fn used() -> u64 {
        let sp = arch::stack_pointer() as u64;
        let (low, high) = (sp - (400 << 10), sp - 512);
        let words = || (low..high).step_by(8);
        for word in words() {
            // SAFETY: the thread has a stack of 1 MiB, and nothing below its stack pointer is in use.
            unsafe { (word as *mut u64).write_volatile(PAINT) };
        }
        std::hint::black_box(capture(sp as usize));
        // SAFETY: as above.
        let written = words().find(|word| unsafe { arch::load(*word) } != PAINT);
        sp - written.unwrap_or(high)
    }

    #[test]
    fn a_walk_needs_less_stack_than_must_be_left() {
        crate::start().unwrap();
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let [first, second] = thread.spawn(|| [used(), used()]).unwrap().join().unwrap();
        eprintln!("a thread's first walk uses {first} bytes of stack, its second {second}");
        assert!(first < NEEDED_FIRST * 3 / 4, "{first}");
        assert!(second < NEEDED * 3 / 4, "{second}");
    }
}
