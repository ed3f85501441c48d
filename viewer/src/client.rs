//! Talking to a target: where it is, how it is reached, what it says.
//!
//! Reading order: an [`Address`] is a place, [`connect`](fn@connect) makes a [`Connection`] to it, [`snapshot`](fn@snapshot)
//! takes one whole picture, [`watch`](fn@watch) follows a target for as long as somebody listens, and
//! [`discover`](fn@discover) finds the targets of this machine.
//!
//! What comes from a target is not trusted: each message is bounded in size, each field of it in range, each wait in
//! time. Text is cut, but may hold control characters: whoever writes it to a terminal passes it through
//! [`text::clean`](crate::text::clean). Text in a [`ConnectError`] has passed it.

mod address;
mod connect;
mod decode;
mod discover;
mod error;
mod hello;
mod learn;
mod snapshot;
mod watch;

pub use address::{Address, AddressError};
pub use connect::{Connection, connect};
pub use decode::{Decoder, News, Violation};
pub use discover::{Answer, Listing, Process, discover, socket_dir};
pub use error::ConnectError;
pub use snapshot::{Snapshot, snapshot, snapshot_of_tasks};
pub use watch::{Sketching, WatchOptions, watch};
