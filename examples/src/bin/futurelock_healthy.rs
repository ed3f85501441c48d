//! The client of `futurelock`, which lets go of a query before it notes that it was slow.
//!
//! Healthy: `select!` owns the query, and drops it before the branch runs. So the query leaves the queue, and what the
//! branch wants comes next.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

#[derive(Default)]
struct Connection {
    statements: u64,
}

async fn query(connection: Arc<Mutex<Connection>>, time: Duration) {
    let mut connection = connection.lock().await;
    connection.statements += 1;
    sleep(time).await;
}

/// Makes a copy of everything, now and then: for that while the connection is taken.
async fn backup(connection: Arc<Mutex<Connection>>) {
    loop {
        sleep(Duration::from_millis(100)).await;
        query(Arc::clone(&connection), Duration::from_millis(400)).await;
    }
}

async fn request(connection: Arc<Mutex<Connection>>) {
    loop {
        tokio::select! {
            () = query(Arc::clone(&connection), Duration::from_millis(5)) => {}
            () = sleep(Duration::from_millis(100)) => {
                query(Arc::clone(&connection), Duration::from_millis(5)).await; // note that it was slow
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
}

async fn service() -> io::Result<()> {
    let connection = Arc::new(Mutex::new(Connection::default())); // creates: connection
    tokio::spawn(backup(Arc::clone(&connection))); // spawns: backup
    tokio::spawn(request(connection)); // spawns: request
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
