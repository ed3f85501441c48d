//! Where a target is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use taskscope_proto::place;

/// Where a target is: a Unix socket, the process that has one in the usual place, or a TCP port.
///
/// ```
/// use taskscope_viewer::client::Address;
///
/// assert_eq!("pid:4242".parse(), Ok(Address::Pid(4242)));
/// assert_eq!("/run/app.sock".parse(), Ok(Address::Socket("/run/app.sock".into())));
/// let port: Address = "http://localhost:6670".parse()?;
/// assert_eq!(port, "localhost:6670".parse()?);
/// # Ok::<(), taskscope_viewer::client::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket at this path.
    Socket(PathBuf),
    /// The process with this id, on this machine and of this user.
    Pid(u32),
    /// A TCP port.
    Tcp {
        /// A name or an IP address, an IPv6 address without its brackets.
        host: String,
        /// The port.
        port: u16,
    },
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is empty.
    #[error("an address is a socket's path, `pid:N` or `http://host:port`; this one is empty")]
    Empty,
    /// `pid:` without a process id behind it.
    #[error("`{0}` names no process: write `pid:` and a number, such as `pid:4242`")]
    Pid(String),
    /// A number on its own.
    #[error(
        "`{0}` is only a number: write `pid:{0}` for the process with this id, `localhost:{0}` for a port"
    )]
    Bare(String),
    /// No host, or no port that there could be.
    #[error("`{0}` names no port: write `http://host:port`, such as `http://localhost:6670`")]
    Port(String),
    /// Something behind the port.
    #[error("`{0}` has something behind the port: write `http://host:port` only")]
    Path(String),
    /// A scheme other than `http`.
    #[error(
        "`{0}` has a scheme that is not supported: write `http://host:port`; a target on another machine is best reached \
         through `ssh -L 6670:localhost:6670 host`"
    )]
    Scheme(String),
    /// A single word.
    #[error(
        "`{0}` is neither a command (see `taskscope --help`) nor an address: an address is a socket's path (`./{0}` for \
         one in this folder), `pid:N` or `http://host:port`"
    )]
    Word(String),
}

impl Address {
    /// The socket of the target, where it is reached through one; `dir` is the folder for the sockets of this user.
    #[must_use]
    pub fn socket(&self, dir: &Path) -> Option<PathBuf> {
        match self {
            Self::Socket(path) => Some(path.clone()),
            Self::Pid(pid) => Some(dir.join(place::socket_name(*pid))),
            Self::Tcp { .. } => None,
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if let Some(number) = text.strip_prefix("pid:") {
            let pid = number
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| number.parse().ok())
                .flatten();
            return pid
                .filter(|pid| *pid > 0)
                .map(Self::Pid)
                .ok_or_else(|| AddressError::Pid(text.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("http://") {
            let place = rest.strip_suffix('/').unwrap_or(rest);
            if place.contains(['/', '?', '#']) {
                return Err(AddressError::Path(text.to_owned()));
            }
            return host_and_port(place).ok_or_else(|| AddressError::Port(text.to_owned()));
        }
        if text.contains("://") {
            return Err(AddressError::Scheme(text.to_owned()));
        }
        if text.contains('/') || text.ends_with(".sock") {
            return Ok(Self::Socket(text.into()));
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AddressError::Bare(text.to_owned()));
        }
        if text.contains(':') {
            return host_and_port(text).ok_or_else(|| AddressError::Port(text.to_owned()));
        }
        Err(AddressError::Word(text.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Pid(pid) => write!(f, "pid:{pid}"),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "http://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "http://{host}:{port}"),
        }
    }
}

fn host_and_port(text: &str) -> Option<Address> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| port.parse().ok())
        .flatten()?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .filter(|host| host.parse::<std::net::Ipv6Addr>().is_ok())?,
        None => Some(host).filter(|host| {
            !host.is_empty()
                && host
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        })?,
    };
    (port > 0).then(|| Address::Tcp {
        host: host.to_owned(),
        port,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn the_spellings_of_an_address() {
        let read = |text: &str| text.parse::<Address>();
        assert_eq!(read("pid:1"), Ok(Address::Pid(1)));
        assert_eq!(read("./a"), Ok(Address::Socket("./a".into())));
        assert_eq!(read("a.sock"), Ok(Address::Socket("a.sock".into())));
        assert_eq!(read("http://example.org:80/"), Ok(tcp("example.org", 80)));
        assert_eq!(read("10.0.0.1:6670"), Ok(tcp("10.0.0.1", 6670)));
        assert_eq!(read("[::1]:6670"), Ok(tcp("::1", 6670)));
        for wrong in [
            "",
            "pid:",
            "pid:0",
            "pid:-1",
            "pid:+1",
            "pid:99999999999",
            "4242",
            "localhost:",
            ":80",
            "a:0",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
        for wrong in [
            "lss",
            "https://a:1",
            "http://a",
            "http://a:1/b",
            "http://[::1:6670",
            "a b:1",
            "::1:80",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_what_is_written_reads_back(text in "(pid:|http://)?[a-z0-9.:/\\[\\]]{0,20}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
            }
        }
    }
}
