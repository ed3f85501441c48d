//! What one watching viewer is sent, and when.

use std::time::Duration;

use taskscope_proto::v1::WatchUpdate;
use tokio::sync::mpsc::{Sender, error::SendError};
use tokio::time::{Instant, timeout};
use tonic::Status;

use super::{Backend, Sketcher};
use crate::hub::{Chunk, Reader};
use crate::wire;

/// A viewer hears of us at least this often, so that it knows we are alive.
const PULSE: Duration = Duration::from_secs(1);

type Updates = Sender<Result<WatchUpdate, Status>>;

/// Why a stream ended: nobody is at its other end.
struct Closed;

/// Sends news until the viewer is gone: a round, then a pause, then the next round.
pub(super) async fn run(backend: &Backend, reader: Reader, every: Duration, updates: Updates) {
    let _ = Watch {
        backend,
        reader,
        updates,
        sequence: 0,
    }
    .run(every)
    .await;
}

struct Watch<'a> {
    backend: &'a Backend,
    reader: Reader,
    updates: Updates,
    sequence: u64,
}

impl Watch<'_> {
    async fn run(mut self, every: Duration) -> Result<(), Closed> {
        loop {
            let busy = self.round().await?;
            // The more there is to tell, the less often it is told: telling must not take the better part of a core
            // from the app, however many tasks there are.
            self.pause(every.max(2 * busy)).await?;
        }
    }

    /// Tells everything there is now, in as many messages as it takes. Returns the time spent on making them.
    async fn round(&mut self) -> Result<Duration, Closed> {
        let mut busy = Duration::ZERO;
        loop {
            // News is made when it can be sent, so that a viewer that does not read makes us hold nothing for it.
            drop(self.updates.reserve().await?);
            let start = Instant::now();
            let mut chunk = self.backend.hub.read(&mut self.reader);
            add_sketches(&mut chunk, &self.reader, &*self.backend.sketcher);
            let messages = wire::updates(&chunk);
            let complete = chunk.complete;
            drop(chunk);
            busy += start.elapsed();
            for message in messages {
                self.send(message).await?;
            }
            if complete {
                return Ok(busy);
            }
            // The other viewers, and the harvester, have their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Lets time go by, with a sign of life now and then.
    async fn pause(&mut self, mut rest: Duration) -> Result<(), Closed> {
        loop {
            let step = rest.min(PULSE);
            if timeout(step, self.updates.closed()).await.is_ok() {
                return Err(Closed);
            }
            rest -= step;
            if rest.is_zero() {
                return Ok(());
            }
            let pulse = self.backend.hub.pulse(&mut self.reader);
            for message in wire::updates(&pulse) {
                self.send(message).await?;
            }
        }
    }

    async fn send(&mut self, mut message: WatchUpdate) -> Result<(), Closed> {
        self.sequence += 1;
        message.sequence = self.sequence;
        Ok(self.updates.send(Ok(message)).await?)
    }
}

impl<T> From<SendError<T>> for Closed {
    fn from(_: SendError<T>) -> Self {
        Self
    }
}

/// Live tasks' distributions are not in the world; the recorder has them.
fn add_sketches(chunk: &mut Chunk, reader: &Reader, sketcher: &dyn Sketcher) {
    for told in &mut chunk.tasks {
        if told.sketches.is_none() && reader.sketching().wants(told.id) {
            told.sketches = sketcher.sketches(told.id).map(Box::new);
        }
    }
}
