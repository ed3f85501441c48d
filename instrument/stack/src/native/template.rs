//! Known stacks by their depth: a dozen loads and compares instead of unwinding.
//!
//! A template says: at this depth (stack pointer at poll start minus stack pointer now), if these return addresses lie at
//! these offsets, it is this stack. That is no guess: the function that captures has a frame of fixed size, so its own
//! return address tells who called it and from where, which tells the size of that frame, and so on up. Only a frame
//! whose size changes at run time (`alloca`; Rust has none) could hide a change, and then only with the same depth and with
//! old return addresses in just the same places.
//!
//! Rules:
//!
//! 1. A bucket changes only by getting another first template, whose `next` was the first before; templates are never
//!    changed or freed: a reference to one is good for ever.
//! 2. Words are read only from the stack pointer up to `top`, the end of the calling thread's own stack.
//! 3. A chain is at most [`MAX_CHAIN`] long (each thread that races may add one), which bounds the work of a miss.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

use crate::arch;

/// Buckets: depths are multiples of 16, so each one below 64 KiB has a bucket of its own.
const BUCKETS: usize = 1 << 12;
/// Templates in one bucket.
const MAX_CHAIN: usize = 32;
/// Templates at most.
const MAX_TEMPLATES: u32 = 1 << 15;
/// Bytes that templates may take.
const MAX_BYTES: u64 = 4 << 20;

pub(crate) static TEMPLATES: Templates<BUCKETS> = Templates::new(MAX_TEMPLATES, MAX_BYTES);

/// A known stack at a known depth.
struct Template {
    next: Option<&'static Template>,
    depth: u32,
    id: u32,
    /// Bytes from the stack pointer to the end of the last word that is compared.
    extent: u64,
    /// Where the return addresses lie, seen from the stack pointer; ascending.
    offsets: Box<[u32]>,
    /// What lies there.
    pcs: &'static [u64],
}

impl Template {
    /// From the root, where stacks of one depth differ first: their leaves are all the same hook.
    ///
    /// # Safety
    /// The stack from `sp` for `extent` bytes must be readable.
    #[inline(always)]
    unsafe fn is_at(&self, sp: u64) -> bool {
        self.offsets.iter().zip(self.pcs).rev().all(|(offset, pc)| {
            // SAFETY: each offset lies 8 bytes or more below `extent` (see `add`), and the caller has checked that.
            unsafe { arch::load(sp + u64::from(*offset)) == *pc }
        })
    }
}

/// What became of a new template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Added {
    /// It is in the table.
    Yes,
    /// It was there already.
    Known,
    /// It did not fit.
    Full,
}

/// See the [module](self).
pub(crate) struct Templates<const N: usize> {
    buckets: [AtomicPtr<Template>; N],
    max_templates: u32,
    max_bytes: u64,
    templates: AtomicU32,
    bytes: AtomicU64,
}

