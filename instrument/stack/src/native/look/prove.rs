//! From a snapshot to addresses, and how far they can be trusted.
//!
//! A walk is proven if it leads from the thread's registers past the stack pointer that was recorded when the poll began (and
//! past what may still belong to the task's future there), and each return address on its way stands behind a call. Where the frame pointer is not known but guessed, no call whose
//! target is known may go elsewhere than to the function below it either: without that, a guess once gave frames that never
//! were. With all registers known it may: a function that ends in a jump leaves no frame, and is what the call went to.

use framehop::{FrameAddress, Unwinder as _};

use super::edges::{self, Edge};
use super::snapshot::Snapshot;
use crate::arch::Registers;
use crate::arch::unwind::{Cache, state};
use crate::look::Certainty;
use crate::native::capture::SLACK;
use crate::native::modules::{self, Modules};

/// Frames of one walk.
const MAX_FRAMES: usize = 1024;
/// Words of the stack that are tried as frame pointer, where that is not known.
const MAX_GUESSES: usize = 500;

/// Addresses, leaf first, of which all but the first are one less than a return address; and whether they are proven.
struct Walk {
    addresses: Vec<u64>,
    is_proven: bool,
}

fn walk(modules: &Modules, cache: &mut Cache, from: &Snapshot, fp: u64) -> Walk {
    let start = Registers {
        pc: from.pc,
        sp: from.sp,
        fp,
    };
    let mut state = state(start, modules.highest_code());
    let mut load = |address| from.word(address).ok_or(());
    let mut walk = Walk {
        addresses: vec![from.pc],
        is_proven: false,
    };
    if modules.find(from.pc).is_none() {
        modules::unknown_code();
    }
    let mut is_sound = true;
    let mut at = FrameAddress::from_instruction_pointer(from.pc);
    for _ in 0..MAX_FRAMES {
        if state.sp() > from.poll_sp + SLACK {
            walk.is_proven = is_sound;
            break;
        }
        let unwinder = modules.unwinder();
        let pc = match unwinder.unwind_frame(at, &mut state, cache, &mut load) {
            Ok(Some(pc)) => pc,
            // The rest of a deep stack was not copied: what is there is as good as its calls.
            Err(_) if state.sp() + 4096 > from.end() && from.end() <= from.poll_sp => {
                walk.is_proven = is_sound && walk.addresses.len() > 4;
                break;
            }
            _ => break,
        };
        if modules.find(pc).is_none() {
            modules::unknown_code();
            break;
        }
        let callee = walk.addresses.last().copied().unwrap_or_default();
        is_sound &= match edges::edge(modules, callee, pc) {
            Edge::Verified | Edge::Unknown => true,
            Edge::Elsewhere => from.fp.is_some(),
            Edge::NoCall => false,
        };
        walk.addresses.push(pc - 1);
        let Some(next) = FrameAddress::from_return_address(pc) else {
            break;
        };
        at = next;
    }
    walk
}

/// The addresses of a snapshot.
pub(super) fn prove(
    modules: &Modules,
    cache: &mut Cache,
    from: &Snapshot,
) -> (Vec<u64>, Certainty) {
    let first = walk(modules, cache, from, from.fp.unwrap_or(0));
    if first.is_proven {
        return (first.addresses, Certainty::Proven);
    }
    if from.fp.is_none() {
        // Blocked calls stand in C functions that often have a frame pointer: a word before what may be a return address.
        let records = (from.sp..from.end().saturating_sub(15)).step_by(8);
        let plausible = records.filter(|record| {
            from.word(record + 8)
                .is_some_and(|word| edges::follows_call(modules, word))
        });
        for record in plausible.take(MAX_GUESSES) {
            let guess = walk(modules, cache, from, record);
            if guess.is_proven {
                return (guess.addresses, Certainty::Proven);
            }
        }
    }
    (first.addresses, Certainty::Guess)
}
