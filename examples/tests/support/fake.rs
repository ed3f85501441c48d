//! A target that is none: it says of itself whatever a test wants, and has no tasks.

use std::{path::Path, pin::Pin};

use taskscope_proto::v1::{
    self,
    taskscope_server::{Taskscope, TaskscopeServer},
};
use tokio::runtime::Runtime;
use tokio_stream::{Stream, wrappers::UnixListenerStream};
use tonic::{Request, Response, Status};

/// The target; it ends when this is dropped.
pub(crate) struct Fake {
    address: String,
    _runtime: Runtime,
}

impl Fake {
    /// Serves in `dir`.
    pub(crate) fn start(dir: &Path, hello: v1::HelloResponse) -> Self {
        let socket = dir.join("1.sock");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let within = runtime.enter();
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        drop(within);
        runtime.spawn(
            tonic::transport::Server::builder()
                .add_service(TaskscopeServer::new(Service(hello)))
                .serve_with_incoming(UnixListenerStream::new(listener)),
        );
        Self {
            address: socket.to_str().unwrap().to_owned(),
            _runtime: runtime,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

struct Service(v1::HelloResponse);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Taskscope for Service {
    async fn hello(
        &self,
        _: Request<v1::HelloRequest>,
    ) -> Result<Response<v1::HelloResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }

    type WatchStream = Answers<v1::WatchUpdate>;

    async fn watch(
        &self,
        _: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }

    type EventsStream = Answers<v1::EventBatch>;

    async fn events(
        &self,
        _: Request<v1::EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }
}
