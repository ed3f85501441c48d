//! What one listener to raw events is sent, and when.

use std::time::Duration;

use taskscope_proto::v1::EventBatch;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};
use tonic::Status;

use super::events::Subscription;
use crate::wire;

/// Between two looks at the queue.
const LOOK: Duration = Duration::from_millis(25);

/// A listener hears of us at least this often.
const PULSE: Duration = Duration::from_secs(1);

/// Events in a message: at most 46 bytes each, so a quarter of what a message may have.
const BATCH: usize = 4096;

/// Sends events until the listener is gone.
pub(super) async fn run(
    mut subscription: Subscription,
    batches: Sender<Result<EventBatch, Status>>,
) {
    let mut lost = 0;
    let mut told = None;
    loop {
        let Ok(room) = batches.reserve().await else {
            return;
        };
        let batch = subscription.take(BATCH);
        let more = batch.more;
        let now = Instant::now();
        let silent = told.is_none_or(|told| now.duration_since(told) >= PULSE);
        if silent || !batch.events.is_empty() || batch.lost != lost {
            (lost, told) = (batch.lost, Some(now));
            room.send(Ok(wire::event_batch(&batch)));
        } else {
            drop(room);
        }
        if !more && timeout(LOOK, batches.closed()).await.is_ok() {
            return;
        }
    }
}
