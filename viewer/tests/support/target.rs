//! A target that is none: it answers over a Unix socket whatever a test wants, however wrong.

#![allow(dead_code, reason = "each test uses a part")]

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use taskscope_proto::v1;
use taskscope_proto::v1::taskscope_server::{Taskscope, TaskscopeServer};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::{UnboundedReceiverStream, UnixListenerStream};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};

/// Longer than anything here takes, and shorter than anybody's patience.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// What a target says.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// The answer to `Hello`.
    pub(crate) hello: v1::HelloResponse,
    /// What each watch begins with.
    pub(crate) updates: Vec<v1::WatchUpdate>,
    /// Whether watches end after that.
    pub(crate) ends: bool,
    /// The answer to `Hello` from the second time on; the first one again where there is none.
    pub(crate) later: Option<v1::HelloResponse>,
    /// What watches are refused with.
    pub(crate) refuses: Option<Status>,
}

/// A watch that somebody began.
pub(crate) struct Watched {
    pub(crate) request: v1::WatchRequest,
    updates: UnboundedSender<Result<v1::WatchUpdate, Status>>,
}

impl Watched {
    /// Tells one more update.
    pub(crate) fn tell(&self, update: v1::WatchUpdate) {
        // Nobody may listen any more.
        let _ = self.updates.send(Ok(update));
    }
}

/// A target that speaks the protocol.
pub(crate) struct Target {
    pub(crate) socket: PathBuf,
    pub(crate) watches: Arc<Mutex<Vec<Watched>>>,
    runtime: Option<Runtime>,
}

impl Target {
    /// Serves at `dir/PID.sock`.
    pub(crate) fn start(dir: &Path, pid: u32, script: Script) -> Self {
        let socket = dir.join(format!("{pid}.sock"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let watches = Arc::new(Mutex::new(Vec::new()));
        let service = Service {
            script,
            greeted: AtomicBool::new(false),
            watches: Arc::clone(&watches),
        };
        let listener = {
            let _guard = runtime.enter();
            tokio::net::UnixListener::bind(&socket).expect("the socket is free")
        };
        runtime.spawn(async move {
            tonic::transport::Server::builder()
                .add_service(TaskscopeServer::new(service))
                .serve_with_incoming(UnixListenerStream::new(listener))
                .await
        });
        Self {
            socket,
            watches,
            runtime: Some(runtime),
        }
    }

    /// Ends as a killed process does: connections break, the socket stays.
    pub(crate) fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(DEADLINE);
        }
    }

    /// The request of the `n`-th watch, as soon as there is one.
    pub(crate) fn request(&self, n: usize) -> v1::WatchRequest {
        self.watch(n, |watched| watched.request.clone())
    }

    /// Does something with the `n`-th watch, as soon as there is one.
    pub(crate) fn watch<T>(&self, n: usize, work: impl FnOnce(&Watched) -> T) -> T {
        until("a watch", || {
            self.watches.lock().expect("no test panics with it").len() > n
        });
        work(&self.watches.lock().expect("no test panics with it")[n])
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
            let _ = std::fs::remove_file(&self.socket);
        }
    }
}

/// Waits for a condition.
pub(crate) fn until(what: &str, mut met: impl FnMut() -> bool) {
    for _ in 0..DEADLINE.as_millis() {
        if met() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("waited in vain for {what}");
}

struct Service {
    script: Script,
    greeted: AtomicBool,
    watches: Arc<Mutex<Vec<Watched>>>,
}

#[tonic::async_trait]
impl Taskscope for Service {
    async fn hello(
        &self,
        _: Request<v1::HelloRequest>,
    ) -> Result<Response<v1::HelloResponse>, Status> {
        let first = !self.greeted.swap(true, Ordering::Relaxed);
        let later = self.script.later.as_ref().filter(|_| !first);
        let hello = later.unwrap_or(&self.script.hello);
        Ok(Response::new(hello.clone()))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::WatchUpdate, Status>> + Send>>;

    async fn watch(
        &self,
        request: Request<v1::WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if let Some(status) = &self.script.refuses {
            return Err(status.clone());
        }
        let begin = tokio_stream::iter(self.script.updates.clone().into_iter().map(Ok));
        if self.script.ends {
            return Ok(Response::new(Box::pin(begin)));
        }
        let (updates, more) = unbounded_channel();
        let watched = Watched {
            request: request.into_inner(),
            updates,
        };
        self.watches
            .lock()
            .expect("no test panics with it")
            .push(watched);
        Ok(Response::new(Box::pin(
            begin.chain(UnboundedReceiverStream::new(more)),
        )))
    }

    type EventsStream = Pin<Box<dyn Stream<Item = Result<v1::EventBatch, Status>> + Send>>;

    async fn events(
        &self,
        _: Request<v1::EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        Err(Status::unimplemented("no test listens"))
    }
}

/// Something at `dir/PID.sock` that accepts, says `words` to each, and holds the line.
pub(crate) fn babbler(dir: &Path, pid: u32, words: &'static [u8]) -> PathBuf {
    let socket = dir.join(format!("{pid}.sock"));
    let listener = UnixListener::bind(&socket).expect("the socket is free");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.write_all(words);
                // Until the other side gives up.
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    socket
}

/// A socket that nobody listens at.
pub(crate) fn stale(dir: &Path, pid: u32) -> PathBuf {
    let socket = dir.join(format!("{pid}.sock"));
    drop(UnixListener::bind(&socket).expect("the socket is free"));
    socket
}
