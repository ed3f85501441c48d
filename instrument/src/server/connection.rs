//! One connection: bounded in every direction, whoever is at the other end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use taskscope_proto::v1::taskscope_server::TaskscopeServer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep, timeout};
use tonic::codegen::{Service as _, http};

use super::seats::Seat;
use super::service::Viewers;

/// What every HTTP/2 client says without being asked: the preface, and a frame of settings.
const GREETING: usize = 24 + 9;

/// What each connection gets a copy of.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) calls: TaskscopeServer<Viewers>,
    /// See [`Limits::patience`](super::limits::Limits::patience).
    pub(super) patience: Duration,
}

/// A byte stream of either kind.
pub(super) type Stream = Box<dyn Duplex>;

/// What a byte stream must be able to do.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Serves one connection until it is closed, breaks, or says what is no HTTP/2.
pub(super) async fn serve(stream: Stream, seat: Seat, service: Service) {
    let stream = Patient {
        stream,
        heard: 0,
        silence: Some(Box::pin(sleep(service.patience))),
    };
    let answer = |request: http::Request<Incoming>| {
        let mut calls = service.calls.clone();
        // A request has one small message, so it is all there soon; a stream of answers goes on for as long as it likes.
        async move {
            timeout(service.patience, calls.call(request))
                .await
                .map(|Ok(response)| response)
        }
    };
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(32)
        .max_header_list_size(16 << 10)
        // Requests are small; what we send is bounded by the messages that wait, not only by the reader's window.
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(256 << 10)
        .max_send_buf_size(64 << 10)
        // Finds peers that vanished without a word.
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(20))
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    // How a connection ends is the viewer's business.
    let _ = connection.await;
    drop(seat);
}

/// A stream whose other end has to say something in time.
struct Patient {
    stream: Stream,
    heard: usize,
    silence: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let Some(silence) = &mut self.silence else {
            return read;
        };
        if read.is_pending() {
            return silence
                .as_mut()
                .poll(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into()));
        }
        self.heard += buf.filled().len() - before;
        if self.heard >= GREETING {
            self.silence = None;
        }
        read
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
