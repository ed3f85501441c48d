//! Percentiles of poll times, against the exact ones of what each poll measured of itself.

#[path = "support/app.rs"]
mod app;
#[path = "support/viewer.rs"]
mod viewer;

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use taskscope_model::Nanos;

use crate::app::{current_thread, look_for_end, now};

const POLLS: u32 = 1200;
const SHORTEST: Duration = Duration::from_micros(20);
/// The longest poll is this much longer than the shortest.
const RANGE: f64 = 1000.0;
/// What of a poll lies outside of what it measures of itself: entering and leaving it, which takes several times as long
/// in a build that is not optimized. `.ci/run` runs this test in both.
const AROUND: f64 = if cfg!(debug_assertions) {
    8_000.0
} else {
    2_000.0
};

#[test]
fn percentiles_are_within_a_tenth() {
    let measured = Arc::new(Mutex::new(Vec::new()));
    let inside = Arc::clone(&measured);
    let mut poll = 0;
    let runtime = current_thread();
    let task = runtime.spawn(poll_fn(move |cx| {
        let begin = now();
        // In an order that is none, so that what is near in length is not near in time.
        let place = f64::from(poll * 7919 % POLLS) / f64::from(POLLS);
        let spin = SHORTEST.mul_f64(RANGE.powf(place));
        poll += 1;
        cx.waker().wake_by_ref();
        let mut measured = inside.lock().expect("no panic");
        let took = loop {
            let took = begin.elapsed();
            if took >= spin {
                break took;
            }
            std::hint::spin_loop();
        };
        measured.push(took.as_nanos() as f64);
        if poll == POLLS {
            return Poll::Ready(());
        }
        Poll::Pending
    }));
    let id = task.id();
    runtime.block_on(task).expect("no panic");
    let done = look_for_end(id);

    let mut truth = measured.lock().expect("no panic").clone();
    truth.sort_by(f64::total_cmp);
    let polls = done.sketches.expect("asked for").polls;
    assert_eq!(
        (polls.count(), done.vitals.polls),
        (u64::from(POLLS), u64::from(POLLS))
    );
    for percent in [1, 5, 10, 25, 50, 75, 90, 95, 99, 100] {
        // The nearest rank: the smallest sample with at least this share of all at or below it.
        let rank = (truth.len() * percent).div_ceil(100);
        let exact = truth[rank - 1];
        let Some(Nanos(told)) = polls.percentile(percent as f64 / 100.0) else {
            panic!("there are samples");
        };
        let wrong = (told as f64 - exact).abs();
        assert!(
            wrong <= exact / 10.0 + AROUND,
            "p{percent}: {told} for {exact}"
        );
    }
    let busy: f64 = truth.iter().sum();
    assert!(done.vitals.busy.0 as f64 >= busy * 0.999);
}
