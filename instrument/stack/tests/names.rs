//! Frames of real async code: the test's own functions, at their exact lines.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(unsafe_code, reason = "a waker of one's own is made of raw parts")]

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

use taskscope_stack::{
    DebugInfo, Frame, Origin, Step, Symbolizer, capture, shown, stack_pointer, start,
};

thread_local! {
    static POLL: Cell<usize> = const { Cell::new(0) };
    static CAUGHT: Cell<u32> = const { Cell::new(0) };
}

/// Captures where it is cloned, as the instrument does.
static WAKER: RawWakerVTable = RawWakerVTable::new(
    |_| {
        CAUGHT.set(capture(POLL.get()));
        RawWaker::new(std::ptr::null(), &WAKER)
    },
    |_| (),
    |_| (),
    |_| (),
);

/// Polls once; gives the frames at which the waker was cloned last, without the waker's own.
#[inline(never)]
fn caught(future: Pin<&mut dyn Future<Output = ()>>) -> Vec<Frame> {
    start().unwrap();
    // SAFETY: the table's functions use no data.
    let waker = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &WAKER)) };
    POLL.set(stack_pointer());
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
    let mut frames = Symbolizer::new().frames(CAUGHT.take());
    let is_own = |frame: &Frame| Origin::of(frame) == Origin::User;
    assert!(frames.first().is_some_and(is_own), "{frames:#?}");
    frames.remove(0);
    let end = frames
        .iter()
        .position(|frame| frame.function.ends_with("caught"))
        .expect("the polling function is on the stack");
    frames.truncate(end);
    frames
}

fn lines(steps: &[Step]) -> Vec<u32> {
    let own = steps.iter().filter(|step| step.origin == Origin::User);
    own.filter_map(|step| step.line).collect()
}

async fn lock(mutex: &tokio::sync::Mutex<u32>, line: &Cell<u32>) {
    line.set(line!() + 1);
    *mutex.lock().await += 1;
}

async fn outer<T>(mutex: &tokio::sync::Mutex<u32>, lines: &[Cell<u32>; 2], _kind: T) {
    lines[1].set(line!() + 1);
    lock(mutex, &lines[0]).await;
}

#[test]
fn an_await_chain_has_its_lines() {
    let mutex = tokio::sync::Mutex::new(0);
    let _held = mutex.try_lock().unwrap();
    let at = [const { Cell::new(0) }; 2];
    let frames = caught(pin!(outer(&mutex, &at, "any")));
    let steps = shown(&frames);
    assert_eq!(lines(&steps), at.each_ref().map(Cell::get), "{frames:#?}");
    assert!(
        steps[0].name.starts_with("tokio::sync::mutex"),
        "{steps:#?}"
    );
    assert!(frames.iter().all(|frame| !frame.module.is_empty()));
    assert!(
        steps
            .iter()
            .all(|step| step.file.as_ref().is_some_and(|file| file.ends_with(".rs")))
    );
    assert_eq!(steps[2].name, "names::outer");
}

#[test]
fn boxed_futures_and_joins_have_their_lines() {
    let mutex = tokio::sync::Mutex::new(0);
    let _held = mutex.try_lock().unwrap();
    let at = [const { Cell::new(0) }; 2];
    let joined = Cell::new(0);
    let mut boxed: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(async {
        joined.set(line!() + 1);
        tokio::join!(outer(&mutex, &at, 1), std::future::ready(()));
    });
    let frames = caught(boxed.as_mut());
    let steps = shown(&frames);
    let found = lines(&steps);
    assert_eq!(found[..2], at.each_ref().map(Cell::get), "{frames:#?}");
    assert!(
        found[2..].iter().all(|line| *line >= joined.get()),
        "{steps:#?}"
    );
}

#[test]
fn the_executable_has_line_tables() {
    start().unwrap();
    let mut symbolizer = Symbolizer::new();
    assert!(symbolizer.debug_info() >= DebugInfo::LineTables);
    symbolizer.forget();
    assert!(symbolizer.debug_info() >= DebugInfo::LineTables);
}
