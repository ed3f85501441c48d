//! Servers and clients.

use std::{convert::Infallible, error::Error, future::pending, sync::Arc};

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    middleware::{Next, from_fn},
    response::Response,
    routing::{get, post},
};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::{Bytes, Incoming},
    client,
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{kept::Kept, net::connection};

type Shared = State<Arc<Notify>>;

async fn handler(State(notify): Shared) {
    notify.notified().await; // WAITS: axum handler
}

async fn served(State(notify): Shared) {
    deeper(&notify).await;
}

async fn deeper(notify: &Notify) {
    notify.notified().await; // WAITS: a task of axum::serve
}

/// Whoever asks; to know that takes for ever.
struct User;

impl FromRequestParts<Arc<Notify>> for User {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, notify: &Arc<Notify>) -> Result<Self, Infallible> {
        notify.notified().await; // WAITS: axum extractor
        Ok(Self)
    }
}

async fn for_users(_: User) {}

async fn upload(_: Bytes) {}

async fn layer(State(notify): Shared, request: Request, next: Next) -> Response {
    notify.notified().await; // WAITS: axum middleware
    next.run(request).await
}

async fn passing(request: Request, next: Next) -> Response {
    next.run(request).await // AROUND: axum handler
}

fn router(notify: Arc<Notify>) -> Router {
    let layered = axum::middleware::from_fn_with_state(Arc::clone(&notify), layer);
    Router::new()
        .route("/layer", get(async || {}))
        .route_layer(layered)
        .route("/handler", get(handler).layer(from_fn(passing)))
        .route("/extractor", get(for_users))
        .route("/upload", post(upload))
        .route("/served", get(served))
        .with_state(notify)
}

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    hyper_alone(kept).await?;
    routers(kept).await?;
    serve(kept).await
}

async fn hyper_alone(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (client, server) = connection().await?;
    kept.keep(client);
    kept.task("hyper server, idle", async move {
        let service = service_fn(async |_: hyper::Request<Incoming>| {
            Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
        });
        let served = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let _ = served.await; // WAITS: hyper server, idle
    })?;
    let (mut client, server) = connection().await?;
    let notify = kept.notify();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await?;
    kept.keep(client);
    kept.task("hyper service", async move {
        let service = service_fn(async |_: hyper::Request<Incoming>| {
            notify.notified().await; // WAITS: hyper service
            Ok::<_, Infallible>(hyper::Response::new(Empty::<Bytes>::new()))
        });
        let served = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        // The connection waits for the other end to leave, besides.
        let _ = served.await; // WAITS: hyper service
    })?;
    let (client, server) = connection().await?;
    kept.keep(server);
    let (mut sender, connected) = client::conn::http1::handshake(TokioIo::new(client)).await?;
    kept.task("hyper client's connection", async move {
        let _ = connected.await; // WAITS: hyper client's connection
    })?;
    kept.task("hyper client", async move {
        let request = hyper::Request::new(Empty::<Bytes>::new());
        let _ = sender.send_request(request).await; // WAITS: hyper client
    })?;
    let (client, mut server) = connection().await?;
    tokio::spawn(async move {
        let _ = server.read(&mut [0; 1024]).await;
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
        let _ = server.write_all(half).await;
        pending::<()>().await;
    });
    let (mut sender, connected) = client::conn::http1::handshake(TokioIo::new(client)).await?;
    tokio::spawn(connected);
    kept.task("hyper client's body", async move {
        let request = hyper::Request::new(Empty::<Bytes>::new());
        let response = sender.send_request(request).await?;
        response.into_body().collect().await // WAITS: hyper client's body
    })?;
    Ok(())
}

async fn routers(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let (server, router) = asked(kept, "GET /handler HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    kept.task("axum handler", async move {
        serve_one(server, router).await;
    })?;
    let (server, router) = asked(kept, "GET /extractor HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    kept.task("axum extractor", async move {
        serve_one(server, router).await;
    })?;
    let (server, router) = asked(kept, "GET /layer HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    kept.task("axum middleware", async move {
        serve_one(server, router).await;
    })?;
    let half = "POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
    let (server, router) = asked(kept, half).await?;
    kept.task("axum body", async move {
        serve_one(server, router).await;
    })?;
    let (server, router) = asked(kept, "").await?;
    kept.task("axum connection, idle", async move {
        serve_one(server, router).await;
    })?;
    Ok(())
}

/// The server's end of a connection on which this was sent.
async fn asked(kept: &mut Kept, text: &str) -> Result<(TcpStream, Router), Box<dyn Error>> {
    let (mut client, server) = connection().await?;
    client.write_all(text.as_bytes()).await?;
    kept.keep(client);
    Ok((server, router(kept.notify())))
}

/// Besides what a handler waits for, the connection waits for the other end to leave.
async fn serve_one(server: TcpStream, router: Router) {
    let service = TowerToHyperService::new(router);
    let served = http1::Builder::new().serve_connection(TokioIo::new(server), service);
    let _ = served.await; // WAITS: axum handler; axum extractor; axum middleware; axum body; axum connection, idle
}

async fn serve(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    client
        .write_all(b"GET /served HTTP/1.1\r\nhost: x\r\n\r\n")
        .await?;
    kept.keep(client);
    let router = router(kept.notify());
    kept.task("axum::serve", async move {
        let _ = axum::serve(listener, router).await; // WAITS: axum::serve
    })?;
    Ok(())
}
