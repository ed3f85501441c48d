//! A map service that renders its tiles in small steps, and yields after each.
//!
//! The disease: somebody has learned that a poll must not take long, so no poll takes more than 80 ms. But there are so many
//! of them that a worker needs seconds for one round: whoever is woken waits for seconds, though nobody blocks.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{task::yield_now, time::sleep};

/// Maps under way at the same time.
const MAPS: u32 = 60;

/// One step of a tile: a poll.
const STEP: Duration = Duration::from_millis(80);

async fn render() {
    loop {
        disease::burn(STEP);
        yield_now().await; // line: is nice to others
    }
}

/// Answers those who look whether the service is alive: it needs a microsecond, once a second.
async fn health() {
    loop {
        sleep(Duration::from_secs(1)).await;
    }
}

async fn maps() -> io::Result<()> {
    tokio::spawn(health()); // spawns: health
    for _ in 0..MAPS {
        tokio::spawn(render()); // spawns: render
    }
    Ok(())
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(maps())
}
