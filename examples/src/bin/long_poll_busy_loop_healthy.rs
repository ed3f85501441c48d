//! The service of `long_poll_busy_loop`, which computes on a thread for such things.
//!
//! Healthy: `spawn_blocking` gives the work a thread of its own. It takes as long there, and no worker is without.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{net::TcpListener, task::spawn_blocking, time::sleep};

struct Picture {
    megapixels: u64,
}

impl Picture {
    async fn read() -> Self {
        sleep(Duration::from_millis(100)).await;
        Self { megapixels: 50 }
    }

    fn resize(self) -> Self {
        // About 1.5 s in one go.
        disease::burn(Duration::from_millis(30 * self.megapixels));
        Self {
            megapixels: self.megapixels / 25,
        }
    }

    async fn store(self) {
        sleep(Duration::from_millis(5 * self.megapixels)).await;
    }
}

/// Resizes all the pictures of a folder.
async fn resizer() -> io::Result<()> {
    loop {
        let picture = Picture::read().await;
        let resized = spawn_blocking(|| picture.resize()).await?; // spawns: resize
        resized.store().await;
    }
}

/// Waits for people who never come today.
async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        drop(connection);
    }
}

async fn service() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tokio::spawn(serve(listener)); // spawns: serve
    tokio::spawn(resizer()); // spawns: resizer
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
