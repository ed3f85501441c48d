//! What an app adds.
#![forbid(unsafe_code)]

// Until the harvester and the builder call them.
#[allow(dead_code)]
mod hub;
#[allow(dead_code)]
mod server;
mod wire;
