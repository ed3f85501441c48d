//! Two actors that write to each other: a kitchen and its waiters.
//!
//! The disease: mailboxes are bounded, as they should be, and every letter is answered with two. Soon both mailboxes are
//! full, and each actor waits for room in the mailbox of the other, which nobody empties: both are busy writing.

use std::{convert::Infallible, io, time::Duration};

use taskscope_examples::disease;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::sleep,
};

#[derive(Debug)]
enum Letter {
    Order(u32),
    Ready(u32),
    Question(u32),
}

/// Cooks each order, and asks about the next one.
async fn kitchen(mut mailbox: Receiver<Letter>, waiters: Sender<Letter>) {
    while let Some(letter) = mailbox.recv().await {
        let (Letter::Order(table) | Letter::Ready(table) | Letter::Question(table)) = letter;
        sleep(Duration::from_millis(20)).await;
        for answer in [Letter::Ready(table), Letter::Question(table + 1)] {
            if waiters.send(answer).await.is_err() {
                // line: awaits
                return;
            }
        }
    }
}

/// Carries each dish to its table, and takes two new orders there.
async fn waiters(mut mailbox: Receiver<Letter>, kitchen: Sender<Letter>) {
    while let Some(letter) = mailbox.recv().await {
        let (Letter::Order(table) | Letter::Ready(table) | Letter::Question(table)) = letter;
        sleep(Duration::from_millis(20)).await;
        for order in [Letter::Order(table), Letter::Order(table + 1)] {
            if kitchen.send(order).await.is_err() {
                // line: awaits
                return;
            }
        }
    }
}

/// Counts the guests: a channel that is written and read as it should be.
async fn door(guests: Sender<u32>) {
    for guest in 0.. {
        if guests.send(guest).await.is_err() {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn count(mut guests: Receiver<u32>) {
    while guests.recv().await.is_some() {}
}

async fn restaurant() -> io::Result<()> {
    let (to_kitchen, for_kitchen) = channel(4); // creates: kitchen's mailbox
    let (to_waiters, for_waiters) = channel(4); // creates: waiters' mailbox
    let first = to_kitchen.clone();
    tokio::spawn(kitchen(for_kitchen, to_waiters)); // spawns: kitchen
    tokio::spawn(waiters(for_waiters, to_kitchen)); // spawns: waiters

    let (in_, guests) = channel(4); // creates: guests
    tokio::spawn(door(in_)); // spawns: door
    tokio::spawn(count(guests)); // spawns: count
    first.send(Letter::Order(1)).await.map_err(io::Error::other)
}

fn main() -> io::Result<Infallible> {
    let options = disease::options();
    taskscope::init(); // before the runtime is built
    options.run(restaurant())
}
