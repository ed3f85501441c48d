//! What a target learns of itself while it is watched: a viewer can be there before its set-up is.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use tokio::time::sleep;

use super::connect::Connection;
use crate::feed::{Hello, Source};

/// How often a target that can't tell all is asked whether it can by now.
const HELLO_AGAIN: Duration = Duration::from_secs(2);

/// What the target says of itself each time that this is something else, for as long as there is something to learn.
pub(super) fn learning(connection: &Connection) -> Pin<Box<dyn Stream<Item = Hello> + Send>> {
    let state = (connection.clone(), connection.hello.clone());
    let learnt = stream::unfold(state, |(connection, mut known)| async move {
        while may_change(&known) {
            sleep(HELLO_AGAIN).await;
            if let Some(hello) = connection.ask_again().await
                && !same(&hello, &known)
            {
                known.clone_from(&hello);
                return Some((hello, (connection, known)));
            }
        }
        None
    });
    Box::pin(learnt.fuse())
}

/// Whether the target may yet be able to tell more than it says now: a viewer can be there before the set-up is.
fn may_change(hello: &Hello) -> bool {
    let catches = |source: &Source| source.name == "stacks" && source.active;
    let looks = hello.setup.debug_info.is_empty() && hello.sources.iter().any(catches);
    looks || !hello.setup.installed || hello.sources.iter().any(|source| !source.active)
}

/// Whether the two say the same of what can be told; how much was told is no matter.
fn same(one: &Hello, other: &Hello) -> bool {
    let active = |hello: &Hello| -> Vec<_> {
        let sources = hello.sources.iter();
        sources
            .map(|source| (source.name.clone(), source.active))
            .collect()
    };
    one.setup == other.setup && active(one) == active(other)
}
