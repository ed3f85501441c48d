//! Whether a slot is in its dirty set already, so that only the first of many changes has to put it there.
//!
//! Rule: whoever changes a slot does so with a sequentially consistent read-modify-write (or puts one behind), then asks
//! [`Mark::set`]; the harvester takes the mark away with another, then reads. So in the one order of all those steps
//! either the change comes before the reading, or the asking comes after the mark was taken away and sets it anew.

use std::sync::atomic::Ordering::SeqCst;

use crate::sync::AtomicU32;

/// See the [module](self).
pub(crate) struct Mark(AtomicU32);

impl Mark {
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// `true`: the slot has to be put into the dirty set.
    #[inline(always)]
    pub(crate) fn set(&self) -> bool {
        // The model checker does not know the one order of sequentially consistent steps, on which the first look leans: it
        // tries the step that would do without it.
        (cfg!(loom) || self.0.load(SeqCst) == 0) && self.0.swap(1, SeqCst) == 0
    }

    /// By the harvester, before it reads.
    pub(crate) fn take(&self) {
        self.0.swap(0, SeqCst);
    }
}
