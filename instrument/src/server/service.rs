//! The calls that viewers make.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use taskscope_model::TaskId;
use taskscope_model::query::Filter;
use taskscope_proto::v1::taskscope_server::{Taskscope, TaskscopeServer};
use taskscope_proto::{MAX_MESSAGE_BYTES, v1};
use tokio::sync::mpsc;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::limits::Limits;
use super::seats::Seats;
use super::{Backend, stream_events, watch};
use crate::hub::{Hub, MAX_NAMED, Sketching};
use crate::wire;

/// The largest request: room for a filter and 8,000 tasks.
const MAX_REQUEST_BYTES: usize = 64 << 10;

/// What the server does for viewers.
#[derive(Debug)]
pub(super) struct Viewers {
    backend: Backend,
    limits: Limits,
    // What the server could not do.
    problems: Vec<String>,
    watchers: Seats,
    // A viewer follows a few tasks beside its picture of all: that is to cost no other viewer its place.
    followers: Seats,
    listeners: Seats,
}

impl Viewers {
    /// The service for all connections.
    pub(super) fn service(
        backend: Backend,
        limits: Limits,
        problems: Vec<String>,
    ) -> TaskscopeServer<Self> {
        TaskscopeServer::new(Self {
            backend,
            limits,
            problems,
            watchers: Seats::new(limits.watchers),
            followers: Seats::new(limits.watchers),
            listeners: Seats::new(limits.listeners),
        })
        .max_decoding_message_size(MAX_REQUEST_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
    }
}

#[tonic::async_trait]
impl Taskscope for Viewers {
    async fn hello(
        &self,
        request: Request<v1::HelloRequest>,
    ) -> Result<Response<v1::HelloResponse>, Status> {
        let version = request.into_inner().protocol_version;
        if version == 0 {
            return Err(Status::invalid_argument(
                "protocol_version is missing: the first version is 1",
            ));
        }
        let mut facts = self.backend.about.hello();
        facts.setup.problems.extend_from_slice(&self.problems);
        let retention = self.backend.hub.retention();
        let most = self.limits.watchers as u32;
        Ok(Response::new(wire::hello(version, facts, retention, most)))
    }

    type WatchStream = Outgoing<v1::WatchUpdate>;

    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let request = request.into_inner();
        let filter: Filter =
            request
                .filter
                .parse()
                .map_err(|e: taskscope_model::query::FilterError| {
                    Status::invalid_argument(brief(&e.to_string()))
                })?;
        let sketching = match v1::Sketching::try_from(request.sketching) {
            Ok(v1::Sketching::None) => Sketching::None,
            Ok(v1::Sketching::Named) => Sketching::Named(ids(&request.sketch_tasks)),
            Ok(v1::Sketching::All) => Sketching::All,
            Err(_) => {
                let unknown = format!(
                    "sketching has no value {} in this version",
                    request.sketching
                );
                return Err(Status::invalid_argument(unknown));
            }
        };
        if request.tasks.len() > MAX_NAMED {
            let named = request.tasks.len();
            return Err(Status::invalid_argument(format!(
                "{named} tasks are named, but one stream follows {MAX_NAMED} at most; name fewer, or use a filter"
            )));
        }
        let follows = !request.tasks.is_empty();
        let seats = if follows {
            &self.followers
        } else {
            &self.watchers
        };
        let seat = seats.take().ok_or_else(|| {
            Status::resource_exhausted(format!(
                "{} viewers watch already; close one of them",
                self.limits.watchers
            ))
        })?;
        let reader = if follows {
            Hub::reader_of(ids(&request.tasks), filter, sketching)
        } else {
            self.backend.hub.reader(filter, sketching)
        };
        let reader = if request.without_resources {
            reader.without_resources()
        } else {
            reader
        };
        // With more than one message on its way, a slow viewer would see older news for longer.
        let (sender, receiver) = mpsc::channel(1);
        let backend = self.backend.clone();
        tokio::spawn(async move {
            watch::run(&backend, reader, interval(request.interval_ms), sender).await;
            drop(seat);
        });
        Ok(Response::new(Outgoing(receiver)))
    }

    type EventsStream = Outgoing<v1::EventBatch>;

    async fn events(
        &self,
        request: Request<v1::EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        let tasks = request.into_inner().tasks;
        let seat = self.listeners.take().ok_or_else(|| {
            Status::resource_exhausted(format!(
                "{} viewers listen already; close one of them",
                self.limits.listeners
            ))
        })?;
        let subscription = self.backend.events.listen(ids(&tasks));
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            stream_events::run(subscription, sender).await;
            drop(seat);
        });
        Ok(Response::new(Outgoing(receiver)))
    }
}

/// The messages of a stream, made while it is read.
#[derive(Debug)]
pub(super) struct Outgoing<T>(mpsc::Receiver<Result<T, Status>>);

impl<T> Stream for Outgoing<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

fn ids<C: FromIterator<TaskId>>(numbers: &[u64]) -> C {
    numbers.iter().copied().filter_map(TaskId::new).collect()
}

/// The time between two updates, as the protocol bounds it.
fn interval(ms: u32) -> Duration {
    let ms = if ms == 0 { 200 } else { ms.clamp(10, 60_000) };
    Duration::from_millis(ms.into())
}

/// A status travels in a header, and headers are bounded.
fn brief(text: &str) -> String {
    text.chars().take(500).collect()
}
