//! All at once that is hard on whoever looks into a program: polls that compute and allocate, polls on a stack of their own
//! and within a library that comes and goes, polls that block in calls which a signal would interrupt, panics, threads
//! that end, deep recursion, processes that are started, and signals of the program's own.
//!
//! At its end it says how often each was done, and how many calls were interrupted.

use std::{
    collections::BTreeMap,
    error::Error,
    ffi::{c_char, c_int},
    future::{Future, poll_fn},
    hint::black_box,
    io::{self, Read as _, Write as _},
    panic,
    pin::{Pin, pin},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use clap::Parser;
use libloading::Library;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Signal, getpid, kill_process},
    thread::{NanosleepRelativeResult, nanosleep},
};
use taskscope_examples::{args, clock};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

/// Longer than it takes until a poll is looked at.
const LONG: Duration = Duration::from_millis(350);

/// More than a poll needs.
const STACK: usize = 1 << 20;

/// All at once that is hard on whoever looks into a program
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Send signals to itself, too: these do interrupt calls
    #[arg(long)]
    signals: bool,
    /// Stop after this long
    #[arg(long = "for", value_name = "DURATION", value_parser = args::duration, default_value = "1m")]
    duration: Duration,
}

/// How often something was done.
#[derive(Debug, Default)]
struct Done {
    computed: AtomicU64,
    recursed: AtomicU64,
    grown: AtomicU64,
    loaded: AtomicU64,
    panicked: AtomicU64,
    threads: AtomicU64,
    processes: AtomicU64,
    signals: AtomicU64,
    slept: AtomicU64,
    read: AtomicU64,
    polled: AtomicU64,
    interrupted: AtomicU64,
}

fn count(what: &AtomicU64) {
    what.fetch_add(1, Relaxed);
}

/// Computes and allocates for this long.
fn work(time: Duration) {
    let end = clock::now() + time;
    while clock::now() < end {
        let mut map = BTreeMap::new();
        for n in 0..100_u64 {
            map.insert(n, black_box(vec![n; 16]));
        }
        drop(black_box(map));
    }
}

async fn compute(done: Arc<Done>) {
    loop {
        work(LONG);
        count(&done.computed);
        sleep(Duration::from_millis(5)).await;
    }
}

fn deep(depth: u32) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        match depth {
            0 => work(LONG),
            _ => deep(depth - 1).await,
        }
        sleep(Duration::from_millis(1)).await;
    })
}

async fn recurse(done: Arc<Done>) {
    loop {
        deep(100).await;
        count(&done.recursed);
    }
}

/// Polls that compute and wait on a stack other than their thread's.
async fn grow(done: Arc<Done>) {
    loop {
        let mut within = pin!(async {
            work(LONG);
            sleep(Duration::from_millis(1)).await;
        });
        poll_fn(|context| stacker::grow(STACK, || within.as_mut().poll(context))).await;
        count(&done.grown);
    }
}

/// A library that every system with glibc has, and that nothing else in here uses: it goes when this is dropped.
#[expect(unsafe_code, reason = "libraries run code when they come and go")]
fn library() -> Result<Library, libloading::Error> {
    // SAFETY: the C library's own code for names of hosts; it does nothing when it comes and goes.
    unsafe { Library::new("libresolv.so.2") }
}

/// Computes within the library for this long.
#[expect(unsafe_code, reason = "it is C")]
fn work_within(library: &Library, time: Duration) -> Result<(), libloading::Error> {
    type Encode = unsafe extern "C" fn(*const u8, usize, *mut c_char, usize) -> c_int;
    // SAFETY: the type is that of `b64_ntop`, which `resolv.h` declares.
    let encode = unsafe { library.get::<Encode>("__b64_ntop") }?;
    let bytes = [7_u8; 3 << 10];
    let mut text = [c_char::default(); 5 << 10];
    let end = clock::now() + time;
    while clock::now() < end {
        // SAFETY: it reads and writes no more than it is told of, and `library` stays until it has returned.
        black_box(unsafe { encode(bytes.as_ptr(), bytes.len(), text.as_mut_ptr(), text.len()) });
    }
    Ok(())
}

/// A library comes and goes again and again, and is computed in now and then.
async fn load(done: Arc<Done>) -> Result<(), libloading::Error> {
    loop {
        for _ in 0..100 {
            drop(library()?);
            count(&done.loaded);
        }
        work_within(&library()?, LONG)?;
        count(&done.loaded);
        sleep(Duration::from_millis(5)).await;
    }
}

