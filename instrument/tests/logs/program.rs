//! The program whose logs are compared: all the ways in which spans and events come about in a tokio program.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{LocalSet, yield_now};
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{
    Instrument, Level, Span, debug, debug_span, error_span, info, info_span, instrument, trace,
    trace_span, warn,
};

use crate::child::Out;

#[instrument]
async fn work(n: u32) -> u32 {
    info!("in work");
    yield_now().await;
    debug!(current = ?current(), "after a yield");
    inner(n + 1).await
}

#[instrument(level = "debug", skip_all, fields(k))]
async fn inner(n: u32) -> u32 {
    Span::current().record("k", n);
    yield_now().await;
    trace!(n, "inner");
    std::future::ready(()).await;
    n
}

#[instrument(ret, err)]
async fn fails() -> Result<u32, String> {
    yield_now().await;
    Err("boom".into())
}

fn current() -> Option<&'static str> {
    Span::current().metadata().map(|metadata| metadata.name())
}

pub(crate) fn run(runtime: &Runtime, set_level: &dyn Fn(LevelFilter), out: &Out) {
    info!("start");
    // In one task, so that all of it has its place in one order on any runtime.
    let notes = out.clone();
    let main = runtime.spawn(async move {
        tasks(&notes)
            .instrument(info_span!("root", who = "me"))
            .await
    });
    runtime.block_on(main).expect("no panic");
    local_tasks(runtime);
    nested_runtime();
    spans_without_tasks(out);
    for level in [LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::INFO] {
        set_level(level);
        levels(out);
    }
    // The last: a level that it opened stays open for a subscriber that closes it by its hint alone.
    another_subscriber(out);
    out.line("the end");
}

async fn tasks(out: &Out) {
    assert_eq!(work(1).await, 2);
    tokio::spawn(work(5).in_current_span())
        .await
        .expect("no panic");
    tokio::spawn(work(7)).await.expect("no panic");
    fails().await.expect_err("it does");
    // Its polls differ from run to run, so no span of ours is in it.
    let timer = tokio::time::sleep(Duration::from_millis(1));
    tokio::spawn(timer).await.expect("no panic");
    locks().await;
    blocking().await;

    let follower = info_span!("follower");
    follower.follows_from(Span::current());
    follower.in_scope(|| info!("followed"));
    info!(parent: &follower, "explicit parent");
    let (sender, receiver) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let _entered = error_span!("sender").entered();
        sender.send(1).expect("somebody receives");
    });
    receiver.await.expect("a number");

    let aborted = tokio::spawn(std::future::pending::<()>().instrument(info_span!("aborted")));
    yield_now().await;
    aborted.abort();
    aborted.await.expect_err("it was");
    drop(Span::current().clone());
    let trace = tracing_error::SpanTrace::capture();
    out.line(&format!("span trace: {:?}\n{trace}", trace.status()));
}

async fn locks() {
    let mutex = Arc::new(tokio::sync::Mutex::new(0));
    let guard = mutex.lock().await;
    let theirs = Arc::clone(&mutex);
    let waiter = async move {
        let span = info_span!("locked");
        let _guard = theirs.lock().instrument(span).await;
        info!("got it");
    };
    let waiter = tokio::spawn(waiter.instrument(debug_span!("waiter")));
    yield_now().await;
    info!(parent: None, "root event");
    drop(guard);
    waiter.await.expect("no panic");
}

async fn blocking() {
    let span = Span::current();
    let (go, wait) = mpsc::channel();
    let closure = tokio::task::spawn_blocking(move || {
        wait.recv().expect("the word to go");
        let _entered = span.enter();
        warn!(current = ?current(), "in blocking");
    });
    // It goes once this task waits, so that the lines of both have one order.
    let after_this_poll = async move { go.send(()).expect("it waits") };
    tokio::spawn(after_this_poll);
    closure.await.expect("no panic");
}

fn local_tasks(runtime: &Runtime) {
    let local = LocalSet::new();
    let task = async {
        tokio::task::spawn_local(work(9)).await.expect("no panic");
        tokio::task::spawn_local(work(10).in_current_span())
            .await
            .expect("no panic");
    };
    local.block_on(runtime, task.instrument(info_span!("local")));
}

fn nested_runtime() {
    let nested = || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let _entered = info_span!("thread").entered();
        let work = async { tokio::spawn(work(20)).await.expect("no panic") };
        runtime.expect("a runtime").block_on(work);
    };
    let thread = thread::Builder::new().name("nested".into()).spawn(nested);
    thread.expect("a thread").join().expect("no panic");
}

fn spans_without_tasks(out: &Out) {
    let parent = info_span!("parent", field = Empty);
    parent.record("field", "late");
    let child = trace_span!(parent: &parent, "child");
    let clone = child.clone();
    drop(child);
    clone.in_scope(|| trace!("in a clone"));
    drop(parent);
    clone.in_scope(|| debug!(target: "elsewhere", "its parent is held by it alone"));
    out.line(&format!(
        "current {:?}, disabled {}, id {}",
        current(),
        Span::current().is_disabled(),
        Span::current().id().is_some()
    ));
    log::info!("a record");
    log::debug!(target: "elsewhere", "a record with a target");
}

fn another_subscriber(out: &Out) {
    let (theirs, writer) = (Out::default(), Out::default());
    let into = writer.clone();
    let other = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_max_level(Level::DEBUG)
        .with_writer(move || into.clone())
        .finish();
    let span = info_span!("outside");
    tracing::subscriber::with_default(other, || {
        let _entered = info_span!("scoped").entered();
        debug!("scoped event");
        span.in_scope(|| debug!("a span of one, an event of the other"));
        drop(tokio::sync::oneshot::channel::<u32>());
    });
    theirs.line(&String::from_utf8(writer.text()).expect("text"));
    out.line(&String::from_utf8(theirs.text()).expect("text"));
    span.in_scope(|| info!("back outside"));
}

fn levels(out: &Out) {
    let _entered = debug_span!("debug span").entered();
    trace!("trace");
    debug!("debug");
    info!("info");
    log::debug!("a debug record");
    out.line(&format!(
        "enabled: {} {} {}",
        tracing::enabled!(Level::TRACE),
        tracing::enabled!(Level::DEBUG),
        tracing::enabled!(Level::INFO)
    ));
}
