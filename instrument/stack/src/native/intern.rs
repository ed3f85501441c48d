//! Stacks, interned: a wait stores a number instead of a list of program counters.
//!
//! Rules:
//!
//! 1. A place changes once, from null, and what it points to is never changed or freed: what was read from it is good for
//!    ever.
//! 2. A stack is put into the first free place on its way, and every search takes the same way; so one that lost the race
//!    for a place finds the winner there, and no stack has two numbers.
//! 3. A stack that would exceed the limits is not put in. Threads that race may exceed a limit by one stack each.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

use super::modules::Modules;

/// Places; more than stacks, so that ways stay short.
const PLACES: usize = crate::MAX_ID as usize;
/// Stacks at most.
const MAX_STACKS: u32 = 1 << 14;
/// Bytes that stacks may take.
const MAX_BYTES: u64 = 6 << 20;
/// Probes before a stack is given up.
const PROBES: usize = 64;

pub(crate) static STACKS: Stacks<PLACES> = Stacks::new(MAX_STACKS, MAX_BYTES);

/// A list of program counters, leaf first.
pub(crate) struct Stack {
    hash: u64,
    /// Which code was where when the stack was first seen; `None` in tests.
    pub(crate) modules: Option<&'static Modules>,
    /// Return addresses.
    pub(crate) pcs: Box<[u64]>,
}

impl Stack {
    fn bytes(pcs: &[u64]) -> u64 {
        (size_of::<Self>() + size_of_val(pcs)) as u64
    }
}

/// See the [module](self).
pub(crate) struct Stacks<const N: usize> {
    places: [AtomicPtr<Stack>; N],
    max_stacks: u32,
    max_bytes: u64,
    stacks: AtomicU32,
    bytes: AtomicU64,
}

/// Neighbouring stacks differ in a few bits of one word, so each word is multiplied in.
fn hash(pcs: &[u64]) -> u64 {
    pcs.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, pc| {
        (hash.rotate_left(5) ^ pc).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}

impl<const N: usize> Stacks<N> {
    pub(crate) const fn new(max_stacks: u32, max_bytes: u64) -> Self {
        Self {
            places: [const { AtomicPtr::new(std::ptr::null_mut()) }; N],
            max_stacks,
            max_bytes,
            stacks: AtomicU32::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// How many there are, and the bytes that they take.
    pub(crate) fn size(&self) -> (u32, u64) {
        (self.stacks.load(Relaxed), self.bytes.load(Relaxed))
    }

    /// The stack with this number; `None` for 0 and numbers that were not given out.
    pub(crate) fn get(&self, id: u32) -> Option<&'static Stack> {
        let place = self.places.get((id as usize).checked_sub(1)?)?;
        // SAFETY: what is not null came from `Box::into_raw` in `insert` and is never changed or freed (rule 1).
        unsafe { place.load(Acquire).as_ref() }
    }

    /// The number of this stack and its copy in the table; `None` if it does not fit.
    pub(crate) fn intern(
        &self,
        pcs: &[u64],
        modules: Option<&'static Modules>,
    ) -> Option<(u32, &'static Stack)> {
        let hash = hash(pcs);
        let mut at = (hash >> 32) as usize;
        for _ in 0..PROBES.min(N) {
            at = (at + 1) % N;
            let id = at as u32 + 1;
            let there = match self.get(id) {
                Some(stack) => stack,
                None => self.insert(id, hash, pcs, modules)?,
            };
            if there.hash == hash && *there.pcs == *pcs {
                return Some((id, there));
            }
        }
        None
    }

    /// What is at this place after the stack was put there, unless somebody else was faster (rule 2).
    #[cold]
    fn insert(
        &self,
        id: u32,
        hash: u64,
        pcs: &[u64],
        modules: Option<&'static Modules>,
    ) -> Option<&'static Stack> {
        let bytes = Stack::bytes(pcs);
        let (stacks, taken) = self.size();
        if stacks >= self.max_stacks || taken + bytes > self.max_bytes {
            return None;
        }
        let fresh = Box::into_raw(Box::new(Stack {
            hash,
            modules,
            pcs: pcs.into(),
        }));
        let place = self.places.get(id as usize - 1)?;
        if place
            .compare_exchange(std::ptr::null_mut(), fresh, AcqRel, Acquire)
            .is_ok()
        {
            self.stacks.fetch_add(1, Relaxed);
            self.bytes.fetch_add(bytes, Relaxed);
        } else {
            // SAFETY: made above, and not published.
            drop(unsafe { Box::from_raw(fresh) });
        }
        self.get(id)
    }
}

/// The return addresses of the stack with this number, leaf first; `None` for 0 and numbers that were not given out.
pub fn program_counters(id: u32) -> Option<&'static [u64]> {
    STACKS.get(id).map(|stack| &*stack.pcs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_stacks_have_one_number() {
        static TABLE: Stacks<64> = Stacks::new(32, 1 << 20);
        let (one, stack) = TABLE.intern(&[1, 2, 3], None).unwrap();
        assert_eq!(*stack.pcs, [1, 2, 3]);
        assert_eq!(TABLE.intern(&[1, 2, 3], None).map(|s| s.0), Some(one));
        assert_ne!(TABLE.intern(&[1, 2], None).map(|s| s.0), Some(one));
        assert_eq!(TABLE.size().0, 2);
        assert!(TABLE.get(0).is_none() && TABLE.get(u32::MAX).is_none());
    }

    #[test]
    fn limits_are_kept_and_what_is_there_is_still_found() {
        static BY_COUNT: Stacks<64> = Stacks::new(32, 1 << 20);
        static BY_BYTES: Stacks<64> = Stacks::new(1000, 1000);
        for table in [&BY_COUNT, &BY_BYTES] {
            let ids: Vec<_> = (0..200u64)
                .map(|pc| table.intern(&[pc], None).map(|s| s.0))
                .collect();
            let (stacks, bytes) = table.size();
            assert!((10..=32).contains(&stacks) && bytes <= 1 << 20);
            assert_eq!(ids.iter().flatten().count(), stacks as usize);
            for (pc, id) in ids.iter().enumerate() {
                let again = table.intern(&[pc as u64], None).map(|s| s.0);
                assert!(again == *id || id.is_none());
            }
        }
        assert!(BY_BYTES.size().1 <= 1000);
    }

    #[test]
    fn threads_agree_on_numbers() {
        static TABLE: Stacks<1024> = Stacks::new(512, 1 << 20);
        let all: Vec<Vec<_>> = std::thread::scope(|s| {
            let run = || (0..300u64).map(|pc| TABLE.intern(&[pc, 7], None).map(|x| x.0));
            let threads: Vec<_> = (0..4).map(|_| s.spawn(move || run().collect())).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(all.iter().all(|ids| *ids == all[0]));
        assert_eq!(TABLE.size().0, 300);
    }
}
