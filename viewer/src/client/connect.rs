//! Making a connection and saying hello.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use taskscope_proto::MAX_MESSAGE_BYTES;
use taskscope_proto::v1::taskscope_client::TaskscopeClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tonic::codegen::http::Uri;
use tonic::transport::{Channel, Endpoint};

use super::address::Address;
use super::discover::socket_dir;
use super::error::ConnectError;
use super::hello;
use crate::feed::Hello;

/// How long the system may take to make a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// How long the target may take to answer the first call.
const HELLO_WITHIN: Duration = Duration::from_secs(2);

/// A peer that does not answer a ping for this long is dead; it is pinged as often.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// How soon a socket is tried again whose queue of connections is full.
const QUEUE_FULL: Duration = Duration::from_millis(20);

/// Larger messages are refused before they are read. A target's are smaller; the rest is room for later versions.
const MAX_DECODED: usize = 4 * MAX_MESSAGE_BYTES;

/// A connection to a target that has said who it is.
#[derive(Clone, Debug)]
pub struct Connection {
    /// For the calls.
    pub(super) client: TaskscopeClient<Channel>,
    /// Who the target is.
    pub hello: Hello,
    /// The target's process, where it is on this machine and can be seen from here.
    pub(super) process: Option<u32>,
}

/// Connects to the target at `address` and says hello. Takes at most 6 seconds.
///
/// # Errors
///
/// Where nobody is there, nobody answers in time, or what answers is not a target that this viewer understands.
pub async fn connect(address: &Address) -> Result<Connection, ConnectError> {
    let (client, process) = client(address).await?;
    greet(client, process, address).await
}

impl Connection {
    /// What the target says of itself by now; `None` where it does not say, which its stream will make plain.
    pub(super) async fn ask_again(&self) -> Option<Hello> {
        let mut client = self.client.clone();
        let answer = timeout(HELLO_WITHIN, client.hello(hello::request())).await;
        hello::read(answer.ok()?.ok()?.into_inner()).ok()
    }
}

async fn client(
    address: &Address,
) -> Result<(TaskscopeClient<Channel>, Option<u32>), ConnectError> {
    let silent = |_| ConnectError::Silent(address.to_string());
    let path = match address {
        // Only where there is no path at all is the environment looked at.
        Address::Socket(path) => Some(path.clone()),
        _ => address.socket(&socket_dir()),
    };
    let failed =
        |error: io::Error| ConnectError::connecting(address.to_string(), path.clone(), &error);
    let mut process = None;
    let channel = match (address, &path) {
        (Address::Tcp { host, port }, _) => {
            let stream = timeout(CONNECT_WITHIN, TcpStream::connect((host.as_str(), *port)))
                .await
                .map_err(silent)?;
            let stream = stream.map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            channel(stream, address).await?
        }
        (_, Some(path)) => {
            if !std::fs::metadata(path)
                .map_err(failed)?
                .file_type()
                .is_socket()
            {
                return Err(ConnectError::NotASocket(path.clone()));
            }
            let stream = timeout(CONNECT_WITHIN, open_socket(path))
                .await
                .map_err(silent)?;
            let stream = stream.map_err(failed)?;
            // What the system says, and not the target: that may count its processes in another way.
            let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
            process = peer
                .and_then(|pid| u32::try_from(pid).ok())
                .filter(|pid| *pid > 0);
            channel(stream, address).await?
        }
        (_, None) => return Err(ConnectError::Refused(address.to_string())),
    };
    let client = TaskscopeClient::new(channel).max_decoding_message_size(MAX_DECODED);
    Ok((client, process))
}

async fn open_socket(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            // Many connect at once: a Unix socket does not wait for room in its queue, so we do.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(QUEUE_FULL).await
            }
            other => return other,
        }
    }
}

/// HTTP/2 over a stream that is open already; once it has closed, calls fail instead of opening another one.
async fn channel<S>(stream: S, address: &Address) -> Result<Channel, ConnectError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut stream = Some(TokioIo::new(stream));
    let connector = tower::service_fn(move |_: Uri| {
        let stream = stream
            .take()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected));
        async move { stream }
    });
    let endpoint = Endpoint::from_static("http://taskscope")
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true)
        // A whole message at a time: the usual 64 KiB would cost a large picture hundreds of round trips.
        .initial_stream_window_size(MAX_MESSAGE_BYTES as u32)
        .initial_connection_window_size(2 * MAX_MESSAGE_BYTES as u32)
        .http2_max_header_list_size(16 << 10);
    match timeout(CONNECT_WITHIN, endpoint.connect_with_connector(connector)).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(ConnectError::NotTaskscope {
            address: address.to_string(),
            detail: super::error::detail(&error.to_string()),
        }),
        Err(_) => Err(ConnectError::Silent(address.to_string())),
    }
}

async fn greet(
    mut client: TaskscopeClient<Channel>,
    process: Option<u32>,
    address: &Address,
) -> Result<Connection, ConnectError> {
    let answer = match timeout(HELLO_WITHIN, client.hello(hello::request())).await {
        Ok(Ok(answer)) => answer.into_inner(),
        Ok(Err(status)) => return Err(ConnectError::greeting(address.to_string(), &status)),
        Err(_) => return Err(ConnectError::Silent(address.to_string())),
    };
    Ok(Connection {
        client,
        hello: hello::read(answer)?,
        process,
    })
}
