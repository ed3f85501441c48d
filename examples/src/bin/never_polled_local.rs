//! An editor with a part that can't leave its thread, for which it has a `LocalSet`.
//!
//! The disease: tasks are spawned onto the set, and nobody runs the set. It takes them without a word, and they wait in its
//! queue until it is dropped.

use std::{cell::RefCell, convert::Infallible, future::pending, io, rc::Rc, time::Duration};

use taskscope_examples::disease;
use tokio::{
    task::LocalSet,
    time::{interval, sleep},
};

/// A document that only one thread may touch.
type Document = Rc<RefCell<String>>;

async fn save(document: Document) {
    let mut seconds = interval(Duration::from_millis(100));
    loop {
        seconds.tick().await;
        document.borrow_mut().push('.');
    }
}

/// Is spawned where tasks are polled.
async fn heartbeat() {
    loop {
        sleep(Duration::from_millis(250)).await;
    }
}

async fn editor() -> io::Result<()> {
    let document = Document::default();
    let local = LocalSet::new();
    local.spawn_local(save(Rc::clone(&document))); // spawns: save
    tokio::spawn(heartbeat()); // spawns: heartbeat
    // Here is the error: it had to be `local.run_until(pending()).await`.
    pending().await
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(editor())
}
