//! Await stacks and looks at long polls, where the feature `stacks` is on.

#[cfg(feature = "stacks")]
mod accept;
#[cfg(feature = "stacks")]
mod namer;
#[cfg(feature = "stacks")]
mod present;
#[cfg(feature = "stacks")]
mod watch;
#[cfg(feature = "stacks")]
pub(crate) use self::present::{StackFacts, catch, here, start};

#[cfg(not(feature = "stacks"))]
mod absent;
#[cfg(not(feature = "stacks"))]
pub(crate) use self::absent::{StackFacts, catch, here, start};
