//! x86_64: calls, in the code.

use super::is_code;
use crate::native::memory;
use crate::native::modules::Modules;

/// Jumps that are followed from a call to the function that runs.
const MAX_JUMPS: usize = 4;

/// Whether a call stands before the address.
pub(in super::super) fn follows_call(modules: &Modules, pc: u64) -> bool {
    if !is_code(modules, pc) || !is_code(modules, pc.wrapping_sub(7)) {
        return false;
    }
    let Some(before) = memory::array::<7>(pc - 7) else {
        return false;
    };
    // call rel32, or call through a register or memory (ff /2), which takes 2 to 7 bytes.
    before[2] == 0xe8
        || (2..=7).any(|len| match before.get(7 - len..9 - len) {
            Some([0xff, operand]) => operand >> 3 & 7 == 2,
            _ => false,
        })
}

/// Where the call before the address goes; `None` for indirect ones.
pub(super) fn target(modules: &Modules, pc: u64) -> Option<u64> {
    let slot = |address: u64| memory::array(address).map(u64::from_ne_bytes);
    let relative = |bytes: [u8; 4]| i64::from(i32::from_le_bytes(bytes));
    let [a, b, rest @ ..] = memory::array::<6>(pc.checked_sub(6)?)?;
    let there = pc.wrapping_add_signed(relative(rest));
    let mut target = match (a, b) {
        (_, 0xe8) => there,
        (0xff, 0x15) => slot(there)?,
        _ => return None,
    };
    // Through a stub of the linker, [endbr64] jmp *slot(%rip), or functions that are but a jump.
    for _ in 0..MAX_JUMPS {
        if !is_code(modules, target) {
            break;
        }
        let code = memory::array::<12>(target)?;
        let skip = if code.starts_with(&[0xf3, 0x0f, 0x1e, 0xfa]) {
            4
        } else {
            0
        };
        let rest = |at: usize| Some(relative(*code.get(skip + at..)?.first_chunk()?));
        target = match code.get(skip..)? {
            [0xff, 0x25, ..] => slot((target + skip as u64 + 6).wrapping_add_signed(rest(2)?))?,
            [0xe9, ..] => (target + skip as u64 + 5).wrapping_add_signed(rest(1)?),
            _ => break,
        };
    }
    Some(target)
}
