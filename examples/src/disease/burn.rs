//! Work for a processor.

use std::{hint::black_box, time::Duration};

use crate::clock;

/// Computes for about this long, as resizing a picture does; the same everywhere, however fast the machine is.
pub fn burn(time: Duration) {
    let start = clock::now();
    let mut sum = 0u64;
    while start.elapsed() < time {
        sum = black_box((0..1000u64).fold(sum, |sum, number| sum.rotate_left(5) ^ number));
    }
    black_box(sum);
}
