//! Whoever connects: the silent, the babbling, the many.

use std::time::Duration;

use proptest::prelude::*;
use taskscope_proto::v1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::rig::{DEADLINE, Rig, born, fast, ten_sites, tick};
use crate::server::limits::Limits;

const PATIENCE: Duration = Duration::from_millis(300);

fn impatient() -> Rig {
    Rig::within(Limits {
        patience: PATIENCE,
        ..Limits::default()
    })
}

async fn connect(rig: &Rig) -> UnixStream {
    UnixStream::connect(rig.handle.socket().expect("a socket"))
        .await
        .expect("connected")
}

/// Waits until the server closes this connection.
async fn closed(mut stream: UnixStream) {
    let mut answer = Vec::new();
    let end = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    // A reset is as good as an end.
    let _ = end.expect("closed in time");
}

async fn assert_serves(rig: &Rig) {
    let request = v1::HelloRequest {
        protocol_version: 1,
        ..v1::HelloRequest::default()
    };
    rig.client()
        .hello(request)
        .await
        .expect("the server still answers");
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let rig = impatient();
    let silent = connect(&rig).await;
    let mut slow = connect(&rig).await;
    slow.write_all(b"PRI * HTTP/2")
        .await
        .expect("half of a preface");
    closed(silent).await;
    closed(slow).await;
    assert_serves(&rig).await;
}

#[tokio::test]
async fn a_viewer_that_speaks_may_be_silent_afterwards() {
    let rig = impatient();
    let mut viewer = rig.viewer("").await;
    let start = tokio::time::Instant::now();
    while start.elapsed() < 3 * PATIENCE {
        viewer.next().await;
    }
    assert_eq!(viewer.restarts, 1);
}

#[tokio::test]
async fn a_request_without_a_body_is_given_up() {
    let rig = impatient();
    let channel = tonic::body::Body::new(Never);
    let mut request = tonic::codegen::http::Request::new(channel);
    *request.uri_mut() = "http://taskscope/taskscope.v1.Taskscope/Watch"
        .parse()
        .expect("a path");
    *request.method_mut() = tonic::codegen::http::Method::POST;
    let stream = hyper_util::rt::TokioIo::new(connect(&rig).await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, stream)
        .await
        .expect("a handshake");
    let connection = tokio::spawn(connection);
    let answer = timeout(DEADLINE, sender.send_request(request))
        .await
        .expect("in time");
    assert!(answer.is_err(), "the stream is reset");
    drop(sender);
    connection.abort();
    assert_serves(&rig).await;
}

/// A body that never comes.
struct Never;

impl tonic::codegen::Body for Never {
    type Data = hyper::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Garbage closes the connection and nothing else, after a proper greeting too.
    #[test]
    fn garbage_only_closes_its_connection(
        greeting in any::<bool>(),
        garbage in prop::collection::vec(any::<u8>(), 1..2000),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let rig = impatient();
            let mut stream = connect(&rig).await;
            if greeting {
                stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("sent");
            }
            // The server may have had enough before all is said.
            let _ = stream.write_all(&garbage).await;
            let _ = stream.shutdown().await;
            closed(stream).await;
            assert_serves(&rig).await;
        });
    }
}

#[tokio::test]
async fn too_many_connections_are_closed_at_once_and_seats_come_free() {
    let rig = Rig::within(Limits {
        connections: 3,
        ..Limits::default()
    });
    let mut viewers = vec![
        rig.viewer("").await,
        rig.viewer("").await,
        rig.viewer("").await,
    ];
    let refused = connect(&rig).await;
    let start = tokio::time::Instant::now();
    closed(refused).await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "not by its silence"
    );
    viewers.pop();
    let request = v1::HelloRequest {
        protocol_version: 1,
        ..v1::HelloRequest::default()
    };
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while rig.client().hello(request.clone()).await.is_err() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the seat comes free"
        );
    }
}

#[tokio::test]
async fn a_hundred_viewers_at_once_are_told_everything() {
    let rig = Rig::within(Limits {
        watchers: 100,
        ..Limits::default()
    });
    rig.hub.apply(
        ten_sites()
            .chain((1..=2000).map(|n| born(n, n)))
            .chain(tick(2000, 2000)),
    );
    let mut viewers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (hub, client) = (rig.hub.clone(), rig.client());
        viewers.spawn(async move {
            let mut viewer = super::rig::Viewer::new(client, fast()).await;
            viewer.catch_up(&hub).await;
            viewer.world.len()
        });
    }
    let counts = viewers.join_all().await;
    assert_eq!(counts, [2000; 100]);
}
