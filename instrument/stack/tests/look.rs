//! Threads in the middle of a poll: what they do, and at which line.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(unsafe_code, reason = "asks for a thread's number")]

use std::hint::black_box;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::sync::Mutex;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize};
use std::time::Duration;

use taskscope_stack::{
    Activity, Certainty, Look, LookError, Origin, Source, Symbolizer, Watch, shown, stack_pointer,
    start,
};

/// What a worker tells, as the instrument's threads do.
#[derive(Default)]
struct Worker {
    tid: AtomicI32,
    /// Odd while a poll goes on.
    poll: AtomicU64,
    poll_sp: AtomicUsize,
    /// The line that is expected.
    line: AtomicU32,
    stop: AtomicBool,
    mutex: Mutex<u32>,
}

/// Ends the worker's work, also if a test fails.
struct Stop<'a>(&'a Worker, Option<PipeWriter>);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Release);
        if let Some(mut pipe) = self.1.take() {
            let _ = pipe.write_all(b"x");
        }
    }
}

impl Worker {
    #[inline(never)]
    fn poll(&self, work: &mut dyn FnMut(&Self)) {
        self.poll_sp.store(stack_pointer(), Relaxed);
        self.poll.fetch_add(1, Release);
        work(self);
        self.poll.fetch_add(1, Release);
        black_box(());
    }

    fn is_over(&self) -> bool {
        self.stop.load(Acquire)
    }
}

/// Looks until what is seen is `right`.
#[track_caller]
fn watch(
    signals: bool,
    mut work: impl FnMut(&Worker) + Send,
    pipe: Option<PipeWriter>,
    lock: bool,
    right: impl Fn(&Look, &str, u32, u32) -> bool,
) {
    start().unwrap();
    let worker = Worker::default();
    std::thread::scope(|s| {
        let held = lock.then(|| worker.mutex.lock().unwrap());
        let stop = Stop(&worker, pipe);
        s.spawn(|| {
            // SAFETY: a system call that only answers a number.
            worker.tid.store(unsafe { libc::gettid() }, Relaxed);
            worker.poll(&mut work);
        });
        while worker.poll.load(Acquire) == 0 {
            std::thread::yield_now();
        }
        let mut watch = if signals {
            Watch::with_signals().unwrap()
        } else {
            Watch::new()
        };
        let mut symbolizer = Symbolizer::new();
        let mut last = None;
        for _ in 0..2000 {
            let (tid, sp) = (worker.tid.load(Relaxed), worker.poll_sp.load(Relaxed));
            let look = watch.look(tid, sp, || worker.poll.load(Acquire) == 1);
            let frames = symbolizer.frames_at(&look.addresses);
            let steps = shown(&frames);
            let own = steps.iter().find(|step| step.origin == Origin::User);
            let (name, line) = own.map_or(("", 0), |own| (&*own.name, own.line.unwrap_or(0)));
            if right(&look, name, line, worker.line.load(Relaxed)) {
                drop((stop, held));
                return;
            }
            last = Some((look, steps));
        }
        drop((stop, held));
        panic!("never seen as it should be, but so: {last:#?}");
    });
}

fn is_blocked(look: &Look, names: &[&str]) -> bool {
    matches!(look.activity, Activity::Blocked { name: Some(name), .. } if names.contains(&name))
        && look.source == Some(Source::Passive)
        && look.certainty == Certainty::Proven
}

