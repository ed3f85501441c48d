//! The server over real sockets, with the client that viewers use.

mod events;
mod figures;
mod hostile;
mod places;
mod rig;
mod scale;
mod shared;
mod watch;
