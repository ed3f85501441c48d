//! Tasks that have waited elsewhere before, or for something else: only what they wait for now counts.

use std::{error::Error, future::ready, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, Notify, mpsc, oneshot},
    task::yield_now,
    time::{sleep, timeout},
};

use crate::kept::Kept;

/// Enough for everybody to get to the first wait.
const WHILE: Duration = Duration::from_millis(50);

/// How often some are woken.
const ROUNDS: u32 = 300;

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    alone(kept).await?;
    after(kept).await?;
    rounds(kept).await?;
    in_a_select(kept).await
}

/// What a task waits at first, and what is told when it is past that.
fn first() -> (Arc<Notify>, oneshot::Sender<()>, oneshot::Receiver<()>) {
    let (past, is_past) = oneshot::channel();
    (Arc::default(), past, is_past)
}

async fn alone(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let notify = kept.notify();
    kept.task("after yields", async move {
        for _ in 0..10 {
            yield_now().await;
        }
        notify.notified().await; // WAITS: after yields
    })?;
    let (notify, lock) = (kept.notify(), kept.locked());
    kept.task("after a timeout", async move {
        sleep(Duration::from_millis(5)).await;
        let _ = timeout(Duration::from_millis(5), notify.notified()).await;
        let _ = timeout(Duration::from_millis(5), lock.lock()).await;
        notify.notified().await; // WAITS: after a timeout
    })?;
    let (notify, lock) = (kept.notify(), kept.locked());
    kept.task("after a branch not taken", async move {
        tokio::select! {
            biased;
            _ = lock.lock() => {}
            () = notify.notified() => {}
            () = ready(()) => {}
        }
        notify.notified().await; // WAITS: after a branch not taken
    })?;
    let notify = kept.notify();
    kept.task("pinned, awaited later", async move {
        let mut end = Box::pin(notify.notified());
        tokio::select! { // NOT: it was first polled here
            () = &mut end => {}
            () = sleep(Duration::from_millis(5)) => {}
        }
        end.await; // WAITS: pinned, awaited later
    })?;
    let notify = kept.notify();
    kept.task("a block, awaited later", async move {
        let mut end = Box::pin(async move {
            notify.notified().await; // WAITS: a block, awaited later
        });
        tokio::select! {
            () = &mut end => {}
            () = sleep(Duration::from_millis(5)) => {}
        }
        end.await;
    })?;
    sleep(WHILE).await;
    Ok(())
}

async fn after(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (notify, past, notify_past) = first();
    let (once, second) = (Arc::clone(&notify), kept.notify());
    kept.task("second notify", async move {
        once.notified().await;
        let _ = past.send(());
        second.notified().await; // WAITS: second notify
    })?;
    let (lock, past, lock_past) = {
        let (_, past, is_past) = first();
        (Arc::new(Mutex::new(0)), past, is_past)
    };
    let guard = Arc::clone(&lock).lock_owned().await;
    let second = kept.locked();
    kept.task("second lock", async move {
        let _first = lock.lock().await;
        let _ = past.send(());
        let _second = second.lock().await; // WAITS: second lock
    })?;
    let (third, past, third_past) = first();
    let (once, lock) = (Arc::clone(&third), kept.locked());
    kept.task("lock after notify", async move {
        once.notified().await;
        let _ = past.send(());
        let _guard = lock.lock().await; // WAITS: lock after notify
    })?;
    let (fourth, past, fourth_past) = first();
    let (once, second) = (Arc::clone(&fourth), kept.notify());
    kept.task("join, one done", async move {
        let done = async {
            once.notified().await;
            let _ = past.send(());
        };
        let other = async {
            second.notified().await; // WAITS: join, one done
        };
        tokio::join!(done, other)
    })?;
    let (fifth, past, fifth_past) = first();
    let (once, second, third_notify) = (Arc::clone(&fifth), kept.notify(), kept.notify());
    kept.task("join, one further", async move {
        let further = async {
            once.notified().await;
            let _ = past.send(());
            second.notified().await; // WAITS: join, one further
        };
        let other = async {
            third_notify.notified().await; // WAITS: join, one further
        };
        tokio::join!(further, other)
    })?;
    sleep(WHILE).await;
    notify.notify_one();
    drop(guard);
    third.notify_one();
    fourth.notify_one();
    fifth.notify_one();
    for is_past in [notify_past, lock_past, third_past, fourth_past, fifth_past] {
        is_past.await?;
    }
    Ok(())
}

