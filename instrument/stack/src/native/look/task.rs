//! What the kernel tells of a thread: `/proc/self/task/…`.

use std::fmt::Write as _;
use std::io::Read as _;

/// In which system call a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Running,
    Blocked {
        /// -1: none, a page fault for instance.
        number: i64,
        arguments: [u64; 6],
        sp: u64,
        pc: u64,
    },
}

/// Reads one small file of the thread.
fn read(tid: i32, file: &str) -> Option<String> {
    let (mut path, mut text) = (String::new(), String::new());
    write!(path, "/proc/self/task/{tid}/{file}").ok()?;
    std::fs::File::open(path)
        .ok()?
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}

fn parse_place(text: &str) -> Option<Place> {
    if text.starts_with("running") {
        return Some(Place::Running);
    }
    let mut fields = text.split_whitespace();
    let number = fields.next()?.parse().ok()?;
    let rest = fields.map(hex).collect::<Option<Vec<u64>>>()?;
    let (arguments, sp, pc) = match *rest.as_slice() {
        [sp, pc] => ([0; 6], sp, pc),
        [a, b, c, d, e, f, sp, pc] => ([a, b, c, d, e, f], sp, pc),
        _ => return None,
    };
    Some(Place::Blocked {
        number,
        arguments,
        sp,
        pc,
    })
}

/// Where the thread is; `None` if the kernel does not tell.
pub(super) fn place(tid: i32) -> Option<Place> {
    parse_place(&read(tid, "syscall")?)
}

/// How often it was given a processor: the same number twice means that it did not run between.
pub(super) fn slices(tid: i32) -> Option<u64> {
    read(tid, "schedstat")?
        .split_whitespace()
        .nth(2)?
        .parse()
        .ok()
}

#[cfg(any(test, target_arch = "x86_64"))]
fn parse_masks(status: &str) -> Option<(u64, u64)> {
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        hex(line.trim())
    };
    Some((mask("SigBlk:")?, mask("SigPnd:")?))
}

/// The signals that the thread blocks, and those that were sent to it and not taken.
#[cfg(any(test, target_arch = "x86_64"))]
pub(super) fn signals(tid: i32) -> Option<(u64, u64)> {
    parse_masks(&read(tid, "status")?)
}

/// Nanoseconds of processor time that the thread has used, exact even while it runs.
pub(super) fn cpu_time(tid: i32) -> Option<u64> {
    // The kernel's MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED).
    let clock = (!tid << 3) | 4 | 2;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel fills in one structure.
    let known = unsafe { libc::clock_gettime(clock, &mut time) } == 0;
    let seconds = u64::try_from(time.tv_sec).ok()?;
    known.then(|| seconds * 1_000_000_000 + time.tv_nsec.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_the_kernel_writes_is_understood() {
        assert_eq!(parse_place("running\n"), Some(Place::Running));
        assert_eq!(
            parse_place("-1 0x7ffe10 0x55aa\n"),
            Some(Place::Blocked {
                number: -1,
                arguments: [0; 6],
                sp: 0x7f_fe10,
                pc: 0x55aa
            })
        );
        let blocked = parse_place("202 0x1 0x80 0x2 0x0 0x0 0xffffffff 0x7f00 0x7f11\n");
        assert!(matches!(
            blocked,
            Some(Place::Blocked {
                number: 202,
                sp: 0x7f00,
                ..
            })
        ));
        for text in ["", "0", "x y z", "1 0x1 0x2 0x3"] {
            assert_eq!(parse_place(text), None);
        }
        let status = "Name:\tx\nSigPnd:\t0000000000000001\nSigBlk:\t0000000000000a00\n";
        assert_eq!(parse_masks(status), Some((0xa00, 1)));
    }

    #[test]
    fn this_thread_reads_and_uses_time() {
        // SAFETY: a system call that only answers a number.
        let tid = unsafe { libc::gettid() };
        // It is reading this file.
        let read = place(tid);
        assert!(matches!(read, Some(Place::Blocked { number, .. }) if number == libc::SYS_read));
        assert!(slices(tid).is_some() && signals(tid).is_some());
        assert!(cpu_time(tid).is_some_and(|time| time > 0));
        assert_eq!(place(-1), None);
    }
}
