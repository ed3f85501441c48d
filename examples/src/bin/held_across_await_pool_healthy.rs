//! The reports of `held_across_await_pool`, which give their connection back before they work on the rows.
//!
//! Healthy: the pool is as small, and a connection is away for no longer than its query takes.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::sleep,
};

/// Connections, of which each may be used by one at a time.
struct Pool {
    free: Semaphore,
}

struct Connection<'a> {
    _permit: SemaphorePermit<'a>,
}

impl Pool {
    fn new(connections: usize) -> Arc<Self> {
        let free = Semaphore::new(connections); // creates: pool
        Arc::new(Self { free })
    }

    async fn connection(&self) -> io::Result<Connection<'_>> {
        let _permit = self.free.acquire().await.map_err(io::Error::other)?;
        Ok(Connection { _permit })
    }
}

impl Connection<'_> {
    async fn rows(&self) -> Vec<u64> {
        sleep(Duration::from_millis(20)).await;
        (0..60).collect()
    }
}

/// Renders one line of a report, and sends it.
async fn render(row: u64) {
    sleep(Duration::from_millis(50 + row % 3)).await;
}

async fn report(pool: Arc<Pool>) -> io::Result<()> {
    loop {
        let rows = pool.connection().await?.rows().await;
        for row in rows {
            render(row).await;
        }
    }
}

async fn service() -> io::Result<()> {
    let pool = Pool::new(2);
    for _ in 0..6 {
        tokio::spawn(report(Arc::clone(&pool))); // spawns: report
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
