//! Where a thread's own stack begins and ends.
//!
//! The main thread's stack is found once, by [`learn_main`], since the C library would read `/proc/self/maps` for it;
//! other threads' bounds stand in their own descriptors.

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::maps;

/// A stack of unlimited size is taken for one of this size.
const UNLIMITED: u64 = 1 << 30;

static MAIN_LOW: AtomicU64 = AtomicU64::new(0);
static MAIN_TOP: AtomicU64 = AtomicU64::new(0);

/// Finds the main thread's stack.
pub(crate) fn learn_main(maps: &str) {
    let Some(stack) = maps::parse(maps).find(|m| m.path == "[stack]") else {
        return;
    };
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel fills in one structure.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) } == 0;
    let size = if known {
        limit.rlim_cur.min(UNLIMITED)
    } else {
        0
    };
    // What is mapped already is surely there.
    let low = stack.end.saturating_sub(size).min(stack.start);
    MAIN_LOW.store(low, Relaxed);
    MAIN_TOP.store(stack.end, Relaxed);
}

/// The main thread's stack; empty while it is not known.
fn main_stack() -> Range<u64> {
    MAIN_LOW.load(Relaxed)..MAIN_TOP.load(Relaxed)
}

/// The calling thread's own stack; empty if it is not known.
#[cold]
pub(crate) fn of_this_thread() -> Range<u64> {
    // SAFETY: two system calls that only answer a number.
    let is_main = unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) };
    if is_main {
        return main_stack();
    }
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: on success the attributes are filled in, read once, and destroyed.
    unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return 0..0;
        }
        let (mut low, mut size) = (std::ptr::null_mut(), 0);
        let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        if !found {
            return 0..0;
        }
        let low = low as u64;
        low..low.saturating_add(size as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_pointer_is_on_this_threads_stack() {
        let stack = of_this_thread();
        assert!(stack.contains(&(crate::stack_pointer() as u64)));
        learn_main(&std::fs::read_to_string("/proc/self/maps").unwrap());
        assert!(!main_stack().is_empty());
    }
}
