//! Connections that wait to be accepted are seen, and those that are accepted are gone.
#![cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use taskscope_stack::{Listener, Listeners};

/// Looks until `is_it` holds of what is told of this socket; the system completes connections in its own time.
fn until(
    listeners: &mut Listeners,
    socket: &TcpListener,
    is_it: impl Fn(Option<Listener>) -> bool,
) -> Option<Listener> {
    let address = socket.local_addr().expect("it listens");
    let mut looks = 0;
    loop {
        looks += 1;
        let told = listeners.look(Duration::from_secs(looks)).into_iter();
        let told = told.clone().find(|listener| listener.address == address);
        if is_it(told) || looks > 1000 {
            return told;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn connections_wait_until_they_are_accepted() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(socket) = TcpListener::bind(address) else {
            assert!(address.starts_with('['), "no IPv4 here");
            continue;
        };
        let _other = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let mut listeners = Listeners::new();
        let told = until(&mut listeners, &socket, |told| told.is_some()).expect("it listens");
        assert_eq!(told.waiting, 0);
        assert!(told.limit >= 1, "{told:?}");
        let address = socket.local_addr().expect("it listens");
        let guests = [(); 3].map(|()| TcpStream::connect(address).expect("there is room"));
        let is =
            |waiting| move |told: Option<Listener>| told.is_some_and(|it| it.waiting == waiting);
        assert!(is(3)(until(&mut listeners, &socket, is(3))));
        let _served = socket.accept().expect("one waits");
        assert!(is(2)(until(&mut listeners, &socket, is(2))));
        drop(guests);
    }
}

#[test]
fn a_socket_that_is_closed_is_told_no_more() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = socket.local_addr().expect("it listens");
    let mut listeners = Listeners::new();
    assert!(until(&mut listeners, &socket, |told| told.is_some()).is_some());
    drop(socket);
    // Its number may stand for something else by now.
    let _file = std::fs::File::open("/proc/self/stat").expect("it can be read");
    let told = listeners.look(Duration::from_secs(1));
    assert!(told.iter().all(|listener| listener.address != address));
}
