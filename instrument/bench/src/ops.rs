//! The operations, and how each is measured.
//!
//! First everything runs for a moment and the process rests, so that an instrument can learn tokio's callsites and
//! settle. Then, for each operation, warm-up runs double their count until one is long enough to tell how many
//! operations fill a repetition; so a slow instrument does fewer of them, and every variant takes about the same
//! time. The wall time is the best repetition's: short ones, many of them, so that on a busy machine some meet nobody.
//! The CPU time of the thread, which needs no such luck, is the median repetition's. The CPU time of the process is the
//! total of them all, so that nothing that an instrument does beside them hides.

use std::{
    future::Future,
    hint::black_box,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::Runtime,
    sync::{Mutex, mpsc, oneshot},
    task::JoinError,
};

use crate::meter::{Cost, Meter};

/// How often an operation is measured for one sample.
const REPETITIONS: usize = 15;
/// How long one repetition should take.
const REPETITION: Duration = Duration::from_millis(10);
/// How long the last run of a warm-up takes at least.
const WARM_UP: Duration = Duration::from_millis(3);
/// How long the process rests after everything has run once.
const SETTLE: Duration = Duration::from_millis(300);

/// One operation; what counts as one is said at each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// One poll of a future that wakes itself and is pending.
    Poll,
    /// One `yield_now().await`.
    Yield,
    /// One `tokio::spawn` of an empty task, and the wait for it.
    Spawn,
    /// One round trip between two tasks over channels of capacity 1: two messages, two waits, two wakes.
    PingPong,
    /// One lock and unlock of a free `tokio::sync::Mutex`.
    Mutex,
    /// One send and one receive on a bounded channel with room.
    Mpsc,
    /// One `oneshot`: made, sent, received.
    Oneshot,
    /// One `Sleep`: made and dropped.
    Sleep,
}

/// A name that is no operation's.
#[derive(Debug, thiserror::Error)]
#[error("there is no operation `{0}`")]
pub(crate) struct UnknownOp(String);

impl Op {
    const ALL: [Self; 8] = [
        Self::Poll,
        Self::Yield,
        Self::Spawn,
        Self::PingPong,
        Self::Mutex,
        Self::Mpsc,
        Self::Oneshot,
        Self::Sleep,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Yield => "yield",
            Self::Spawn => "spawn",
            Self::PingPong => "pingpong",
            Self::Mutex => "mutex",
            Self::Mpsc => "mpsc",
            Self::Oneshot => "oneshot",
            Self::Sleep => "sleep",
        }
    }

    async fn run(self, count: u64) -> Option<()> {
        match self {
            Self::Poll => SelfWaking(count).await,
            Self::Yield => {
                for _ in 0..count {
                    tokio::task::yield_now().await;
                }
            }
            Self::Spawn => {
                for _ in 0..count {
                    tokio::spawn(async {}).await.ok()?;
                }
            }
            Self::PingPong => {
                let (ping, mut pings) = mpsc::channel::<u64>(1);
                let (pong, mut pongs) = mpsc::channel::<u64>(1);
                let other = tokio::spawn(async move {
                    while let Some(ball) = pings.recv().await {
                        if pong.send(ball).await.is_err() {
                            break;
                        }
                    }
                });
                for ball in 0..count {
                    ping.send(ball).await.ok()?;
                    black_box(pongs.recv().await?);
                }
                drop(ping);
                other.await.ok()?;
            }
            Self::Mutex => {
                let counter = Arc::new(Mutex::new(0u64));
                for _ in 0..count {
                    *black_box(counter.lock().await) += 1;
                }
            }
            Self::Mpsc => {
                let (sender, mut receiver) = mpsc::channel(16);
                for message in 0..count {
                    sender.send(message).await.ok()?;
                    black_box(receiver.recv().await?);
                }
            }
            Self::Oneshot => {
                for message in 0..count {
                    let (sender, receiver) = oneshot::channel();
                    sender.send(message).ok()?;
                    black_box(receiver.await.ok()?);
                }
            }
            Self::Sleep => {
                for _ in 0..count {
                    drop(black_box(tokio::time::sleep(Duration::from_secs(100))));
                }
            }
        }
        Some(())
    }
}

/// Reads `poll,spawn,…`.
pub(crate) fn parse(list: &str) -> Result<Vec<Op>, UnknownOp> {
    list.split(',')
        .map(|name| {
            Op::ALL
                .into_iter()
                .find(|op| op.name() == name)
                .ok_or_else(|| UnknownOp(name.into()))
        })
        .collect()
}

/// Measures each operation on `runtime` and prints a line for it, times in nanoseconds per operation.
pub(crate) fn record(runtime: &Runtime, ops: &[Op]) -> Result<(), JoinError> {
    for op in Op::ALL {
        measure(runtime, op, 200)?;
    }
    runtime.block_on(async { tokio::time::sleep(SETTLE).await });

    for &op in ops {
        let count = count_for_one_repetition(runtime, op)?;
        let mut costs = Vec::with_capacity(REPETITIONS);
        for _ in 0..REPETITIONS {
            costs.push(measure(runtime, op, count)?);
        }
        costs.sort_by_key(|cost| cost.thread);
        let thread = per_op(costs[REPETITIONS / 2].thread, count);
        let cpu = per_op(
            costs.iter().map(|cost| cost.cpu).sum(),
            count * REPETITIONS as u64,
        );
        let wall = costs
            .iter()
            .map(|cost| cost.wall)
            .min()
            .map_or(0.0, |wall| per_op(wall, count));
        let name = op.name();
        println!("op={name} wall_ns={wall:.2} thread_ns={thread:.2} cpu_ns={cpu:.2} count={count}");
    }
    Ok(())
}

fn per_op(time: Duration, count: u64) -> f64 {
    time.as_nanos() as f64 / count as f64
}

fn count_for_one_repetition(runtime: &Runtime, op: Op) -> Result<u64, JoinError> {
    let mut count = 64;
    loop {
        let wall = measure(runtime, op, count)?.wall;
        if wall >= WARM_UP {
            return Ok((REPETITION.as_nanos() as f64 / per_op(wall, count)).max(64.0) as u64);
        }
        count *= 2;
    }
}

fn measure(runtime: &Runtime, op: Op, count: u64) -> Result<Cost, JoinError> {
    // In a task of its own: instruments see less of a `block_on` future than of a task.
    runtime.block_on(runtime.spawn(async move {
        let meter = Meter::start();
        let done = op.run(count).await;
        let cost = meter.read();
        assert!(
            done.is_some(),
            "a channel or a task of {} closed early",
            op.name()
        );
        cost
    }))
}

struct SelfWaking(u64);

impl Future for SelfWaking {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
