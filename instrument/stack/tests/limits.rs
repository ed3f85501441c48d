//! What is skipped, and what does not fit. In one process each, since the tables are of a process.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::hint::black_box;
use std::sync::Mutex;

use taskscope_stack::{capture, program_counters, stack_pointer, start, stats};

/// The counts are of the process, so tests take turns.
static TURN: Mutex<()> = Mutex::new(());

#[inline(never)]
fn nest(poll_sp: usize, left: u32) -> u32 {
    let id = if left == 0 {
        capture(poll_sp)
    } else {
        nest(poll_sp, left - 1)
    };
    black_box(id)
}

/// Two ways to go down at each level. They differ, so that no optimizer makes one of them.
#[inline(never)]
fn fork(poll_sp: usize, way: u32, left: u32) -> u32 {
    let id = match (left, way & 1) {
        (0, _) => capture(poll_sp),
        (_, 0) => left_way(poll_sp, way >> 1, left - 1),
        _ => right_way(poll_sp, way >> 1, left - 1),
    };
    black_box(id)
}

#[inline(never)]
fn left_way(poll_sp: usize, way: u32, left: u32) -> u32 {
    let id = fork(poll_sp, way, left);
    black_box(id)
}

#[inline(never)]
fn right_way(poll_sp: usize, way: u32, left: u32) -> u32 {
    let id = fork(poll_sp, way, left);
    black_box(1);
    black_box(id)
}

/// All ways, from one place.
#[inline(never)]
fn all(poll_sp: usize, ways: u32) -> Vec<u32> {
    let ids = (0..black_box(ways)).map(|way| fork(poll_sp, way, 15));
    ids.collect()
}

/// What `f` gives in two calls from one place: who polls is part of the stack, and a loop may be unrolled.
#[inline(never)]
fn twice(mut f: impl FnMut() -> u32) -> [u32; 2] {
    let mut ids = [0; 2];
    for id in ids.iter_mut().take(black_box(2)) {
        *id = black_box(f());
    }
    ids
}

/// Runs on a thread with a stack of so many bytes.
fn on_stack<T: Send + 'static>(bytes: usize, f: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(bytes);
    thread.spawn(f).unwrap().join().unwrap()
}

#[test]
fn nothing_is_told_without_a_poll_or_on_another_stack() {
    let _turn = TURN.lock();
    start().unwrap();
    let before = stats().skipped;
    assert_eq!(capture(0), 0);
    assert_eq!(stats().skipped.no_poll, before.no_poll + 1);
    let elsewhere = on_stack(1 << 20, stack_pointer);
    assert_eq!(capture(elsewhere), 0);
    assert_eq!(capture(usize::MAX), 0);
    assert_eq!(capture(stack_pointer() - (1 << 16)), 0);
    assert_eq!(stats().skipped.other_stack, before.other_stack + 3);
}

#[test]
fn a_small_stack_is_left_alone() {
    let _turn = TURN.lock();
    start().unwrap();
    let before = stats().skipped.little_stack;
    // A depth that no other test has, so that no template fits.
    assert_eq!(on_stack(48 << 10, || nest(stack_pointer(), 1)), 0);
    assert_eq!(stats().skipped.little_stack, before + 1);
    assert_ne!(on_stack(512 << 10, || nest(stack_pointer(), 1)), 0);
}

#[test]
fn a_stack_with_just_enough_left_does_not_overflow() {
    let _turn = TURN.lock();
    start().unwrap();
    for kib in (50..300).step_by(5) {
        // A depth of its own, and a thread's first walk.
        on_stack(kib << 10, move || {
            nest(stack_pointer(), kib as u32 % 7 + 20)
        });
    }
}

#[test]
fn a_deep_stack_is_cut_at_its_root_and_known_again() {
    let _turn = TURN.lock();
    start().unwrap();
    let ids = on_stack(8 << 20, || {
        let sp = stack_pointer();
        twice(|| nest(sp, 5000))
    });
    assert_eq!(ids[0], ids[1]);
    assert_eq!(program_counters(ids[0]).map(<[u64]>::len), Some(128));
}

#[test]
fn a_thread_gives_back_what_it_took() {
    let _turn = TURN.lock();
    start().unwrap();
    let before = stats();
    for depth in 100..108 {
        on_stack(1 << 20, move || nest(stack_pointer(), depth));
    }
    let after = stats();
    // Threads of other tests may have ended meanwhile.
    assert!(after.walkers <= before.walkers);
    assert!(after.captures >= before.captures + 8);
}

#[test]
fn tables_have_limits_and_what_does_not_fit_is_counted() {
    let _turn = TURN.lock();
    start().unwrap();
    let sp = stack_pointer();
    let mut rounds = Vec::new();
    for _ in 0..black_box(2) {
        rounds.push(all(sp, 20_000));
    }
    let ids = &rounds[0];
    let stats = stats();
    assert!(stats.stacks <= 16 << 10 && stats.templates <= 32 << 10);
    assert!(stats.bytes <= 10 << 20, "{stats:?}");
    let lost = ids.iter().filter(|id| **id == 0).count() as u64;
    assert!(lost > 0 && stats.dropped.stacks >= lost, "{stats:?}");
    assert!(stats.dropped.templates > 0, "{stats:?}");
    // What is there is still found.
    assert_eq!(*ids, rounds[1]);
}
