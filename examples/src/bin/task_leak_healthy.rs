//! The chat server of `task_leak`, whose keep-alives end with their guests.
//!
//! Healthy: a `JoinSet` aborts what it has when it is dropped. As many tasks are spawned, and as many end; besides, there
//! are 300 rooms from the start, and it stays at that.

use std::{convert::Infallible, future::pending, io, time::Duration};

use taskscope_examples::disease;
use tokio::{sync::broadcast, task::JoinSet, time::sleep};

/// Says hello every half minute so that no router forgets the connection.
async fn keep_alive(guest: u64) -> u64 {
    loop {
        sleep(Duration::from_secs(30)).await;
        std::hint::black_box(guest);
    }
}

/// Serves a guest until it leaves.
async fn chat(guest: u64) {
    let mut beside = JoinSet::new();
    beside.spawn(keep_alive(guest)); // spawns: keep-alive
    sleep(Duration::from_millis(300)).await;
}

async fn accept() {
    for guest in 0.. {
        tokio::spawn(chat(guest)); // spawns: chat
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for what is said in a room.
async fn room(mut words: broadcast::Receiver<String>) {
    while words.recv().await.is_ok() {}
}

async fn server() -> io::Result<()> {
    let (words, _) = broadcast::channel(16);
    for _ in 0..300 {
        tokio::spawn(room(words.subscribe())); // spawns: room
    }
    tokio::spawn(accept()); // spawns: accept
    pending::<()>().await; // the rooms are open all day
    drop(words);
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
