//! Calls, checked in the code: did the call before a return address go to the function below it?

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::ops::Range;

#[cfg(target_arch = "aarch64")]
use self::aarch64::target;
#[cfg(target_arch = "x86_64")]
use self::x86_64::target;
use crate::native::modules::Modules;

#[cfg(target_arch = "aarch64")]
pub(super) use self::aarch64::follows_call;
#[cfg(target_arch = "x86_64")]
pub(super) use self::x86_64::follows_call;

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

/// Whether the call before `return_address` goes to the function in which `callee` lies.
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
    } else if self::function(modules, target).is_some_and(|other| other.start == target) {
        Edge::Elsewhere
    } else {
        // A stub of the linker, for instance.
        Edge::Unknown
    }
}
