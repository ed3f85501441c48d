//! A client with one connection to its database, which notes every slow query over that same connection.
//!
//! The disease: `select!` polls a borrowed query until it takes too long, and then runs a branch that wants the lock for
//! which the query has queued. When the connection is free, the lock is given to the query, since it came first. But nobody
//! polls it any more: the task is in the other branch, behind it in the queue. Neither goes on, nor does anybody else who
//! wants the connection. (Oxide named this *futurelock*.)

use std::{convert::Infallible, io, pin::pin, sync::Arc, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::Mutex, time::sleep};

#[derive(Default)]
struct Connection {
    statements: u64,
}

async fn query(connection: Arc<Mutex<Connection>>, time: Duration) {
    let mut connection = connection.lock().await; // line: awaits
    connection.statements += 1;
    sleep(time).await;
}

/// Makes a copy of everything: for that while the connection is taken.
async fn backup(connection: Arc<Mutex<Connection>>) {
    sleep(Duration::from_millis(100)).await;
    query(connection, Duration::from_millis(400)).await;
}

async fn request(connection: Arc<Mutex<Connection>>) {
    loop {
        let mut answer = pin!(query(Arc::clone(&connection), Duration::from_millis(5)));
        tokio::select! {
            () = &mut answer => {}
            () = sleep(Duration::from_millis(100)) => {
                // Here is the error: `answer` is still in the queue.
                query(Arc::clone(&connection), Duration::from_millis(5)).await; // note that it was slow
                answer.await;
            }
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// Has a connection of its own.
async fn mailer() {
    let connection = Arc::new(Mutex::new(Connection::default())); // creates: mail
    loop {
        query(Arc::clone(&connection), Duration::from_millis(20)).await;
        sleep(Duration::from_millis(100)).await;
    }
}

async fn service() -> io::Result<()> {
    let connection = Arc::new(Mutex::new(Connection::default())); // creates: connection
    tokio::spawn(mailer()); // spawns: mailer
    tokio::spawn(backup(Arc::clone(&connection))); // spawns: backup
    tokio::spawn(request(connection)); // spawns: request
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(service())
}
