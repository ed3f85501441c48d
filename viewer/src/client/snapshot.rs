//! One whole picture of a target.

use std::collections::HashSet;
use std::time::Duration;

use taskscope_model::{StackId, World};
use taskscope_proto::v1;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::Streaming;

use super::address::Address;
use super::connect::{Connection, connect};
use super::decode::Decoder;
use super::error::ConnectError;
use super::watch::{Sketching, WatchOptions};
use crate::feed::Hello;

/// How long the target may take for the next part of a picture.
const PART_WITHIN: Duration = Duration::from_secs(5);

/// How long it may take for all of it.
const WHOLE_WITHIN: Duration = Duration::from_secs(60);

/// How long the frames of stacks may take that the picture tells of: a target gives them names only while somebody
/// watches.
const NAMED_WITHIN: Duration = Duration::from_secs(2);

/// A target at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Who it is.
    pub hello: Hello,
    /// All that it told.
    pub world: World,
}

/// Takes one whole picture of the target at `address`: of the tasks that match `filter`, with the distributions of all of
/// them if wished, and of all that tasks share.
///
/// # Errors
///
/// Where the target can't be reached, or stops before the picture is whole.
pub async fn snapshot(
    address: &Address,
    filter: String,
    sketching: Sketching,
) -> Result<Snapshot, ConnectError> {
    take(address, request(filter, sketching), true).await
}

/// Takes the same picture without resources and waits, which can be many more than tasks.
///
/// # Errors
///
/// Where the target can't be reached, or stops before the picture is whole.
pub async fn snapshot_of_tasks(
    address: &Address,
    filter: String,
    sketching: Sketching,
) -> Result<Snapshot, ConnectError> {
    let request = v1::WatchRequest {
        without_resources: true,
        ..request(filter, sketching)
    };
    take(address, request, false).await
}

fn request(filter: String, sketching: Sketching) -> v1::WatchRequest {
    let options = WatchOptions {
        filter,
        sketching,
        ..WatchOptions::default()
    };
    options.request()
}

async fn take(
    address: &Address,
    request: v1::WatchRequest,
    named: bool,
) -> Result<Snapshot, ConnectError> {
    let connection = connect(address).await?;
    let whole = timeout(WHOLE_WITHIN, picture(connection, request, named)).await;
    whole
        .unwrap_or_else(|_| Err(ConnectError::Silent(address.to_string())))
        .map_err(|error| match error {
            ConnectError::Silent(_) => ConnectError::Silent(address.to_string()),
            other => other,
        })
}

async fn picture(
    connection: Connection,
    request: v1::WatchRequest,
    named: bool,
) -> Result<Snapshot, ConnectError> {
    let Connection {
        mut client, hello, ..
    } = connection;
    let opening = timeout(PART_WITHIN, client.watch(request)).await;
    let mut updates: Streaming<v1::WatchUpdate> = match opening {
        Ok(Ok(answer)) => answer.into_inner(),
        Ok(Err(status)) => return Err(ConnectError::watching(&status)),
        Err(_) => return Err(ConnectError::Silent(String::new())),
    };
    let mut decoder = Decoder::new();
    let mut world = World::new();
    loop {
        let update = match timeout(PART_WITHIN, updates.message()).await {
            Ok(Ok(Some(update))) => update,
            Ok(Ok(None)) => {
                return Err(ConnectError::Broken(
                    "the target ended it before all was told".to_owned(),
                ));
            }
            Ok(Err(status)) => return Err(ConnectError::watching(&status)),
            Err(_) => return Err(ConnectError::Silent(String::new())),
        };
        let news = decoder.take(update)?;
        if news.restart {
            world = World::new();
        }
        for change in news.changes {
            world.apply(change);
        }
        if news.complete {
            break;
        }
    }
    if named {
        name(&mut updates, &mut decoder, &mut world).await;
    }
    Ok(Snapshot { hello, world })
}

/// Goes on until the frames of all stacks are told that the picture shows, or for as long as that may take. Whatever else
/// is told meanwhile is taken too, so that the picture remains one of a moment.
async fn name(updates: &mut Streaming<v1::WatchUpdate>, decoder: &mut Decoder, world: &mut World) {
    let mut nameless = nameless(world);
    let until = Instant::now() + NAMED_WITHIN;
    while !nameless.is_empty() {
        // What goes wrong now costs a few names, and not the picture.
        let Ok(Ok(Some(update))) = timeout_at(until, updates.message()).await else {
            return;
        };
        let Ok(news) = decoder.take(update) else {
            return;
        };
        if news.restart {
            // It would have to be told anew as a whole.
            return;
        }
        for change in news.changes {
            world.apply(change);
        }
        nameless.retain(|id| world.stack(*id).is_none());
    }
}

/// The stacks at which tasks are and whose frames were not told.
fn nameless(world: &World) -> HashSet<StackId> {
    let awaits = world.tasks().flat_map(|task| world.whereabouts(task));
    let stacks = awaits.filter_map(|place| place.stack);
    stacks.filter(|id| world.stack(*id).is_none()).collect()
}
