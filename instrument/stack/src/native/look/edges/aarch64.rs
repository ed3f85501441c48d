//! aarch64: calls, in the code. Never run on such a machine yet.

use super::is_code;
use crate::native::memory;
use crate::native::modules::Modules;

fn before(pc: u64) -> Option<u32> {
    memory::array(pc.checked_sub(4)?).map(u32::from_le_bytes)
}

/// Whether a call stands before the address: bl, or blr.
pub(in super::super) fn follows_call(modules: &Modules, pc: u64) -> bool {
    is_code(modules, pc)
        && before(pc).is_some_and(|code| {
            code & 0xfc00_0000 == 0x9400_0000 || code & 0xffff_fc1f == 0xd63f_0000
        })
}

/// Where the call before the address goes; `None` for indirect ones.
pub(super) fn target(_modules: &Modules, pc: u64) -> Option<u64> {
    let code = before(pc).filter(|code| code & 0xfc00_0000 == 0x9400_0000)?;
    // 26 bits with a sign, in steps of 4 bytes.
    let distance = i64::from((code << 6).cast_signed() >> 4);
    Some((pc - 4).wrapping_add_signed(distance))
}