/// Sends so many letters, one at a time; returns when the last is taken.
async fn send(letters: &mpsc::Sender<u32>) -> Result<(), Box<dyn Error>> {
    for round in 0..ROUNDS {
        letters.send(round).await?;
        yield_now().await;
    }
    drop(letters.reserve().await?);
    Ok(())
}

async fn rounds(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (letters, mut receiver) = mpsc::channel(1);
    kept.task("loop", async move {
        loop {
            receiver.recv().await; // WAITS: loop
        }
    })?;
    send(&letters).await?;
    kept.keep(letters);
    let (letters, mut receiver) = mpsc::channel(1);
    let lock = Arc::new(Mutex::new(0));
    kept.task("loop with a lock", async move {
        loop {
            receiver.recv().await; // WAITS: loop with a lock
            *lock.lock().await += 1;
        }
    })?;
    send(&letters).await?;
    kept.keep(letters);
    let (letters, mut receiver) = mpsc::channel(1);
    let notify = kept.notify();
    kept.task("join with a loop", async move {
        let end = async {
            notify.notified().await; // WAITS: join with a loop
        };
        let work = async {
            while receiver.recv().await.is_some() {} // WAITS: join with a loop
        };
        tokio::join!(end, work)
    })?;
    send(&letters).await?;
    kept.keep(letters);
    Ok(())
}

async fn in_a_select(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (letters, mut receiver) = mpsc::channel(1);
    let notify = kept.notify();
    kept.task("select loop, resumed", async move {
        let end = async {
            notify.notified().await; // WAITS: select loop, resumed
        };
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! { // WAITS: select loop, resumed
                letter = receiver.recv() => if letter.is_none() { break },
                () = &mut end => break,
            }
        }
    })?;
    send(&letters).await?;
    kept.keep(letters);
    let (letters, mut receiver) = mpsc::channel(1);
    let (notify, lock, (_, past, is_past)) = (kept.notify(), kept.locked(), first());
    kept.task("select's handler", async move {
        let mut past = Some(past);
        let mut end = std::pin::pin!(notify.notified());
        loop {
            tokio::select! {
                letter = receiver.recv() => match letter {
                    Some(_) => {
                        let _ = past.take().map(|past| past.send(()));
                        handle(&lock).await;
                    }
                    None => break,
                },
                () = &mut end => break,
            }
        }
    })?;
    sleep(WHILE).await;
    letters.send(1).await?;
    is_past.await?;
    kept.keep(letters);
    let (letters, mut receiver) = mpsc::channel(1);
    let (notify, other, (_, past, is_past)) = (kept.notify(), kept.notify(), first());
    kept.task("select's handler, no lock", async move {
        let mut past = Some(past);
        let mut end = std::pin::pin!(notify.notified());
        loop {
            tokio::select! { // NOT: polled before, and not now
                letter = receiver.recv() => match letter {
                    Some(_) => {
                        let _ = past.take().map(|past| past.send(()));
                        other.notified().await; // WAITS: select's handler, no lock
                    }
                    None => break,
                },
                () = &mut end => break,
            }
        }
    })?;
    sleep(WHILE).await;
    letters.send(1).await?;
    is_past.await?;
    kept.keep(letters);
    Ok(())
}

async fn handle(lock: &Mutex<u32>) {
    let _guard = lock.lock().await; // WAITS: select's handler
}