impl<const N: usize> Templates<N> {
    pub(crate) const fn new(max_templates: u32, max_bytes: u64) -> Self {
        Self {
            buckets: [const { AtomicPtr::new(std::ptr::null_mut()) }; N],
            max_templates,
            max_bytes,
            templates: AtomicU32::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// How many there are, and the bytes that they take.
    pub(crate) fn size(&self) -> (u32, u64) {
        (self.templates.load(Relaxed), self.bytes.load(Relaxed))
    }

    #[inline(always)]
    fn bucket(&self, depth: u32) -> Option<&AtomicPtr<Template>> {
        self.buckets.get((depth >> 4) as usize % N)
    }

    /// The number of the stack that starts at `sp`, if it is known.
    ///
    /// # Safety
    /// `sp` must be the stack pointer of a function that does not return before this does, on a stack that is readable up to
    /// `top`.
    #[inline(always)]
    pub(crate) unsafe fn find(&self, sp: u64, depth: u32, top: u64) -> Option<u32> {
        let first = self.bucket(depth)?.load(Acquire);
        // SAFETY: what is not null came from `Box::into_raw` in `add` and is never changed or freed (rule 1).
        let mut next: Option<&'static Template> = unsafe { first.as_ref() };
        let room = top.saturating_sub(sp);
        while let Some(template) = next {
            // SAFETY: the words lie between `sp` and `top` (rule 2).
            if template.depth == depth && template.extent <= room && unsafe { template.is_at(sp) } {
                return Some(template.id);
            }
            next = template.next;
        }
        None
    }

    /// Remembers that `pcs` at these offsets are the stack `id`.
    #[cold]
    pub(crate) fn add(&self, depth: u32, id: u32, pcs: &'static [u64], offsets: &[u32]) -> Added {
        let (Some(bucket), Some(last)) = (self.bucket(depth), offsets.iter().max()) else {
            return Added::Full;
        };
        let bytes = (size_of::<Template>() + size_of_val(offsets)) as u64;
        let mut fresh = Box::new(Template {
            next: None,
            depth,
            id,
            extent: u64::from(*last) + 8,
            offsets: offsets.into(),
            pcs,
        });
        // Who loses this often can try again at the next capture.
        for _ in 0..8 {
            let head = bucket.load(Acquire);
            // SAFETY: as in `find` (rule 1).
            fresh.next = unsafe { head.as_ref() };
            let (mut len, mut next) = (0, fresh.next);
            while let Some(template) = next {
                if template.depth == depth && template.id == id && *template.offsets == *offsets {
                    return Added::Known;
                }
                (len, next) = (len + 1, template.next);
            }
            let (templates, taken) = self.size();
            if len >= MAX_CHAIN || templates >= self.max_templates || taken + bytes > self.max_bytes
            {
                return Added::Full;
            }
            let raw = Box::into_raw(fresh);
            if bucket.compare_exchange(head, raw, AcqRel, Acquire).is_ok() {
                self.templates.fetch_add(1, Relaxed);
                self.bytes.fetch_add(bytes, Relaxed);
                return Added::Yes;
            }
            // SAFETY: made above, and not published.
            fresh = unsafe { Box::from_raw(raw) };
        }
        Added::Full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks a made-up stack up.
    fn find(table: &Templates<64>, stack: &[u64], depth: u32) -> Option<u32> {
        let sp = stack.as_ptr() as u64;
        // SAFETY: the slice is readable from `sp` to `top`.
        unsafe { table.find(sp, depth, sp + size_of_val(stack) as u64) }
    }

    #[test]
    fn the_same_words_in_the_same_places_are_the_same_stack() {
        static TABLE: Templates<64> = Templates::new(100, 1 << 20);
        static PCS: [u64; 2] = [70, 80];
        assert_eq!(TABLE.add(48, 5, &PCS, &[8, 32]), Added::Yes);
        assert_eq!(TABLE.add(48, 5, &PCS, &[8, 32]), Added::Known);
        assert_eq!(find(&TABLE, &[0, 70, 0, 0, 80], 48), Some(5));
        assert_eq!(find(&TABLE, &[0, 71, 0, 0, 80], 48), None);
        assert_eq!(find(&TABLE, &[0, 70, 0, 80, 0], 48), None);
        assert_eq!(find(&TABLE, &[0, 70, 0, 0, 80], 64), None);
        assert_eq!(find(&TABLE, &[0, 70, 0, 0, 80], 48 + 64 * 16), None);
        // The stack ends before the last word.
        assert_eq!(find(&TABLE, &[0, 70, 0, 0], 48), None);
    }

    #[test]
    fn chains_and_tables_have_an_end() {
        static TABLE: Templates<64> = Templates::new(40, 1 << 20);
        static SMALL: Templates<64> = Templates::new(40, 500);
        static PCS: [u64; 1] = [70];
        let added = |table: &Templates<64>, depth: u32| {
            (0..100)
                .filter(|id| table.add(depth, *id, &PCS, &[8]) == Added::Yes)
                .count()
        };
        assert_eq!(added(&TABLE, 16), MAX_CHAIN);
        assert_eq!(added(&TABLE, 32), 40 - MAX_CHAIN);
        assert_eq!(TABLE.size().0, 40);
        assert!(added(&SMALL, 16) < 10 && SMALL.size().1 <= 500);
    }
}
