//! What each JSON output says about its target.

use serde::Serialize;

use crate::feed::Hello;

/// Who a target is.
#[derive(Debug, Serialize)]
pub(super) struct Target<'a> {
    pid: u32,
    name: &'a str,
    executable: Option<&'a str>,
    session_id: String,
    protocol_version: u32,
    instrument_version: &'a str,
    started_unix_ns: u64,
    up_ns: u64,
}

impl<'a> Target<'a> {
    /// What it said of itself.
    pub(super) fn of(hello: &'a Hello) -> Self {
        Self {
            pid: hello.pid,
            name: &hello.name,
            executable: Some(hello.executable.as_str()).filter(|path| !path.is_empty()),
            session_id: hello.session.to_string(),
            protocol_version: hello.protocol_version,
            instrument_version: &hello.instrument_version,
            started_unix_ns: hello.started_unix_ns,
            up_ns: hello.now_ns,
        }
    }
}
