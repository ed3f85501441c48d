//! The importer of `deadlock_permits`, with a limit for folders and another for files.
//!
//! Healthy: who has a permit for a folder waits for one for a file, and who has that waits for nothing but the disk. All
//! permits are often taken, and always come back.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Semaphore, time::sleep};

async fn import_file(files: &Semaphore) {
    let Ok(_permit) = files.acquire().await else {
        return;
    };
    sleep(Duration::from_millis(10)).await; // read it
}

async fn import_folder(folders: Arc<Semaphore>, files: Arc<Semaphore>) {
    loop {
        let Ok(permit) = folders.acquire().await else {
            return;
        };
        sleep(Duration::from_millis(20)).await; // list it
        for _ in 0..3 {
            import_file(&files).await;
        }
        drop(permit);
        sleep(Duration::from_millis(20)).await; // report it
    }
}

async fn importer() -> io::Result<()> {
    let folders = Arc::new(Semaphore::new(3)); // creates: folders
    let files = Arc::new(Semaphore::new(2)); // creates: files
    for _ in 0..5 {
        tokio::spawn(import_folder(Arc::clone(&folders), Arc::clone(&files))); // spawns: folder
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(importer())
}
