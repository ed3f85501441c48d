//! Waits in crates other than the runtime.

use std::{error::Error, pin::pin, sync::Arc, time::Duration};

use futures_channel::{mpsc, oneshot};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _, future::pending, stream};
use tokio::{io::duplex, sync::mpsc as tokio_mpsc};
use tokio_stream::{StreamMap, wrappers::ReceiverStream};
use tokio_util::{
    codec::{Framed, LinesCodec},
    sync::CancellationToken,
    task::TaskTracker,
};

use crate::kept::Kept;

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    futures(kept).await?;
    streams(kept)?;
    util(kept)?;
    async_crates(kept).await
}

async fn futures(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (sender, mut receiver) = mpsc::channel::<u32>(1);
    kept.keep(sender);
    kept.task("futures mpsc", async move {
        receiver.next().await // WAITS: futures mpsc
    })?;
    let (mut sender, receiver) = mpsc::channel::<u32>(0);
    sender.try_send(1)?;
    kept.keep(receiver);
    kept.task("futures mpsc send", async move {
        let _ = sender.send(2).await; // WAITS: futures mpsc send
    })?;
    let (sender, receiver) = oneshot::channel::<u32>();
    kept.keep(sender);
    kept.task("futures oneshot", async move {
        let _ = receiver.await; // WAITS: futures oneshot
    })?;
    let lock = Arc::new(futures_util::lock::Mutex::new(0));
    kept.keep(Arc::clone(&lock).lock_owned().await);
    kept.task("futures mutex", async move {
        let _guard = lock.lock().await; // WAITS: futures mutex
    })?;
    let notify = kept.notify();
    let shared = async move {
        notify.notified().await; // WAITS: futures shared
    };
    let shared = shared.shared();
    kept.task("futures shared", async move {
        shared.await; // AROUND: futures shared
    })?;
    Ok(())
}

fn streams(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = tokio_mpsc::channel::<u32>(4);
    kept.keep(sender);
    kept.task("receiver stream", async move {
        let mut letters = ReceiverStream::new(receiver);
        tokio_stream::StreamExt::next(&mut letters).await // WAITS: receiver stream
    })?;
    let (sender, receiver) = tokio_mpsc::channel::<u32>(4);
    kept.keep(sender);
    kept.task("stream map", async move {
        let mut letters = StreamMap::new();
        letters.insert("one", ReceiverStream::new(receiver));
        letters.next().await // WAITS: stream map
    })?;
    let notify = kept.notify();
    kept.task("async stream", async move {
        let numbers = async_stream::stream! {
            for number in 0..4 {
                notify.notified().await; // WAITS: async stream
                yield number;
            }
        };
        let mut numbers = pin!(numbers);
        numbers.next().await
    })?;
    let notify = kept.notify();
    kept.task("unfold", async move {
        let numbers = stream::unfold(0, |number| {
            let notify = &notify;
            async move {
                notify.notified().await; // WAITS: unfold
                Some((number, number + 1))
            }
        });
        let mut numbers = pin!(numbers);
        numbers.next().await
    })?;
    let notify = kept.notify();
    kept.task("then, map and collect", async move {
        let slow = |number: u32| {
            let notify = &notify;
            async move {
                notify.notified().await; // WAITS: then, map and collect
                number
            }
        };
        let numbers = stream::iter(0..4).then(slow);
        let more = numbers.map(|number| number + 1);
        more.collect::<Vec<_>>().await
    })?;
    Ok(())
}

fn util(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let token = CancellationToken::new();
    kept.keep(token.clone());
    kept.task("cancelled", async move {
        token.cancelled().await; // WAITS: cancelled
    })?;
    let token = CancellationToken::new();
    kept.keep(token.clone());
    let lock = kept.locked();
    kept.task("run until cancelled", async move {
        let work = async {
            let _guard = lock.lock().await; // WAITS: run until cancelled
        };
        token.run_until_cancelled(work).await // WAITS: run until cancelled
    })?;
    let tracker = TaskTracker::new();
    tracker.spawn(pending::<()>());
    tracker.close();
    kept.task("task tracker", async move {
        tracker.wait().await; // WAITS: task tracker
    })?;
    let (one, other) = duplex(16);
    kept.keep(one);
    kept.task("framed next", async move {
        let mut lines = Framed::new(other, LinesCodec::new());
        lines.next().await // WAITS: framed next
    })?;
    let (one, other) = duplex(16);
    kept.keep(one);
    kept.task("framed send", async move {
        let mut lines = Framed::new(other, LinesCodec::new());
        let _ = lines.send("a line longer than the pipe").await; // WAITS: framed send
    })?;
    Ok(())
}

async fn async_crates(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = async_channel::bounded::<u32>(1);
    kept.keep(sender);
    kept.task("async-channel recv", async move {
        let _ = receiver.recv().await; // WAITS: async-channel recv
    })?;
    let (sender, receiver) = async_channel::bounded::<u32>(1);
    sender.send(1).await?;
    kept.keep(receiver);
    kept.task("async-channel send", async move {
        let _ = sender.send(2).await; // WAITS: async-channel send
    })?;
    let lock = Arc::new(async_lock::Mutex::new(0));
    kept.keep(lock.lock_arc().await);
    kept.task("async-lock mutex", async move {
        let _guard = lock.lock().await; // WAITS: async-lock mutex
    })?;
    let permits = Arc::new(async_lock::Semaphore::new(0));
    kept.task("async-lock semaphore", async move {
        let _permit = permits.acquire().await; // WAITS: async-lock semaphore
    })?;
    let notify = kept.notify();
    let cache = moka::future::Cache::<u32, u32>::new(8);
    kept.task("cache load", async move {
        let load = async {
            notify.notified().await; // WAITS: cache load
            7
        };
        cache.get_with(1, load).await
    })?;
    let notify = kept.notify();
    let cache = moka::future::Cache::<u32, u32>::builder()
        .time_to_live(Duration::from_secs(60))
        .build();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let same = cache.clone();
    tokio::spawn(async move {
        let load = async {
            let _ = begun.send(());
            notify.notified().await;
            7
        };
        same.get_with(1, load).await
    });
    has_begun.await?;
    kept.task("cache wait", async move {
        cache.get_with(1, pending()).await // WAITS: cache wait
    })?;
    Ok(())
}
