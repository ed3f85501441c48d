//! An importer of folders that limits how much it does at a time.
//!
//! The disease: a folder takes a permit, and while it has it, takes one more for each file. As soon as there are as many
//! folders under way as there are permits, all permits are with folders, all folders wait for one more, and none is ever
//! given back.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Semaphore, time::sleep};

async fn import_file(limit: &Semaphore) {
    let Ok(_permit) = limit.acquire().await else {
        // line: awaits
        return;
    };
    sleep(Duration::from_millis(10)).await; // read it
}

async fn import_folder(files: u32, limit: Arc<Semaphore>) {
    let Ok(_permit) = limit.acquire().await else {
        return;
    };
    sleep(Duration::from_millis(50)).await; // list it
    for _ in 0..files {
        import_file(&limit).await;
    }
}

/// Has a limit of its own, which is enough.
async fn thumbnails() {
    let limit = Semaphore::new(1); // creates: thumbnails
    while let Ok(_permit) = limit.acquire().await {
        sleep(Duration::from_millis(100)).await;
    }
}

async fn importer() -> io::Result<()> {
    let limit = Arc::new(Semaphore::new(3)); // creates: limit
    tokio::spawn(thumbnails()); // spawns: thumbnails
    for folder in 0..5 {
        tokio::spawn(import_folder(5 + folder, Arc::clone(&limit))); // spawns: folder
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(importer())
}
