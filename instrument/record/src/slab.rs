//! Memory for slots: chunks that are never given back, and a lock-free list of the slots that are free.
//!
//! Rules:
//!
//! 1. A chunk's pointer changes once, from null, and its memory is never freed: a reference to a slot is good for ever.
//! 2. The head of the free list carries a tag that changes with every step, so a list that was walked is still the list
//!    if the head is still the same word. A link that was read from a slot which somebody else has taken meanwhile is
//!    thrown away with the failing step.
//! 3. A slot's link is written by whoever owns the slot, before the step that publishes it.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::sync::{AtomicU32, AtomicU64};

/// What can be made by zeroing memory.
///
/// # Safety
/// All-zero bytes must be a valid value, shared references to it must be usable from all threads, and dropping it must
/// do nothing.
pub(crate) unsafe trait Zeroed: Sync + 'static {}

/// What a slab can hold.
pub(crate) trait Pooled: Zeroed {
    /// A field that means nothing while the slot is free.
    fn link(&self) -> &AtomicU32;
}

/// Slots per chunk.
pub(crate) const CHUNK: usize = 1024;

/// An array of up to `CHUNKS * CHUNK` values that start as zeroes.
pub(crate) struct Chunks<T, const CHUNKS: usize> {
    chunks: [AtomicPtr<T>; CHUNKS],
}

impl<T, const CHUNKS: usize> Chunks<T, CHUNKS> {
    pub(crate) const fn new() -> Self {
        Self {
            chunks: [const { AtomicPtr::new(std::ptr::null_mut()) }; CHUNKS],
        }
    }
}

impl<T: Zeroed, const CHUNKS: usize> Chunks<T, CHUNKS> {
    /// The value at this index; `None` where no memory was made for it.
    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> Option<&'static T> {
        let chunk = self.chunks.get(index as usize / CHUNK)?.load(Acquire);
        if chunk.is_null() {
            return None;
        }
        // SAFETY: a chunk that is not null has CHUNK values, valid since they were zeroed (`Zeroed`), and is never
        // freed (rule 1).
        Some(unsafe { &*chunk.add(index as usize % CHUNK) })
    }

    /// The same, making memory where there is none; `None` where the array ends or there is no memory to be had.
    pub(crate) fn get_or_make(&self, index: u32) -> Option<&'static T> {
        let place = self.chunks.get(index as usize / CHUNK)?;
        if place.load(Acquire).is_null() {
            let layout = Layout::array::<T>(CHUNK).ok()?;
            if layout.size() == 0 {
                return None;
            }
            // SAFETY: the layout is not empty.
            let fresh = unsafe { alloc_zeroed(layout) }.cast::<T>();
            if fresh.is_null() {
                return None;
            }
            if place
                .compare_exchange(std::ptr::null_mut(), fresh, AcqRel, Acquire)
                .is_err()
            {
                // SAFETY: it was allocated above with this layout, and nobody else has seen it.
                unsafe { dealloc(fresh.cast(), layout) };
            }
        }
        self.get(index)
    }
}

/// Where the free list finds the slots' links.
pub(crate) trait Links {
    fn link(&self, index: u32) -> Option<&AtomicU32>;
}

/// A stack of free slots. The head packs a tag (upper half) and the first slot's index + 1 (0: none).
pub(crate) struct FreeList(AtomicU64);

impl FreeList {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Takes up to `out.len()` slots; gives how many.
    pub(crate) fn take(&self, links: &impl Links, out: &mut [u32]) -> usize {
        let mut head = self.0.load(Acquire);
        loop {
            let (mut n, mut next) = (0, head as u32);
            while n < out.len() && next != 0 {
                out[n] = next - 1;
                n += 1;
                next = links.link(next - 1).map_or(0, |link| link.load(Relaxed));
            }
            if n == 0 {
                return 0;
            }
            match self
                .0
                .compare_exchange_weak(head, retagged(head, next), AcqRel, Acquire)
            {
                Ok(_) => return n,
                Err(now) => head = now,
            }
        }
    }

