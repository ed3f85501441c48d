//! Why stacks cannot be told.

use std::io;

use thiserror::Error;

/// Why [`start`](crate::start) failed. The program runs on as before; [`capture`](crate::capture) gives 0.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another system or processor.
    #[error(
        "await stacks need Linux on x86_64 or aarch64; everything else works, but tasks show no stack"
    )]
    Unsupported,
    /// The list of loaded modules.
    #[error(
        "cannot read /proc/self/maps ({0}), so it is not known which code is where; mount /proc to see await stacks"
    )]
    Maps(#[source] io::Error),
    /// The system call by which memory is copied that may go away meanwhile.
    #[error(
        "cannot copy this process's own memory by process_vm_readv ({0}); allow that system call (seccomp) to see await stacks"
    )]
    Copy(#[source] io::Error),
    /// No module has usable unwind data.
    #[error(
        "no module has unwind data (.eh_frame_hdr); do not strip or discard that section to see await stacks"
    )]
    NoUnwindData,
}
