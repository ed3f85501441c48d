//! aarch64: registers and loads. The same road as on x86_64; never run on such a machine yet.

use std::arch::asm;

use super::Registers;

/// The registers of the function into which this is inlined.
#[inline(always)]
pub(crate) fn here() -> Registers {
    let (pc, sp, fp): (u64, u64, u64);
    // SAFETY: reads three registers and changes nothing else.
    unsafe {
        asm!("adr {}, .", "mov {}, sp", "mov {}, x29", out(reg) pc, out(reg) sp, out(reg) fp,
            options(nomem, nostack, preserves_flags));
    }
    // The address is taken for one that a call returns to, so the instruction before it must be in the same function.
    Registers { pc: pc + 4, sp, fp }
}

/// One word, by an instruction of which neither the optimizer nor a sanitizer knows.
///
/// # Safety
/// The eight bytes at `address` must be mapped and readable.
#[inline(always)]
pub(crate) unsafe fn load(address: u64) -> u64 {
    let word;
    // SAFETY: the caller says that it can be read.
    unsafe {
        asm!("ldr {}, [{}]", lateout(reg) word, in(reg) address,
            options(readonly, nostack, preserves_flags));
    }
    word
}

pub(crate) mod unwind {
    //! framehop's types for this processor.

    use framehop::MustNotAllocateDuringUnwind;
    use framehop::aarch64::{CacheAarch64, PtrAuthMask, UnwindRegsAarch64, UnwinderAarch64};

    use super::Registers;

    pub(crate) type Unwinder = UnwinderAarch64<&'static [u8], MustNotAllocateDuringUnwind>;
    pub(crate) type Cache = CacheAarch64<MustNotAllocateDuringUnwind>;
    pub(crate) type State = UnwindRegsAarch64;

    /// Where a walk starts. Return addresses may be signed above the bits of the highest address of code.
    pub(crate) fn state(registers: Registers, highest_code: u64) -> State {
        let mask = PtrAuthMask::from_max_known_address(highest_code);
        State::new_with_ptr_auth_mask(mask, registers.pc, registers.sp, registers.fp)
    }

    /// What was read last to make a step: a pair of registers, of which one is the return address.
    pub(crate) struct Reads {
        last: [(u64, u64); 4],
        next: usize,
    }

    impl Reads {
        #[inline(always)]
        pub(crate) fn new() -> Self {
            Self {
                last: [(0, 0); 4],
                next: 0,
            }
        }

        #[inline(always)]
        pub(crate) fn note(&mut self, address: u64, word: u64) {
            if let Some(place) = self.last.get_mut(self.next % 4) {
                *place = (address, word);
            }
            self.next = self.next.wrapping_add(1);
        }

        /// Where the return address lies that the step led to; `None` if it was in a register, or is signed: then the word
        /// is not equal to the address, and a template would never be hit.
        #[inline(always)]
        pub(crate) fn slot(&self, _after: &State, return_address: u64) -> Option<u64> {
            self.last
                .iter()
                .find(|(address, word)| *address != 0 && *word == return_address)
                .map(|(address, _)| *address)
        }
    }
}