    /// Gives slots back.
    pub(crate) fn give(&self, links: &impl Links, slots: &[u32]) {
        let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
            return;
        };
        for pair in slots.windows(2) {
            if let Some(link) = links.link(pair[0]) {
                link.store(pair[1] + 1, Relaxed);
            }
        }
        let Some(link) = links.link(*last) else {
            return;
        };
        let mut head = self.0.load(Acquire);
        loop {
            link.store(head as u32, Relaxed);
            match self
                .0
                .compare_exchange_weak(head, retagged(head, first + 1), AcqRel, Acquire)
            {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

fn retagged(head: u64, first: u32) -> u64 {
    ((head >> 32) + 1) << 32 | u64::from(first)
}

/// A growing set of slots.
pub(crate) struct Slab<T, const CHUNKS: usize> {
    chunks: Chunks<T, CHUNKS>,
    fresh: AtomicU32,
    free: FreeList,
}

impl<T: Pooled, const CHUNKS: usize> Links for Chunks<T, CHUNKS> {
    fn link(&self, index: u32) -> Option<&AtomicU32> {
        self.get(index).map(Pooled::link)
    }
}

impl<T: Pooled, const CHUNKS: usize> Slab<T, CHUNKS> {
    /// How many slots there can be.
    pub(crate) const CAPACITY: usize = CHUNKS * CHUNK;

    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            chunks: Chunks::new(),
            fresh: AtomicU32::new(0),
            free: FreeList::new(),
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, index: u32) -> Option<&'static T> {
        self.chunks.get(index)
    }

    /// Takes up to `out.len()` slots, used or fresh; gives how many, 0 where the slab is full.
    #[cold]
    pub(crate) fn take(&self, out: &mut [u32]) -> usize {
        let n = self.free.take(&self.chunks, out);
        if n > 0 {
            return n;
        }
        // Fresh ones are reserved only if they exist, so the counter can't run away when the slab is full.
        let end = Self::CAPACITY as u32;
        let reserved = self.fresh.fetch_update(Relaxed, Relaxed, |at| {
            (at < end).then(|| at.saturating_add(out.len() as u32).min(end))
        });
        let Ok(start) = reserved else { return 0 };
        let mut n = 0;
        for index in start..start.saturating_add(out.len() as u32).min(end) {
            // A slot for which there is no memory now is lost for good, which is the least of this process's troubles.
            if self.chunks.get_or_make(index).is_some() {
                out[n] = index;
                n += 1;
            }
        }
        n
    }

    pub(crate) fn give(&self, slots: &[u32]) {
        self.free.give(&self.chunks, slots);
    }
}

/// Slots that one thread has in hand, so that it goes to the slab only now and then.
pub(crate) struct Magazine {
    n: usize,
    slots: [u32; Self::SIZE],
}

impl Magazine {
    const SIZE: usize = 64;

    pub(crate) const fn new() -> Self {
        Self {
            n: 0,
            slots: [0; Self::SIZE],
        }
    }

    #[inline(always)]
    pub(crate) fn take<T: Pooled, const C: usize>(&mut self, slab: &Slab<T, C>) -> Option<u32> {
        if self.n == 0 {
            self.n = slab.take(&mut self.slots[..Self::SIZE / 2]);
            // The slab counts upwards, and the magazine is emptied from its end.
            self.slots[..self.n].reverse();
        }
        self.n = self.n.checked_sub(1)?;
        Some(self.slots[self.n])
    }

    #[inline(always)]
    pub(crate) fn give<T: Pooled, const C: usize>(&mut self, slab: &Slab<T, C>, slot: u32) {
        if self.n == Self::SIZE {
            slab.give(&self.slots[Self::SIZE / 2..]);
            self.n = Self::SIZE / 2;
        }
        self.slots[self.n] = slot;
        self.n += 1;
    }

    /// Gives all slots back, for a thread that ends.
    pub(crate) fn empty<T: Pooled, const C: usize>(&mut self, slab: &Slab<T, C>) {
        slab.give(&self.slots[..self.n]);
        self.n = 0;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[repr(C)]
    struct Cell {
        link: AtomicU32,
        owner: AtomicU32,
    }

    // SAFETY: two atomics.
    unsafe impl Zeroed for Cell {}

    impl Pooled for Cell {
        fn link(&self) -> &AtomicU32 {
            &self.link
        }
    }

    #[test]
    fn a_full_slab_says_so_and_goes_on_when_slots_come_back() {
        static SLAB: Slab<Cell, 1> = Slab::new();
        let mut taken = vec![];
        let mut magazine = Magazine::new();
        while let Some(slot) = magazine.take(&SLAB) {
            taken.push(slot);
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..CHUNK as u32).collect::<Vec<_>>());
        magazine.give(&SLAB, 17);
        assert_eq!(magazine.take(&SLAB), Some(17));
        assert_eq!(magazine.take(&SLAB), None);
    }

    #[test]
    fn no_slot_has_two_owners() {
        static SLAB: Slab<Cell, 4> = Slab::new();
        std::thread::scope(|s| {
            for me in 1..=4 {
                s.spawn(move || {
                    let mut magazine = Magazine::new();
                    let mut mine = vec![];
                    for round in 0..20_000u32 {
                        if let Some(slot) = magazine.take(&SLAB) {
                            let cell = SLAB.get(slot).unwrap();
                            assert_eq!(cell.owner.swap(me, Relaxed), 0, "slot {slot} has an owner");
                            mine.push(slot);
                        }
                        // Keeps the magazines flowing over and running dry.
                        let keep = if round % 400 < 200 { 300 } else { 3 };
                        while mine.len() > keep {
                            let slot = mine.swap_remove(round as usize % mine.len());
                            assert_eq!(SLAB.get(slot).unwrap().owner.swap(0, Relaxed), me);
                            magazine.give(&SLAB, slot);
                        }
                    }
                    mine.iter()
                        .for_each(|slot| SLAB.get(*slot).unwrap().owner.store(0, Relaxed));
                    mine.drain(..).for_each(|slot| magazine.give(&SLAB, slot));
                    magazine.empty(&SLAB);
                });
            }
        });
        let mut all = vec![0; Slab::<Cell, 4>::CAPACITY];
        let mut n = 0;
        loop {
            match SLAB.take(&mut all[n..]) {
                0 => break,
                k => n += k,
            }
        }
        all.truncate(n);
        all.sort_unstable();
        all.dedup();
        assert_eq!(
            all.len(),
            Slab::<Cell, 4>::CAPACITY,
            "every slot came back, once"
        );
    }
}
