//! Where the server can be reached, and what happens where it can't.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicUsize, Ordering};

use taskscope_proto::v1;
use taskscope_proto::v1::taskscope_client::TaskscopeClient;
use tonic::transport::Endpoint;

use super::rig::{Rig, backend, config, until};
use crate::server::{ServerConfig, ServerError, start};

fn any_port() -> Option<SocketAddr> {
    Some("127.0.0.1:0".parse().expect("an address"))
}

async fn hello(address: SocketAddr) -> Option<v1::HelloResponse> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut client = TaskscopeClient::new(endpoint.connect_lazy());
    let request = v1::HelloRequest {
        protocol_version: 1,
        ..v1::HelloRequest::default()
    };
    let answer = client.hello(request).await;
    answer.ok().map(tonic::Response::into_inner)
}

async fn says_hello(address: SocketAddr) -> bool {
    hello(address).await.is_some_and(|hello| hello.pid == 42)
}

#[tokio::test]
async fn the_socket_is_private_and_goes_with_the_server() {
    let rig = Rig::new();
    let socket = rig.handle.socket().expect("a socket").to_owned();
    let mode = |path| fs::metadata(path).expect("there").mode() & 0o7777;
    assert_eq!(mode(&*socket), 0o600);
    assert_eq!(mode(&rig.folder.path().join("sockets")), 0o700);
    assert_eq!(
        taskscope_proto::place::pid_of(&socket),
        Some(std::process::id())
    );
    let mut viewer = rig.viewer("").await;
    viewer.next().await;
    let stopped = std::sync::Arc::clone(&rig.handle.stopped);
    assert_eq!(rig.handle.status().stopped, None);
    drop(rig);
    assert!(!socket.exists());
    until("the thread ends", || stopped.get().is_some()).await;
    assert_eq!(
        stopped.get().map(String::as_str),
        Some("it was told to stop")
    );
}

#[tokio::test]
async fn the_sockets_of_dead_processes_are_cleared_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let sockets = folder.path().join("sockets");
    fs::create_dir(&sockets).expect("a folder");
    // Larger than any process id that the kernel gives out.
    let dead = sockets.join("4194305.sock");
    drop(UnixListener::bind(&dead).expect("a socket"));
    let _handle = start(&config(&folder), backend()).expect("starts");
    until("the dead socket is gone", || !dead.exists()).await;
}

#[tokio::test]
async fn tcp_works_beside_the_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let handle = start(
        &ServerConfig {
            bind: any_port(),
            ..config(&folder)
        },
        backend(),
    )
    .expect("starts");
    let address = handle.tcp().expect("a port");
    assert_ne!(address.port(), 0);
    assert!(handle.socket().is_some());
    assert!(says_hello(address).await);
}

#[tokio::test]
async fn one_way_is_enough_and_the_other_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let bind = taken.local_addr().ok();
    let handle = start(
        &ServerConfig {
            bind,
            ..config(&folder)
        },
        backend(),
    )
    .expect("the socket works");
    assert!(handle.socket().is_some() && handle.tcp().is_none());
    let why = handle
        .status()
        .tcp
        .expect("asked for")
        .expect_err("in use")
        .to_string();
    assert!(why.contains("in use"), "{why}");
    let remote = Some("0.0.0.0:0".parse().expect("an address"));
    let handle = start(
        &ServerConfig {
            bind: remote,
            ..config(&folder)
        },
        backend(),
    )
    .expect("the socket works");
    let why = handle
        .status()
        .tcp
        .expect("asked for")
        .expect_err("not allowed")
        .to_string();
    assert!(why.contains("127.0.0.1"), "{why}");

    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let no_folder = ServerConfig {
        socket_dir: Some(file.clone()),
        bind: any_port(),
        ..config(&folder)
    };
    let handle = start(&no_folder, backend()).expect("the port works");
    let why = handle.status().socket.expect_err("no folder").to_string();
    assert!(why.contains("is not a folder"), "{why}");
    // Viewers are told of it too.
    let hello = hello(handle.tcp().expect("a port"))
        .await
        .expect("it works");
    assert_eq!(hello.setup.expect("a set-up").problems, [why]);

    let neither = start(&ServerConfig { bind, ..no_folder }, backend()).expect_err("nothing works");
    let why = neither.to_string();
    assert!(
        why.contains("is not a folder") && why.contains("in use"),
        "{why}"
    );
}

#[test]
fn without_any_way_there_is_no_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let below = |path: &str| ServerConfig {
        socket_dir: Some(path.into()),
        ..config(&folder)
    };
    assert!(matches!(
        start(&below("/proc/nowhere"), backend()),
        Err(ServerError::Folder { .. })
    ));
    let long = folder.path().join("x".repeat(100));
    let found = start(&below(&long.to_string_lossy()), backend());
    assert!(matches!(found, Err(ServerError::PathTooLong { .. })));
}

#[tokio::test]
async fn the_thread_is_marked_before_it_does_anything() {
    static MARKED: AtomicUsize = AtomicUsize::new(0);
    let folder = tempfile::tempdir().expect("a folder");
    let on_thread_start = || {
        assert_eq!(std::thread::current().name(), Some("taskscope-serve"));
        MARKED.fetch_add(1, Ordering::Relaxed);
    };
    let _handle = start(
        &ServerConfig {
            on_thread_start,
            ..config(&folder)
        },
        backend(),
    )
    .expect("starts");
    until("the thread is marked", || {
        MARKED.load(Ordering::Relaxed) == 1
    })
    .await;
}
