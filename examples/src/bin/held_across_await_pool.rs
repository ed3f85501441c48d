//! Reports that read their rows from a database, over a pool of two connections.
//!
//! The disease: a report keeps its connection while it works on the rows, one by one. The query took a moment; the
//! connection is gone for seconds, without being used. With a third report the pool is empty, and who wants to know one
//! number waits as long as the slowest report.

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
        let connection = pool.connection().await?;
        for row in connection.rows().await {
            render(row).await;
        }
        drop(connection);
        sleep(Duration::from_millis(10)).await;
    }
}

/// Does the same with a pool that nobody else uses: nobody waits for it.
async fn night_report() -> io::Result<()> {
    let pool = Pool::new(1);
    report(pool).await
}

async fn service() -> io::Result<()> {
    tokio::spawn(night_report()); // spawns: night report
    let pool = Pool::new(2);
    for _ in 0..3 {
        tokio::spawn(report(Arc::clone(&pool))); // spawns: report
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
