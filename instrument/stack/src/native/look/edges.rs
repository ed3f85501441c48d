//! Calls, checked in the code: did the call before a return address go to the function below it?

use std::ops::Range;

use crate::native::memory;
use crate::native::modules::Modules;

/// Jumps that are followed from a call to the function that runs.
#[cfg(target_arch = "x86_64")]
const MAX_JUMPS: usize = 4;

/// What a call says about the function below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// It goes there.
    Verified,
    /// An indirect call, or one that cannot be followed.
    Unknown,
    /// It goes to another function.
    Elsewhere,
    /// There is no call.
    NoCall,
}

/// The function that holds an address, by the sorted table in `.eh_frame_hdr`; `None` where no unwind table covers it.
pub(super) fn function(modules: &Modules, pc: u64) -> Option<Range<u64>> {
    let module = modules.find(pc)?;
    let tables = module.tables.as_ref()?;
    let bytes = tables.eh_frame_hdr;
    // Count as 4 bytes, entries as pairs of 4 bytes relative to the header: as every linker writes them.
    if bytes.get(2..4)? != [0x03, 0x3b] {
        return None;
    }
    let int = |at: usize| Some(i32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let base = module.bias.wrapping_add(tables.eh_frame_hdr_svma.start);
    let address = |at: usize| Some(base.wrapping_add_signed(i64::from(int(at)?)));
    let (mut low, mut high) = (0usize, usize::try_from(int(8)?).ok()?);
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if address(12 + middle * 8)? <= pc {
            low = middle;
        } else {
            high = middle;
        }
    }
    let start = address(12 + low * 8).filter(|start| *start <= pc)?;
    // Length, pointer to the common entry, start, size.
    let entry = address(12 + low * 8 + 4)?;
    let at = entry.wrapping_sub(module.bias.wrapping_add(tables.eh_frame_svma.start));
    let entry = tables.eh_frame.get(usize::try_from(at).ok()?..)?;
    let size = u32::from_le_bytes(*entry.get(12..)?.first_chunk()?);
    let end = start.checked_add(size.into())?;
    (pc < end).then_some(start..end)
}

/// Whether an address is code of a known module.
pub(super) fn is_code(modules: &Modules, pc: u64) -> bool {
    modules
        .find(pc)
        .is_some_and(|module| module.text.contains(&pc.wrapping_sub(module.bias)))
}

/// Whether a call stands before the address.
#[cfg(target_arch = "x86_64")]
pub(super) fn follows_call(modules: &Modules, pc: u64) -> bool {
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
#[cfg(target_arch = "x86_64")]
fn target(modules: &Modules, pc: u64) -> Option<u64> {
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

/// Whether the call before `return_address` goes to the function in which `callee` lies.
#[cfg(target_arch = "x86_64")]
pub(super) fn edge(modules: &Modules, callee: u64, return_address: u64) -> Edge {
    if !follows_call(modules, return_address) {
        return Edge::NoCall;
    }
    let (Some(target), Some(function)) =
        (target(modules, return_address), function(modules, callee))
    else {
        return Edge::Unknown;
    };
    if target == function.start {
        Edge::Verified
    } else {
        Edge::Elsewhere
    }
}

/// Calls are not decoded here: they are all 4 bytes long, but nobody has tried it.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn edge(modules: &Modules, _callee: u64, return_address: u64) -> Edge {
    if is_code(modules, return_address) {
        Edge::Unknown
    } else {
        Edge::NoCall
    }
}

/// Calls are not decoded here.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn follows_call(modules: &Modules, pc: u64) -> bool {
    is_code(modules, pc)
}
