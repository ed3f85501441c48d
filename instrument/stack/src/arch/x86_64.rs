//! x86_64: registers and loads.

use std::arch::asm;

use super::Registers;

/// The registers of the function into which this is inlined.
#[inline(always)]
pub(crate) fn here() -> Registers {
    let (pc, sp, fp): (u64, u64, u64);
    // SAFETY: reads three registers and changes nothing else.
    unsafe {
        asm!("lea {}, [rip]", "mov {}, rsp", "mov {}, rbp", out(reg) pc, out(reg) sp, out(reg) fp,
            options(nomem, nostack, preserves_flags));
    }
    Registers { pc, sp, fp }
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
        asm!("mov {}, [{}]", lateout(reg) word, in(reg) address,
            options(readonly, nostack, preserves_flags));
    }
    word
}

pub(crate) mod unwind {
    //! framehop's types for this processor.

    use framehop::MustNotAllocateDuringUnwind;
    use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};

    use super::Registers;

    pub(crate) type Unwinder = UnwinderX86_64<&'static [u8], MustNotAllocateDuringUnwind>;
    pub(crate) type Cache = CacheX86_64<MustNotAllocateDuringUnwind>;
    pub(crate) type State = UnwindRegsX86_64;

    /// Where a walk starts.
    pub(crate) fn state(registers: Registers, _highest_code: u64) -> State {
        State::new(registers.pc, registers.sp, registers.fp)
    }

    /// What was read to make a step: not needed, since the call itself pushed the return address.
    pub(crate) struct Reads;

    impl Reads {
        #[inline(always)]
        pub(crate) fn new() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn note(&mut self, _address: u64, _word: u64) {}

        /// Where the return address lies that the step led to.
        #[inline(always)]
        pub(crate) fn slot(&self, after: &State, _return_address: u64) -> Option<u64> {
            after.sp().checked_sub(8)
        }
    }
}
