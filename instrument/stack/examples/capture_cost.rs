//! What a capture costs: `cargo run --release -p taskscope-stack --example capture_cost`.
#![allow(
    clippy::disallowed_methods,
    reason = "a measurement has to read a clock"
)]

use std::hint::black_box;
use std::time::Instant;

use taskscope_stack::{
    Symbolizer, capture, program_counters, stack_pointer, start, stats, walk_only,
};

const ROUNDS: usize = 31;
const PER_ROUND: u32 = 20_000;

fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            for _ in 0..PER_ROUND {
                run();
            }
            begin.elapsed().as_nanos() as f64 / f64::from(PER_ROUND)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

#[inline(never)]
fn leaf(poll_sp: usize) {
    let mut found = Vec::with_capacity(256);
    let hit = median(|| {
        black_box(capture(black_box(poll_sp)));
    });
    let walk = median(|| walk_only(black_box(poll_sp), &mut found));
    let frames = program_counters(capture(poll_sp)).map_or(0, <[u64]>::len);
    println!("{frames:3} return addresses: template {hit:6.1} ns, walk {walk:7.1} ns");
}

#[inline(never)]
fn nest(poll_sp: usize, left: u32) {
    if left == 0 {
        leaf(poll_sp);
    } else {
        nest(poll_sp, left - 1);
    }
    black_box(left);
}

#[inline(never)]
fn poll(depth: u32) {
    let poll_sp = stack_pointer();
    nest(poll_sp, depth);
    black_box(depth);
}

fn main() {
    let begin = Instant::now();
    if let Err(error) = start() {
        println!("{error}");
        return;
    }
    println!("start: {:.0} us", begin.elapsed().as_nanos() as f64 / 1e3);
    for depth in [0, 5, 20, 60] {
        poll(depth);
    }
    println!("{:#?}", stats());
    let begin = Instant::now();
    let known = Symbolizer::new().debug_info();
    println!(
        "executable: {known:?}, first look {:.1} ms",
        begin.elapsed().as_nanos() as f64 / 1e6
    );
}
