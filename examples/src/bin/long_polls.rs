//! A task that does not return from a poll, in one of the ways in which that happens.
//!
//! The comment `BLOCKS: name` marks the line that does it. The test `long_polls` compares these lines with what a viewer is
//! told while the poll is under way.

use std::{
    env,
    error::Error,
    fs::File,
    hint::black_box,
    io::{self, Read as _, Seek as _},
    net::ToSocketAddrs as _,
    process,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use taskscope_examples::args;

/// Far longer than anybody looks.
const LONG: Duration = Duration::from_secs(600);

/// A task that does not return from a poll; says `blocked` once it is spawned.
#[derive(Parser)]
#[command(version)]
struct Options {
    #[command(flatten)]
    runtime: args::RuntimeArgs,
    /// What it does instead
    #[arg(long, value_enum)]
    case: Case,
    /// Stop by itself after this long
    #[arg(long = "for", value_name = "DURATION", value_parser = args::duration, default_value = "1m")]
    duration: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Case {
    /// Sleeps
    Sleep,
    /// Waits for a lock of the standard library
    Mutex,
    /// Computes
    Loop,
    /// Computes, in a crate that it depends on
    Dependency,
    /// Reads from a pipe into which nobody writes
    Pipe,
    /// Reads a large file again and again
    File,
    /// Allocates again and again
    Malloc,
    /// Asks for the addresses of hosts
    Dns,
    /// Blocks on a future
    BlockOn,
    /// Sleeps, where that is no fault
    InPlace,
}

async fn sleep() {
    thread::sleep(LONG); // BLOCKS: sleep
}

async fn mutex(lock: Arc<Mutex<u64>>) -> u64 {
    *lock.lock().unwrap_or_else(PoisonError::into_inner) // BLOCKS: mutex
}

async fn compute() {
    let mut n = 0_u64;
    loop {
        n = black_box(n + 1); // BLOCKS: loop
    }
}

async fn parse(text: String) {
    loop {
        let parsed = serde_json::from_str::<Vec<f64>>(&text); // BLOCKS: dependency
        drop(black_box(parsed));
    }
}

async fn pipe(mut end: io::PipeReader) -> io::Result<usize> {
    end.read(&mut [0; 16]) // BLOCKS: pipe
}

async fn file(mut file: File) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        file.rewind()?;
        bytes.clear();
        file.read_to_end(&mut bytes)?; // BLOCKS: file
    }
}

async fn malloc() {
    loop {
        drop(black_box(Vec::<u8>::with_capacity(100))); // BLOCKS: malloc
    }
}

async fn dns() {
    for n in 0_u64.. {
        let host = format!("host-{n}.invalid");
        let _ = black_box((host.as_str(), 80).to_socket_addrs()); // BLOCKS: dns
    }
}

async fn block_on() {
    // A runtime of tokio would refuse this; other executors do not.
    let parked = std::pin::pin!(std::future::pending::<()>());
    executor::block_on(parked); // BLOCKS: block-on
}

async fn in_place() {
    tokio::task::block_in_place(|| {
        thread::sleep(LONG); // BLOCKS: in-place
    });
}

/// An executor of somebody else's, as small as they come.
mod executor {
    use std::{
        future::Future,
        pin::Pin,
        sync::Arc,
        task::{Context, Poll, Wake, Waker},
        thread::{self, Thread},
    };

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    pub(crate) fn block_on<F: Future>(mut future: Pin<&mut F>) -> F::Output {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(), // BLOCKS: block-on
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    taskscope::init(); // before the runtime is built
    let runtime = options.runtime.build()?;
    let task = tokio::task::Builder::new().name("blocked");
    let handle = runtime.handle();
    match options.case {
        Case::Sleep => drop(task.spawn_on(sleep(), handle)?),
        Case::Loop => drop(task.spawn_on(compute(), handle)?),
        Case::Malloc => drop(task.spawn_on(malloc(), handle)?),
        Case::Dns => drop(task.spawn_on(dns(), handle)?),
        Case::BlockOn => drop(task.spawn_on(block_on(), handle)?),
        Case::InPlace => drop(task.spawn_on(in_place(), handle)?),
        Case::Mutex => {
            let lock = Arc::new(Mutex::new(0));
            let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::forget(guard);
            drop(task.spawn_on(mutex(lock), handle)?);
        }
        Case::Pipe => {
            let (end, other) = io::pipe()?;
            std::mem::forget(other);
            drop(task.spawn_on(pipe(end), handle)?);
        }
        Case::File => {
            let large = File::open(env::current_exe()?)?;
            drop(task.spawn_on(file(large), handle)?);
        }
        Case::Dependency => {
            let text = format!("[{}]", vec!["1.25"; 1 << 20].join(","));
            drop(task.spawn_on(parse(text), handle)?);
        }
    }
    println!("blocked");
    thread::sleep(options.duration);
    // The task does not return.
    process::exit(0);
}
