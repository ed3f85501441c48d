//! How much memory this process takes.

use std::{fs, io};

/// Resident bytes of this process, as Linux counts them.
///
/// # Errors
/// If `/proc/self/statm` is not there or reads unlike Linux writes it.
pub fn resident() -> io::Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .ok_or_else(|| {
            io::Error::other(format!(
                "/proc/self/statm has no number of resident pages: {statm:?}"
            ))
        })?;
    Ok(pages * rustix::param::page_size() as u64)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn touched_memory_is_counted() {
        let before = resident().unwrap();
        let touched = vec![1u8; 64 << 20];
        let after = resident().unwrap();
        assert!(
            after >= before + (60 << 20),
            "{before} {after} {}",
            touched[9]
        );
    }
}
