//! Waits for several things side by side.

use std::{error::Error, pin::pin, sync::Arc};

use futures_util::{
    StreamExt as _,
    future::{self, BoxFuture, FutureExt as _},
    stream::{self, FuturesOrdered, FuturesUnordered},
};
use tokio::{
    sync::{Mutex, Notify, mpsc, oneshot},
    time::sleep,
};

use crate::{kept::Kept, tasks::LONG};

async fn lock(lock: &Mutex<u32>) {
    let _guard = lock.lock().await; // WAITS: select of two; join of three; select of all three; futures join; select_all
}

async fn letter(receiver: &mut mpsc::Receiver<u32>) {
    receiver.recv().await; // WAITS: select of two; join of three; select of all three; futures join; select_all
}

async fn notified(notify: &Notify) {
    notify.notified().await; // WAITS: join of three; select of all three; try join; futures join; join_all
}

async fn rest() {
    sleep(LONG).await; // WAITS: select_all
}

async fn fallible(receiver: oneshot::Receiver<u32>) -> Result<u32, oneshot::error::RecvError> {
    receiver.await // WAITS: try join
}

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    select(kept)?;
    join(kept)?;
    sets(kept)?;
    buffers(kept)
}

fn letters(kept: &mut Kept) -> mpsc::Receiver<u32> {
    let (sender, receiver) = mpsc::channel(4);
    kept.keep(sender);
    receiver
}

fn answer(kept: &mut Kept) -> oneshot::Receiver<u32> {
    let (sender, receiver) = oneshot::channel();
    kept.keep(sender);
    receiver
}

fn select(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (mutex, mut receiver) = (kept.locked(), letters(kept));
    kept.task("select of two", async move {
        tokio::select! {
            () = lock(&mutex) => {}
            () = letter(&mut receiver) => {}
        }
    })?;
    let (mutex, mut receiver, notify) = (kept.locked(), letters(kept), kept.notify());
    kept.task("select of all three", async move {
        tokio::select! {
            biased;
            () = lock(&mutex) => {}
            () = letter(&mut receiver) => {}
            () = notified(&notify) => {}
        }
    })?;
    let (mut receiver, notify) = (letters(kept), kept.notify());
    kept.task("select, direct", async move {
        // What the runtime's own futures are polled in is the macro.
        tokio::select! { // WAITS: select, direct
            _ = receiver.recv() => {}
            () = notify.notified() => {}
        }
    })?;
    let (mut receiver, notify) = (letters(kept), kept.notify());
    kept.task("select loop, pinned", async move {
        let mut end = pin!(notify.notified());
        loop {
            tokio::select! { // WAITS: select loop, pinned
                letter = receiver.recv() => if letter.is_none() { break },
                () = &mut end => break,
            }
        }
    })?;
    let (mutex, notify) = (kept.locked(), kept.notify());
    kept.task("futures select", async move {
        let one = pin!(async {
            let _guard = mutex.lock().await; // WAITS: futures select
        });
        let other = pin!(async {
            notify.notified().await; // WAITS: futures select
        });
        future::select(one, other).await;
    })?;
    let (mutex, mut receiver) = (kept.locked(), letters(kept));
    kept.task("select_all", async move {
        let all: [BoxFuture<'_, ()>; 3] = [
            lock(&mutex).boxed(),
            letter(&mut receiver).boxed(),
            rest().boxed(),
        ];
        future::select_all(all).await;
    })?;
    Ok(())
}

