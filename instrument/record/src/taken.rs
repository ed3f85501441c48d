//! Where an exclusive guard was taken: beside the slot of its resource, and only as often as it is likely to be asked for.
//!
//! To catch a stack costs a tenth of an uncontended lock. So it is done for the first times that a lock is taken, and
//! always once somebody has had to wait for it; each entry says which time it is of.

use std::sync::atomic::Ordering::Relaxed;

use crate::slab::Zeroed;
use crate::sync::AtomicU64;

/// The first times that a lock is taken.
const FIRST: u64 = 16;

/// See the [module](self). The stack in the upper half, and in the lower how often the lock had been taken then, modulo
/// 2^32.
#[repr(C)]
pub(crate) struct Taken(AtomicU64);

// SAFETY: an atomic: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Taken {}

impl Taken {
    /// Whether it is to be kept where a lock is taken for the `nth` time, for which somebody has waited so often.
    #[inline(always)]
    pub(crate) fn is_wanted(nth: u64, waits: u32) -> bool {
        nth <= FIRST || waits > 0
    }

    /// The lock was taken for the `nth` time, at this stack.
    pub(crate) fn put(&self, nth: u64, stack: u32) {
        self.0
            .store(u64::from(stack) << 32 | u64::from(nth as u32), Relaxed);
    }

    /// Where it was taken for the `nth` time; 0 if not known.
    pub(crate) fn get(&self, nth: u64) -> u32 {
        let entry = self.0.load(Relaxed);
        if entry as u32 == nth as u32 {
            (entry >> 32) as u32
        } else {
            0
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_of_one_time_only() {
        let taken = Taken(AtomicU64::new(0));
        assert_eq!(taken.get(1), 0);
        taken.put(3, 77);
        assert_eq!((taken.get(2), taken.get(3), taken.get(4)), (0, 77, 0));
        assert!(Taken::is_wanted(1, 0) && Taken::is_wanted(1000, 1));
        assert!(!Taken::is_wanted(1000, 0));
    }
}
