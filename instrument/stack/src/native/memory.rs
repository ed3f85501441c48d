//! Copies of this process's own memory that cannot fault: what may be unmapped meanwhile is copied by the kernel.

use std::io;

/// Copies up to `out.len()` bytes from `address`; gives how many could be read.
pub(crate) fn copy_into(address: u64, out: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec {
        iov_base: out.as_mut_ptr().cast(),
        iov_len: out.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: out.len(),
    };
    // SAFETY: the kernel writes at most `out.len()` bytes to `out`, and answers EFAULT where `address` is not mapped.
    let n = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// `len` bytes from `address`, or `None` if not all of them can be read.
pub(crate) fn copy(address: u64, len: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).ok()?;
    bytes.resize(len, 0);
    (copy_into(address, &mut bytes).ok()? == len).then_some(bytes)
}

/// The same for a few bytes.
pub(crate) fn array<const N: usize>(address: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (copy_into(address, &mut bytes).ok()? == N).then_some(bytes)
}

/// Whether the kernel lets us.
pub(crate) fn probe() -> io::Result<()> {
    let byte = 7u8;
    let mut out = [0];
    copy_into((&raw const byte) as u64, &mut out).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_mapped_is_an_error_and_not_a_fault() {
        assert!(probe().is_ok());
        assert_eq!(copy(8, 4), None);
        assert_eq!(copy(8, usize::MAX), None);
        let words = [3u64, 4];
        assert_eq!(
            array::<8>(words.as_ptr() as u64 + 8),
            Some(4u64.to_ne_bytes())
        );
    }
}
