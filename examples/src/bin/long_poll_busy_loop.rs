//! A service that resizes pictures where it reads them.
//!
//! The disease: nothing blocks, it only computes, for more than a second, without an await on the way. To a worker that is
//! the same.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{net::TcpListener, time::sleep};

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
        disease::burn(Duration::from_millis(30 * self.megapixels)); // line: blocks
        Self {
            megapixels: self.megapixels / 25,
        }
    }

    async fn store(self) {
        sleep(Duration::from_millis(5 * self.megapixels)).await;
    }
}

/// Resizes all the pictures of a folder.
async fn resizer() {
    loop {
        let picture = Picture::read().await;
        // Here is the error: it keeps the worker for as long as it takes.
        picture.resize().store().await;
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
