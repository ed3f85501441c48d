//! A `block_on` that began before taskscope was there shows in nothing but the time that passes: what it does between a
//! wake and the poll that answers it must not be taken for part of the poll.

#[path = "support/app.rs"]
mod app;
#[path = "support/viewer.rs"]
mod viewer;

use std::sync::LazyLock;
use std::time::Duration;

use taskscope_model::Nanos;
use tokio::runtime::Builder;
use tokio::sync::Notify;

use crate::app::{SOCKET, let_pass, look_for_end, now};

/// Less than a round of the harvester, which would end a wrong guess.
const PAUSE: Duration = Duration::from_millis(20);

#[test]
fn a_root_that_nobody_sees_takes_time_all_the_same() {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let waits: Vec<_> = runtime.block_on(async {
        LazyLock::force(&SOCKET);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let go: &'static Notify = Box::leak(Box::new(Notify::new()));
            let task = tokio::spawn(go.notified());
            tokio::task::yield_now().await;
            let begin = now();
            go.notify_one();
            let_pass(PAUSE);
            let waited = begin.elapsed();
            let id = task.id();
            task.await.expect("no panic");
            waits.push((id, waited));
        }
        waits
    });
    for (id, waited) in waits {
        let vitals = look_for_end(id).vitals;
        let scheduled = vitals.scheduled;
        assert!(
            scheduled >= Nanos::from(waited - waited / 1000),
            "{vitals:?}, {waited:?}"
        );
    }
}
