//! Waits for what `tokio::sync` has.

use std::{error::Error, future::pending, sync::Arc};

use tokio::sync::{Barrier, OnceCell, RwLock, Semaphore, broadcast, mpsc, oneshot, watch};

use crate::kept::Kept;

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    locks(kept).await?;
    queues(kept).await?;
    signals(kept).await
}

async fn locks(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let lock = kept.locked();
    kept.task("mutex lock", async move {
        let _guard = lock.lock().await; // WAITS: mutex lock
    })?;
    let lock = kept.locked();
    kept.task("mutex lock owned", async move {
        let _guard = lock.lock_owned().await; // WAITS: mutex lock owned
    })?;
    let lock = Arc::new(RwLock::new(0));
    kept.keep(Arc::clone(&lock).write_owned().await);
    kept.task("rwlock read", async move {
        let _guard = lock.read().await; // WAITS: rwlock read
    })?;
    let lock = Arc::new(RwLock::new(0));
    kept.keep(Arc::clone(&lock).read_owned().await);
    kept.task("rwlock write", async move {
        let _guard = lock.write().await; // WAITS: rwlock write
    })?;
    let permits = Arc::new(Semaphore::new(1));
    kept.keep(Arc::clone(&permits).acquire_owned().await?);
    kept.task("semaphore acquire", async move {
        let _permit = permits.acquire().await; // WAITS: semaphore acquire
    })?;
    let permits = Arc::new(Semaphore::new(3));
    kept.keep(Arc::clone(&permits).acquire_owned().await?);
    kept.task("semaphore acquire many", async move {
        let _permit = permits.acquire_many_owned(3).await; // WAITS: semaphore acquire many
    })?;
    Ok(())
}

async fn queues(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (sender, mut receiver) = mpsc::channel::<u32>(4);
    kept.keep(sender);
    kept.task("mpsc recv", async move {
        receiver.recv().await // WAITS: mpsc recv
    })?;
    let (sender, mut receiver) = mpsc::channel::<u32>(4);
    kept.keep(sender);
    kept.task("mpsc recv many", async move {
        let mut letters = Vec::new();
        receiver.recv_many(&mut letters, 8).await // WAITS: mpsc recv many
    })?;
    let (sender, receiver) = mpsc::channel::<u32>(1);
    sender.send(1).await?;
    kept.keep(receiver);
    kept.task("mpsc send full", async move {
        let _ = sender.send(2).await; // WAITS: mpsc send full
    })?;
    let (sender, receiver) = mpsc::channel::<u32>(1);
    sender.send(1).await?;
    kept.keep(receiver);
    kept.task("mpsc reserve full", async move {
        let _permit = sender.reserve().await; // WAITS: mpsc reserve full
    })?;
    let (sender, receiver) = mpsc::channel::<u32>(1);
    kept.keep(receiver);
    kept.task("mpsc closed", async move {
        sender.closed().await; // WAITS: mpsc closed
    })?;
    let (sender, mut receiver) = mpsc::unbounded_channel::<u32>();
    kept.keep(sender);
    kept.task("unbounded recv", async move {
        receiver.recv().await // WAITS: unbounded recv
    })?;
    let (sender, mut receiver) = broadcast::channel::<u32>(4);
    kept.keep(sender);
    kept.task("broadcast recv", async move {
        let _ = receiver.recv().await; // WAITS: broadcast recv
    })?;
    Ok(())
}

async fn signals(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = oneshot::channel::<u32>();
    kept.keep(sender);
    kept.task("oneshot", async move {
        let _ = receiver.await; // WAITS: oneshot
    })?;
    let (mut sender, receiver) = oneshot::channel::<u32>();
    kept.keep(receiver);
    kept.task("oneshot closed", async move {
        sender.closed().await; // WAITS: oneshot closed
    })?;
    let (sender, mut receiver) = watch::channel(0);
    kept.keep(sender);
    kept.task("watch changed", async move {
        let _ = receiver.changed().await; // WAITS: watch changed
    })?;
    let (sender, mut receiver) = watch::channel(0);
    kept.keep(sender);
    kept.task("watch wait for", async move {
        let _ = receiver.wait_for(|value| *value > 0).await; // WAITS: watch wait for
    })?;
    let notify = kept.notify();
    kept.task("notify", async move {
        notify.notified().await; // WAITS: notify
    })?;
    let barrier = Arc::new(Barrier::new(2));
    kept.task("barrier", async move {
        barrier.wait().await; // WAITS: barrier
    })?;
    let (cell, notify) = (Arc::new(OnceCell::<u32>::new()), kept.notify());
    let (begun, has_begun) = oneshot::channel();
    let same = Arc::clone(&cell);
    kept.task("once cell init", async move {
        let init = || async {
            let _ = begun.send(());
            notify.notified().await; // WAITS: once cell init
            1
        };
        cell.get_or_init(init).await;
    })?;
    has_begun.await?;
    kept.task("once cell wait", async move {
        same.get_or_init(pending).await; // WAITS: once cell wait
    })?;
    Ok(())
}
