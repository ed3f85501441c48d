//! A template finds what a walk would find, in all shapes and on many threads, while modules are read again.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use taskscope_stack::{
    capture, program_counters, reload_if_needed, stack_pointer, start, stats, walk_only,
};

/// Xorshift: the same shapes in each run.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Compares the stack from here in both ways. Both calls are of one function, so all but the first address is the same.
#[inline(never)]
fn leaf(poll_sp: usize, found: &mut Vec<u64>) -> u32 {
    let id = capture(poll_sp);
    walk_only(poll_sp, found);
    let pcs = program_counters(id).expect("a number was given out");
    assert_eq!(pcs.len(), found.len());
    assert_eq!(pcs[1..], found[1..]);
    id
}

/// A frame with room of which some is never written, so that what lay there before is seen again.
#[inline(never)]
fn padded<const N: usize>(poll_sp: usize, shape: u64, left: u32, found: &mut Vec<u64>) -> u32 {
    let mut room = std::mem::MaybeUninit::<[u64; N]>::uninit();
    black_box(&mut room);
    let id = node(poll_sp, shape, left, found);
    black_box(&mut room);
    black_box(id)
}

#[inline(never)]
fn node(poll_sp: usize, mut shape: u64, left: u32, found: &mut Vec<u64>) -> u32 {
    if left == 0 {
        return black_box(leaf(poll_sp, found));
    }
    let next = random(&mut shape);
    let id = match next % 7 {
        0 => padded::<8>(poll_sp, shape, left - 1, found),
        1 => padded::<32>(poll_sp, shape, left - 1, found),
        2 => padded::<6>(poll_sp, shape, left - 1, found),
        // Two closures of one shape, at one depth.
        3 => call(&mut |found| node(poll_sp, shape, left - 1, found), found),
        4 => call(
            &mut |found| black_box(node(poll_sp, shape, left - 1, found)),
            found,
        ),
        5 => {
            let first = node(poll_sp, shape, left - 1, found);
            let second = node(poll_sp, shape ^ 3, left - 1, found);
            black_box(first).min(black_box(second))
        }
        _ => node(poll_sp, shape, left - 1, found),
    };
    black_box(id)
}

#[inline(never)]
fn call(f: &mut dyn FnMut(&mut Vec<u64>) -> u32, found: &mut Vec<u64>) -> u32 {
    black_box(f(found))
}

#[inline(never)]
fn poll(shape: u64, depth: u32, found: &mut Vec<u64>) -> u32 {
    let poll_sp = stack_pointer();
    black_box(node(poll_sp, shape, depth, found))
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

/// Ends the thread that reloads, also if a test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn a_hit_is_what_a_walk_finds() {
    start().unwrap();
    start().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            while !done.load(Relaxed) {
                reload_if_needed();
                std::thread::yield_now();
            }
        });
        let _end = End(&done);
        let threads: Vec<_> = (1..=8u64)
            .map(|seed| {
                s.spawn(move || {
                    let (mut state, mut found) = (seed * 0x9e37_79b9, Vec::new());
                    for _ in 0..600 {
                        // Few enough shapes for threads to meet in them.
                        let shape = 1 + random(&mut state) % 64;
                        let depth = (random(&mut state) % 9) as u32;
                        let [first, second] = twice(|| poll(shape, depth, &mut found));
                        assert_eq!(first, second);
                        assert_ne!(first, 0);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    let stats = stats();
    assert!(stats.captures > 4 * stats.walks, "{stats:?}");
    assert!(
        stats.templates >= stats.stacks && stats.stacks > 20,
        "{stats:?}"
    );
    assert_eq!((stats.lost, stats.dropped.stacks), (0, 0), "{stats:?}");
    eprintln!("{stats:?}");
}
