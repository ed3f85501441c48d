//! A small HTTP client: one keep-alive connection, made anew when it breaks.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::{CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// How long a request may take before its connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to one server.
#[derive(Debug)]
pub struct Client {
    authority: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its whole body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody took the connection.
    #[error("{authority} takes no connection: {error}; is the server running?")]
    Connect {
        /// `host:port` of the server.
        authority: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The connection broke, or its other end does not speak HTTP/1.
    #[error("the connection failed: {0}")]
    Connection(#[from] hyper::Error),
    /// No whole answer within 10 s.
    #[error("no answer within 10 s")]
    Timeout,
    /// A path that can't stand in a request.
    #[error("no such request can be made: {0}")]
    Request(#[from] hyper::http::Error),
}

impl Client {
    /// A client of the server at `authority` (`host:port`); connects at the first request.
    pub fn new(authority: impl Into<String>) -> Self {
        Self {
            authority: authority.into(),
            connection: None,
        }
    }

    /// Asks for `path`.
    ///
    /// # Errors
    /// See [`ClientError`]; the next request makes a new connection.
    pub async fn get(&mut self, path: &str) -> Result<Reply, ClientError> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// Sends `json` to `path`.
    ///
    /// # Errors
    /// See [`ClientError`]; the next request makes a new connection.
    pub async fn post(&mut self, path: &str, json: impl Into<Bytes>) -> Result<Reply, ClientError> {
        self.send(Method::POST, path, json.into()).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Reply, ClientError> {
        // Taken out, and put back only if all goes well: a broken or a late connection is dropped.
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.is_closed() => connection,
            _ => self.connect().await?,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.authority)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        let reply = timeout(PATIENCE, async {
            connection.ready().await?;
            let (head, body) = connection.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Reply {
                status: head.status,
                body,
            })
        })
        .await
        .map_err(|_| ClientError::Timeout)??;
        self.connection = Some(connection);
        Ok(reply)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let refused = |error| ClientError::Connect {
            authority: self.authority.clone(),
            error,
        };
        let stream = timeout(PATIENCE, TcpStream::connect(&self.authority))
            .await
            .map_err(|_| ClientError::Timeout)?
            .map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // Its end is seen at the next request.
            let _ = connection.await;
        });
        Ok(sender)
    }
}
