//! What a viewer is told of a target, in the test's own process.

use taskscope_model::World;
use taskscope_viewer::client::{Address, Sketching, snapshot};
use tokio::runtime::{Builder, Runtime};

use crate::target::Target;

/// Somebody who watches a target.
pub(crate) struct Watch {
    address: Address,
    runtime: Runtime,
}

impl Watch {
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            address: Address::Socket(target.socket.clone()),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    /// What is told now; `None` where nobody answers.
    pub(crate) fn world(&self) -> Option<World> {
        let taken = snapshot(&self.address, String::new(), Sketching::Asked);
        Some(self.runtime.block_on(taken).ok()?.world)
    }
}
