//! What differs between processors: reading registers and words of the stack.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod aarch64;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod x86_64;

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) use aarch64::*;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use x86_64::*;

/// The registers from which a walk starts.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    /// An address within the function.
    pub(crate) pc: u64,
    /// The stack pointer there.
    pub(crate) sp: u64,
    /// The register that holds the frame pointer, in functions which have one.
    pub(crate) fp: u64,
}

/// The stack pointer of the calling function: to be recorded when a poll starts, for [`capture`](crate::capture). 0 where that
/// is not supported.
#[inline(always)]
pub fn stack_pointer() -> usize {
    #[cfg(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    {
        here().sp as usize
    }
    #[cfg(not(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    )))]
    {
        0
    }
}