fn join(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (mutex, mut receiver, notify) = (kept.locked(), letters(kept), kept.notify());
    kept.task("join of three", async move {
        tokio::join!(lock(&mutex), letter(&mut receiver), notified(&notify));
    })?;
    let (receiver, notify) = (answer(kept), kept.notify());
    kept.task("try join", async move {
        let other = async {
            notified(&notify).await;
            Ok(())
        };
        tokio::try_join!(fallible(receiver), other)
    })?;
    let (mutex, mut receiver, notify) = (kept.locked(), letters(kept), kept.notify());
    kept.task("futures join", async move {
        future::join3(lock(&mutex), letter(&mut receiver), notified(&notify)).await;
    })?;
    let notify = kept.notify();
    kept.task("join of one that is done", async move {
        let done = async { 1 };
        let other = async {
            notify.notified().await; // WAITS: join of one that is done
        };
        tokio::join!(done, other)
    })?;
    let notify = kept.notify();
    kept.task("join_all", async move {
        future::join_all((0..3).map(|_| notified(&notify))).await;
    })?;
    let notify = kept.notify();
    kept.task("join of six", async move {
        tokio::join!(
            async { notify.notified().await }, // WAITS: join of six
            async { notify.notified().await }, // WAITS: join of six
            async { notify.notified().await }, // WAITS: join of six
            async { notify.notified().await }, // WAITS: join of six
            async { notify.notified().await }, // WAITS: join of six
            async { notify.notified().await }, // WAITS: join of six
        )
    })?;
    let mutex = kept.locked();
    kept.task("join of six locks", async move {
        tokio::join!(
            async { *mutex.lock().await }, // WAITS: join of six locks
            async { *mutex.lock().await }, // WAITS: join of six locks
            async { *mutex.lock().await }, // WAITS: join of six locks
            async { *mutex.lock().await }, // WAITS: join of six locks
            async { *mutex.lock().await }, // WAITS: join of six locks
            async { *mutex.lock().await }, // WAITS: join of six locks
        )
    })?;
    Ok(())
}

fn sets(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let mutex = kept.locked();
    kept.task("unordered locks", async move {
        let mut set: FuturesUnordered<BoxFuture<'static, u32>> = FuturesUnordered::new();
        let same = Arc::clone(&mutex);
        set.push(Box::pin(async move {
            *mutex.lock().await // WAITS: unordered locks
        }));
        set.push(Box::pin(async move {
            *same.lock().await // WAITS: unordered locks
        }));
        while set.next().await.is_some() {} // AROUND: unordered locks
    })?;
    let notify = kept.notify();
    kept.task("unordered notify", async move {
        let mut set = FuturesUnordered::new();
        set.push(async move {
            notify.notified().await; // WAITS: unordered notify
        });
        while set.next().await.is_some() {} // AROUND: unordered notify
    })?;
    let receiver = answer(kept);
    kept.task("ordered oneshot", async move {
        let mut set = FuturesOrdered::new();
        set.push_back(async move {
            let _ = receiver.await; // WAITS: ordered oneshot
        });
        set.next().await // AROUND: ordered oneshot
    })?;
    let notify = kept.notify();
    kept.task("join_all of forty", async move {
        let one = |_| async {
            notify.notified().await; // WAITS: join_all of forty
        };
        future::join_all((0..40).map(one)).await; // AROUND: join_all of forty
    })?;
    Ok(())
}

fn buffers(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let mutex = kept.locked();
    kept.task("buffer_unordered", async move {
        let work = stream::iter(0..4).map(|_| async {
            *mutex.lock().await // WAITS: buffer_unordered
        });
        work.buffer_unordered(2).count().await // AROUND: buffer_unordered
    })?;
    let mutex = kept.locked();
    kept.task("buffered", async move {
        let work = stream::iter(0..4).map(|_| async {
            *mutex.lock().await // WAITS: buffered
        });
        work.buffered(2).count().await // AROUND: buffered
    })?;
    let mutex = kept.locked();
    kept.task("for_each_concurrent", async move {
        let work = stream::iter(0..4).for_each_concurrent(2, |_| async {
            let _guard = mutex.lock().await; // WAITS: for_each_concurrent
        });
        work.await; // AROUND: for_each_concurrent
    })?;
    let notify = kept.notify();
    kept.task("for_each", async move {
        let work = stream::iter(0..4).for_each(|_| async {
            notify.notified().await; // WAITS: for_each
        });
        work.await;
    })?;
    Ok(())
}
