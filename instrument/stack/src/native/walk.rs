//! A walk up the calling thread's own stack by unwind tables.

use std::sync::atomic::Ordering::Relaxed;

use framehop::{FrameAddress, Unwinder};

use super::counters::COUNTERS;
use super::modules::Modules;
use crate::arch::unwind::{Cache, Reads, state};
use crate::arch::{self, Registers};

/// Frames of the longest stack that is told apart; the rest is left out, from the root.
pub(crate) const MAX_FRAMES: usize = 128;
/// How far beyond the frame at which a walk stops its return address may lie.
const BEYOND: u64 = 4096;

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum End {
    /// At the frame that it was to reach, or at the thread's first.
    Whole,
    /// After [`MAX_FRAMES`] frames.
    Cut,
    /// At code outside all known modules.
    UnknownCode,
    /// No frame could be found.
    Lost,
}

/// What a thread needs to walk: unwind rules that it has used, and room for one stack.
pub(crate) struct Walker {
    cache: Cache,
    pcs: [u64; MAX_FRAMES],
    offsets: [u32; MAX_FRAMES],
    len: usize,
}

impl Drop for Walker {
    fn drop(&mut self) {
        COUNTERS.walkers.fetch_sub(1, Relaxed);
    }
}

impl Walker {
    #[cold]
    pub(crate) fn new() -> Box<Self> {
        COUNTERS.walkers.fetch_add(1, Relaxed);
        Box::new(Self {
            cache: Cache::new_in(),
            pcs: [0; MAX_FRAMES],
            offsets: [0; MAX_FRAMES],
            len: 0,
        })
    }

    /// The return addresses of the last walk, and how far from its stack pointer each lies.
    pub(crate) fn found(&self) -> (&[u64], &[u32]) {
        (
            self.pcs.get(..self.len).unwrap_or_default(),
            self.offsets.get(..self.len).unwrap_or_default(),
        )
    }

    /// Walks from `from` to the first frame that lies above `limit`.
    ///
    /// # Safety
    /// `from` must be of a function that does not return before this does, on a stack that is readable up to `top`.
    pub(crate) unsafe fn walk(
        &mut self,
        modules: &Modules,
        from: Registers,
        limit: u64,
        top: u64,
    ) -> End {
        self.len = 0;
        let end = top.min(limit.saturating_add(BEYOND));
        let mut state = state(from, modules.highest_code());
        let mut next = FrameAddress::from_return_address(from.pc);
        while let Some(at) = next {
            let mut reads = Reads::new();
            let mut load = |address: u64| {
                let last = address.checked_add(8).ok_or(())?;
                if address < from.sp || address & 7 != 0 || last > end {
                    return Err(());
                }
                // SAFETY: it lies between the stack pointer and the end of the stack.
                let word = unsafe { arch::load(address) };
                reads.note(address, word);
                Ok(word)
            };
            let unwinder = modules.unwinder();
            let step = unwinder.unwind_frame(at, &mut state, &mut self.cache, &mut load);
            let pc = match step {
                Ok(Some(pc)) => pc,
                Ok(None) => return End::Whole,
                Err(_) => return End::Lost,
            };
            match modules.find(pc) {
                None => return End::UnknownCode,
                // Without unwind tables a step is a guess by the frame pointer, which is no frame pointer in most code.
                Some(module) if !module.is_code(pc) => return End::Lost,
                Some(_) => {}
            }
            let slot = reads
                .slot(&state, pc)
                .and_then(|slot| u32::try_from(slot.checked_sub(from.sp)?).ok());
            let places = (self.pcs.get_mut(self.len), self.offsets.get_mut(self.len));
            let ((Some(place), Some(offset)), Some(slot)) = (places, slot) else {
                return if slot.is_none() { End::Lost } else { End::Cut };
            };
            (*place, *offset) = (pc, slot);
            self.len += 1;
            if state.sp() > limit {
                return End::Whole;
            }
            next = FrameAddress::from_return_address(pc);
        }
        End::Lost
    }
}
