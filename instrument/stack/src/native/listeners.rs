//! Connections that wait to be accepted, at the TCP sockets of this process that listen.
//!
//! A socket that listens tells in its `TCP_INFO` how many connections wait in its queue, and how many may. So no table of
//! the system is read, which would list the connections of everybody. Other kinds of sockets tell nothing of the kind.
//!
//! The sockets belong to the app, which may close one at any time; its number may then stand for something else. Each is
//! asked anew whether it listens, in the same call, and asking changes nothing.

use std::ffi::c_int;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use std::{fs, mem};

use crate::Listener;

/// Sockets beyond this many are not asked.
const MOST: usize = 64;
/// All descriptors are gone through for new sockets not more often than this,
const EVERY: Duration = Duration::from_secs(1);
/// and each so much more rarely for each descriptor: asking one takes about a microsecond.
const EVERY_FOR_EACH: Duration = Duration::from_millis(2);
/// A socket that listens, in `tcpi_state`.
const LISTENS: u8 = 10;

/// Asks the sockets of this process. It remembers which of its descriptors listen.
#[derive(Debug, Default)]
pub struct Listeners {
    known: Vec<c_int>,
    next: Duration,
}

impl Listeners {
    /// None is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The sockets that listen, as they are now, which is so long after any fixed moment. One that is new is found within a
    /// second; where the process has more than 500 descriptors, within 2 ms for each of them.
    pub fn look(&mut self, now: Duration) -> Vec<Listener> {
        if self.next <= now {
            self.known = descriptors();
            let all = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            self.known.retain(|fd| queue(*fd).is_some());
            self.known.truncate(MOST);
            let pause = EVERY_FOR_EACH.saturating_mul(all).max(EVERY);
            self.next = now.saturating_add(pause);
        }
        let told = |fd: &c_int| {
            let (waiting, limit) = queue(*fd)?;
            Some(Listener {
                descriptor: *fd,
                address: address(*fd)?,
                waiting,
                limit,
            })
        };
        self.known.iter().filter_map(told).collect()
    }
}

fn descriptors() -> Vec<c_int> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    names.collect()
}

/// How many connections wait, and how many may; `None` for what is no TCP socket that listens.
fn queue(fd: c_int) -> Option<(u32, u32)> {
    // SAFETY: integers only, for which zeroes are valid.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = size_of_val(&info) as libc::socklen_t;
    // SAFETY: the system writes at most `length` bytes, which are there; whatever `fd` is, this only asks.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    (result == 0 && info.tcpi_state == LISTENS).then_some((info.tcpi_unacked, info.tcpi_sacked))
}

/// Where the socket listens.
fn address(fd: c_int) -> Option<SocketAddr> {
    // SAFETY: integers only, for which zeroes are valid.
    let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let mut length = size_of_val(&storage) as libc::socklen_t;
    // SAFETY: the system writes at most `length` bytes, which are there.
    let result = unsafe { libc::getsockname(fd, (&raw mut storage).cast(), &raw mut length) };
    if result != 0 {
        return None;
    }
    match c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: this is what the family says; `sockaddr_storage` is as large and as aligned as any of them.
            let address = unsafe { &*(&raw const storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some((ip, u16::from_be(address.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let address = unsafe { &*(&raw const storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            Some((ip, u16::from_be(address.sin6_port)).into())
        }
        _ => None,
    }
}
