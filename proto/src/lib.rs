//! The protocol between an instrumented process and its viewers.
//!
//! The messages and the service are generated from `proto/taskscope/v1/taskscope.proto`, which documents every field;
//! the generated code is committed, and a test regenerates it and compares. [`place`] says where on a machine the
//! sockets of instrumented processes are found.
#![forbid(unsafe_code)]

pub mod place;

/// Version 1 of the protocol.
#[allow(missing_docs, unreachable_pub, clippy::all)]
#[rustfmt::skip]
pub mod v1 {
    include!("generated/taskscope.v1.rs");
}

/// The newest protocol version that this crate speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// No message of the target is larger than this many bytes.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;
