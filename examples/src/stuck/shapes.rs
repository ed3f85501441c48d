//! Futures of every shape around a wait.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _, future::BoxFuture};
use tokio::{
    sync::{Mutex, Notify, mpsc},
    task::coop::unconstrained,
};

use crate::kept::Kept;

fn descend(depth: u32, lock: Arc<Mutex<u32>>) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if depth == 0 {
            let _guard = lock.lock().await; // WAITS: boxed recursion
        } else {
            descend(depth - 1, lock).await; // AROUND: boxed recursion
        }
    })
}

async fn down(depth: u32, notify: &Notify) {
    if depth == 0 {
        return notify.notified().await; // WAITS: recursive async fn
    }
    Box::pin(down(depth - 1, notify)).await; // AROUND: recursive async fn
}

async fn one(notify: &Notify) {
    notify.notified().await; // WAITS: six deep
}

async fn two(notify: &Notify) {
    one(notify).await;
}

async fn three(notify: &Notify) {
    two(notify).await;
}

async fn four(notify: &Notify) {
    three(notify).await;
}

async fn five(notify: &Notify) {
    four(notify).await;
}

#[async_trait]
trait Store {
    async fn load(&self) -> u32;
}

struct Slow(Arc<Notify>);

#[async_trait]
impl Store for Slow {
    async fn load(&self) -> u32 {
        self.0.notified().await; // WAITS: async_trait
        7
    }
}

trait Native {
    fn save(&self) -> impl Future<Output = ()> + Send;
}

impl Native for Slow {
    async fn save(&self) {
        self.0.notified().await; // WAITS: async fn in a trait
    }
}

async fn generic<S: Native>(store: S) {
    store.save().await;
}

/// Numbers from a channel, doubled.
struct Doubled(mpsc::Receiver<u32>);

impl Stream for Doubled {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<u32>> {
        let received = self.0.poll_recv(context); // WAITS: stream by hand
        received.map(|number| number.map(|number| number * 2))
    }
}

/// Another future, and how often it was polled.
struct Counted<F> {
    inner: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.polls += 1;
        self.inner.as_mut().poll(context) // WAITS: future by hand
    }
}

/// Keeps its waker itself.
struct Flag(Option<std::task::Waker>);

impl Future for Flag {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0 = Some(context.waker().clone()); // WAITS: leaf by hand
        Poll::Pending
    }
}

async fn call<F: Future<Output = ()>>(function: impl Fn() -> F) {
    function().await;
}

pub(crate) fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    depths(kept)?;
    dynamic(kept)?;
    by_hand(kept)?;
    closures(kept)
}

fn depths(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let lock = kept.locked();
    kept.task("boxed recursion", descend(3, lock))?;
    let notify = kept.notify();
    kept.task("recursive async fn", async move {
        down(3, &notify).await;
    })?;
    let notify = kept.notify();
    kept.task("six deep", async move {
        five(&notify).await;
    })?;
    Ok(())
}

fn dynamic(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let notify = kept.notify();
    let boxed: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
        notify.notified().await; // WAITS: boxed dyn
    });
    kept.task("boxed dyn", async move {
        boxed.await;
    })?;
    let store: Box<dyn Store + Send + Sync> = Box::new(Slow(kept.notify()));
    kept.task("async_trait", async move {
        store.load().await;
    })?;
    let store = Slow(kept.notify());
    kept.task("async fn in a trait", generic(store))?;
    Ok(())
}

fn by_hand(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = mpsc::channel(4);
    kept.keep(sender);
    kept.task("stream by hand", async move {
        Doubled(receiver).next().await;
    })?;
    let notify = kept.notify();
    kept.task("future by hand", async move {
        let inner = Box::pin(notify.notified());
        Counted { inner, polls: 0 }.await;
    })?;
    kept.task("leaf by hand", Flag(None))?;
    let lock = kept.locked();
    kept.task("poll_fn", async move {
        let mut locking = Box::pin(lock.lock());
        let _guard = std::future::poll_fn(|context| {
            locking.as_mut().poll(context) // WAITS: poll_fn
        })
        .await;
    })?;
    Ok(())
}

fn closures(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let notify = kept.notify();
    let work = async move || {
        notify.notified().await; // WAITS: async closure
    };
    kept.task("async closure", async move {
        work().await;
    })?;
    let notify = kept.notify();
    kept.task("async fn argument", async move {
        let function = || async {
            notify.notified().await; // WAITS: async fn argument
        };
        call(function).await;
    })?;
    let notify = kept.notify();
    kept.task("unconstrained", async move {
        unconstrained(notify.notified()).await; // WAITS: unconstrained
    })?;
    tokio::task_local! {
        static NUMBER: u32;
    }
    let notify = kept.notify();
    let work = async move {
        notify.notified().await; // WAITS: task local
    };
    kept.task("task local", NUMBER.scope(7, work))?;
    let notify = kept.notify();
    kept.task("chain over lines", async move {
        notify.notified().await; // WAITS: chain over lines
    })?;
    Ok(())
}