async fn fail(done: Arc<Done>) {
    loop {
        let failed = tokio::spawn(async {
            sleep(Duration::from_millis(1)).await;
            panic!("on purpose");
        });
        if failed.await.is_err() {
            count(&done.panicked);
        }
    }
}

/// Threads with runtimes of their own, which end.
async fn end_threads(done: Arc<Done>) {
    loop {
        let thread = tokio::task::spawn_blocking(|| {
            let thread = thread::spawn(|| -> io::Result<()> {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    sleep(Duration::from_millis(1)).await;
                    work(Duration::from_millis(5));
                });
                Ok(())
            });
            thread.join().is_ok()
        });
        if thread.await.unwrap_or(false) {
            count(&done.threads);
        }
    }
}

async fn start_processes(done: Arc<Done>) {
    loop {
        // It blocks until that process has ended.
        let status = Command::new("sleep").arg("0.35").status();
        if status.is_ok_and(|status| status.success()) {
            count(&done.processes);
        }
        sleep(Duration::from_millis(5)).await;
    }
}

async fn send_signals(done: Arc<Done>) -> io::Result<()> {
    let mut heard = signal(SignalKind::user_defined1())?;
    loop {
        kill_process(getpid(), Signal::USR1)?;
        heard.recv().await;
        count(&done.signals);
        sleep(Duration::from_millis(3)).await;
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: 0,
        tv_nsec: time.subsec_nanos().into(),
    }
}

async fn sleep_in_poll(done: Arc<Done>) {
    loop {
        match nanosleep(&timespec(LONG)) {
            NanosleepRelativeResult::Interrupted(_) => count(&done.interrupted),
            _ => count(&done.slept),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

async fn read_in_poll(mut end: io::PipeReader, done: Arc<Done>) {
    loop {
        match end.read(&mut [0; 1]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => count(&done.interrupted),
            _ => count(&done.read),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

async fn poll_in_poll(end: io::PipeReader, done: Arc<Done>) {
    loop {
        let mut ends = [PollFd::new(&end, PollFlags::IN)];
        match poll(&mut ends, Some(&timespec(LONG))) {
            Err(rustix::io::Errno::INTR) => count(&done.interrupted),
            _ => count(&done.polled),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    // What is on purpose is not news.
    panic::set_hook(Box::new(|_| {}));
    taskscope::init(); // before the runtime is built
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(12)
        .enable_all()
        .build()?;
    let done = Arc::new(Done::default());
    let (read, mut write) = io::pipe()?;
    let (silent, _kept) = io::pipe()?;
    thread::Builder::new().spawn(move || {
        while write.write_all(&[1]).is_ok() {
            thread::sleep(LONG);
        }
    })?;
    for _ in 0..2 {
        runtime.spawn(compute(Arc::clone(&done)));
    }
    runtime.spawn(recurse(Arc::clone(&done)));
    runtime.spawn(grow(Arc::clone(&done)));
    runtime.spawn(load(Arc::clone(&done)));
    runtime.spawn(fail(Arc::clone(&done)));
    runtime.spawn(end_threads(Arc::clone(&done)));
    runtime.spawn(start_processes(Arc::clone(&done)));
    runtime.spawn(sleep_in_poll(Arc::clone(&done)));
    runtime.spawn(read_in_poll(read, Arc::clone(&done)));
    runtime.spawn(poll_in_poll(silent, Arc::clone(&done)));
    if options.signals {
        runtime.spawn(send_signals(Arc::clone(&done)));
    }
    println!("soaking");
    thread::sleep(options.duration);
    runtime.shutdown_timeout(Duration::from_secs(5));
    let Done {
        computed,
        recursed,
        grown,
        loaded,
        panicked,
        threads,
        processes,
        signals,
        slept,
        read,
        polled,
        interrupted,
    } = &*done;
    let all = [
        ("computed", computed),
        ("recursed", recursed),
        ("grown", grown),
        ("loaded", loaded),
        ("panicked", panicked),
        ("threads", threads),
        ("processes", processes),
        ("signals", signals),
        ("slept", slept),
        ("read", read),
        ("polled", polled),
        ("interrupted", interrupted),
    ];
    for (what, times) in all {
        println!("{what} {}", times.load(Relaxed));
    }
    Ok(())
}
