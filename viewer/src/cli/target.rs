//! Which program a command without an address means.

use super::failure::Failure;
use crate::client::{Address, discover, socket_dir};

/// The address that was given, or the only program there is.
///
/// # Errors
///
/// Where none was given and there is no program, or more than one.
pub(super) async fn resolve(given: Option<Address>) -> Result<Address, Failure> {
    if let Some(address) = given {
        return Ok(address);
    }
    let listing = discover(&socket_dir()).await;
    let mut watchable = listing.watchable();
    match (watchable.next(), watchable.next()) {
        (Some((process, _)), None) => Ok(Address::Socket(process.socket.clone())),
        (None, _) => Err(Failure::Nobody(listing.clone())),
        (Some(_), Some(_)) => Err(Failure::Several(listing.clone())),
    }
}