#[inline(never)]
fn sleeps(worker: &Worker) {
    while !worker.is_over() {
        worker.line.store(line!() + 1, Relaxed);
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_sleep() {
    watch(false, sleeps, None, false, |look, name, line, wanted| {
        is_blocked(look, &["nanosleep", "clock_nanosleep"])
            && name == "look::sleeps"
            && line == wanted
    });
}

#[inline(never)]
fn locks(worker: &Worker) {
    worker.line.store(line!() + 1, Relaxed);
    *worker.mutex.lock().unwrap() += 1;
}

#[test]
fn a_mutex_of_the_standard_library() {
    watch(false, locks, None, true, |look, name, line, wanted| {
        is_blocked(look, &["futex"]) && name == "look::locks" && line == wanted
    });
}

#[inline(never)]
fn reads(worker: &Worker, pipe: &mut PipeReader) {
    worker.line.store(line!() + 1, Relaxed);
    let n = pipe.read(&mut [0]);
    assert_eq!(n.unwrap(), 1);
}

#[test]
fn a_read_of_a_pipe() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let work = move |worker: &Worker| reads(worker, &mut reader);
    watch(
        false,
        work,
        Some(writer),
        false,
        |look, name, line, wanted| {
            is_blocked(look, &["read"]) && name == "look::reads" && line == wanted
        },
    );
}

#[inline(never)]
fn computes(worker: &Worker) {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    while !worker.is_over() {
        for byte in 0..200u64 {
            hash = (hash ^ black_box(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    black_box(hash);
}

fn is_seen_running(look: &Look) -> bool {
    matches!(look.activity, Activity::OnCpu | Activity::Runnable)
        && look.source == Some(Source::Signal)
        && look.certainty == Certainty::Proven
}

#[test]
fn a_busy_loop() {
    watch(true, computes, None, false, |look, name, line, _| {
        is_seen_running(look) && name == "look::computes" && line > 0
    });
}

#[test]
fn a_busy_loop_is_left_alone_without_signals() {
    watch(false, computes, None, false, |look, _, _, _| {
        assert_eq!(look.addresses, [0u64; 0]);
        look.failure == Some(LookError::Running) && look.activity == Activity::OnCpu
    });
}

#[inline(never)]
fn allocates(worker: &Worker) {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    while !worker.is_over() {
        for k in 0..64 {
            kept.push(Vec::with_capacity(24 + k * 137 % 3000));
        }
        if kept.len() > 4096 {
            kept.clear();
        }
        black_box(&kept);
    }
}

#[test]
fn a_loop_inside_of_malloc() {
    let symbols = |look: &Look| {
        let frames = Symbolizer::new().frames_at(&look.addresses[..1]);
        frames.iter().any(|frame| frame.module.contains("libc"))
    };
    watch(true, allocates, None, false, |look, name, _, _| {
        is_seen_running(look) && name == "look::allocates" && symbols(look)
    });
}

#[inline(never)]
fn deep(worker: &Worker, left: u32) -> u64 {
    let room = black_box([u64::from(left); 32]);
    let below = if left == 0 {
        sleeps(worker);
        0
    } else {
        deep(worker, left - 1)
    };
    below.wrapping_add(black_box(room)[7])
}

#[test]
fn a_stack_that_is_deeper_than_what_is_copied() {
    let work = |worker: &Worker| {
        black_box(deep(worker, 700));
    };
    watch(false, work, None, false, |look, name, line, wanted| {
        is_blocked(look, &["nanosleep", "clock_nanosleep"])
            && name == "look::sleeps"
            && line == wanted
            && look.addresses.len() > 10
    });
}

#[test]
fn what_is_over_or_gone_is_said_to_be() {
    start().unwrap();
    let sp = stack_pointer();
    let look = Watch::new().look(i32::MAX, sp, || true);
    assert_eq!(look.failure, Some(LookError::NoThread));
    watch(false, sleeps, None, false, |look, _, _, _| {
        look.failure.is_none()
    });
    let worker = Worker::default();
    std::thread::scope(|s| {
        let _stop = Stop(&worker, None);
        s.spawn(|| {
            // SAFETY: a system call that only answers a number.
            worker.tid.store(unsafe { libc::gettid() }, Relaxed);
            worker.poll(&mut |worker| sleeps(worker));
        });
        while worker.poll.load(Acquire) == 0 {
            std::thread::yield_now();
        }
        let (tid, sp) = (worker.tid.load(Relaxed), worker.poll_sp.load(Relaxed));
        let mut watch = Watch::with_signals().unwrap();
        let seen = (0..2000).find_map(|_| {
            let failure = watch.look(tid, sp, || false).failure?;
            (failure == LookError::Over).then_some(failure)
        });
        assert_eq!(seen, Some(LookError::Over));
        // A poll that began on another stack.
        let seen = (0..2000).find_map(|_| {
            let failure = watch.look(tid, 4096, || true).failure?;
            (failure == LookError::OtherStack).then_some(failure)
        });
        assert_eq!(seen, Some(LookError::OtherStack));
    });
}
