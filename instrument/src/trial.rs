//! A trial at start-up: a task of our own, on a thread of our own, that shows which of tokio's events arrive.
//!
//! It tells "this process cannot deliver" from "the app has done nothing yet". What the trial does is counted apart and
//! shows nowhere else.

use std::thread;

use taskscope_record::{self as record, Role};
use tokio::sync::Mutex;

/// Starts the trial. If the system has no thread to give there is none, and its counters stay 0.
pub(crate) fn start() {
    let _ = thread::Builder::new()
        .name("taskscope-trial".to_owned())
        .spawn(move || {
            record::set_role(Role::Trial);
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
                // A task that is polled twice, is woken, has its waker cloned by whom it yields to, and takes a lock.
                let task = runtime.spawn(async {
                    tokio::task::yield_now().await;
                    drop(Mutex::new(()).lock().await);
                });
                let _ = runtime.block_on(task);
            }
        });
}
