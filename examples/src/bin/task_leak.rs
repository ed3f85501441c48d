//! A chat server that spawns a keep-alive for each guest.
//!
//! The disease: the keep-alive is a loop that nothing ends. Guests come and leave, their keep-alives stay, each with what it
//! owns. Memory grows for days before somebody looks.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::time::sleep;

/// Says hello every half minute so that no router forgets the connection.
async fn keep_alive(guest: u64) -> u64 {
    loop {
        sleep(Duration::from_secs(30)).await; // line: awaits
        std::hint::black_box(guest);
    }
}

/// Serves a guest until it leaves.
async fn chat(guest: u64) {
    // Here is the error: nobody keeps the handle, and nothing aborts the task.
    tokio::spawn(keep_alive(guest)); // spawns: keep-alive
    sleep(Duration::from_millis(300)).await;
}

async fn accept() {
    for guest in 0.. {
        tokio::spawn(chat(guest)); // spawns: chat
        sleep(Duration::from_millis(5)).await;
    }
}

async fn server() -> io::Result<()> {
    tokio::spawn(accept()); // spawns: accept
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(server())
}
