//! How a task's poll times and scheduling delays are distributed, in as few bytes as the task deserves.
//!
//! A time becomes a code: 0 for less than 64 ticks, then four codes for each doubling (bounds grow by 2^¼, so the middle
//! of a bucket is within 9 % of all its samples), 127 for everything from 2^37.5 ticks on (about a minute). A task keeps
//! its first [`INLINE`] codes of each kind in its slot; then it gets a [`Sparse`] table of 40 counts (160 bytes); one with
//! more different codes, or more than 16 million samples of one, gets a [`Dense`] table of all counts (1 KiB).
//!
//! Written by the thread that polls the task, under the sequence count of its slot; read by anybody who checks that.

use std::sync::atomic::Ordering::Relaxed;

use crate::slab::{Magazine, Pooled, Slab, Zeroed};
use crate::sync::{AtomicU32, AtomicU64};

/// Number of codes.
pub const CODES: usize = 128;
/// Samples of each kind that a slot keeps by itself.
pub(crate) const INLINE: usize = 8;
const LOWEST_BITS: u32 = 6;
const SPARSE: usize = 40;
const COUNT_BITS: u32 = 24;
const COUNT_MAX: u32 = (1 << COUNT_BITS) - 1;
/// Set in a slot's table number when it is a dense one.
const DENSE_FLAG: u32 = 1 << 31;

/// Which of the two distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Polls = 0,
    Delays = 128,
}

/// The code of a time.
#[inline(always)]
pub(crate) fn code(ticks: u64) -> u8 {
    if ticks < 1 << LOWEST_BITS {
        return 0;
    }
    let octave = 63 - ticks.leading_zeros();
    let mantissa = (ticks << (63 - octave)) >> 32;
    // 2^31 times 2^¼, 2^½, 2^¾.
    let quarter = u32::from(mantissa >= 2_553_802_834)
        + u32::from(mantissa >= 3_037_000_500)
        + u32::from(mantissa >= 3_611_622_603);
    ((octave - LOWEST_BITS) * 4 + quarter + 1).min(CODES as u32 - 1) as u8
}

/// The shortest time with this code, in ticks. Codes from [`CODES`] on have no time: infinity.
#[must_use]
pub fn shortest(code: usize) -> f64 {
    match code {
        0 => 0.0,
        1..CODES => 2f64.powf(f64::from(LOWEST_BITS) + (code as f64 - 1.0) / 4.0),
        _ => f64::INFINITY,
    }
}

/// Counts by code of the two distributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How long polls took.
    pub polls: [u64; CODES],
    /// How long the task waited for a worker.
    pub delays: [u64; CODES],
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            polls: [0; CODES],
            delays: [0; CODES],
        }
    }
}

impl Counts {
    fn add(&mut self, key: u8, n: u64) {
        let list = if key < 128 {
            &mut self.polls
        } else {
            &mut self.delays
        };
        list[key as usize % 128] += n;
    }
}

/// 40 counts with their keys; 0 is a vacant place, since a key that is there has been counted.
#[repr(C)]
pub(crate) struct Sparse([AtomicU32; SPARSE]);

/// All counts.
#[repr(C)]
pub(crate) struct Dense([AtomicU32; 2 * CODES]);

// SAFETY: arrays of atomics: zeroes are valid, shared use is fine, nothing is dropped.
unsafe impl Zeroed for Sparse {}
// SAFETY: as above.
unsafe impl Zeroed for Dense {}

impl Pooled for Sparse {
    fn link(&self) -> &AtomicU32 {
        &self.0[0]
    }
}

impl Pooled for Dense {
    fn link(&self) -> &AtomicU32 {
        &self.0[0]
    }
}

impl Sparse {
    /// One sample; `false` where the table is full or its count.
    #[inline(always)]
    fn add(&self, key: u8, n: u32) -> bool {
        let mut at = key as usize % SPARSE;
        for _ in 0..SPARSE {
            let old = self.0[at].load(Relaxed);
            if old == 0 {
                self.0[at].store(u32::from(key) << COUNT_BITS | n, Relaxed);
                return true;
            }
            if old >> COUNT_BITS == u32::from(key) {
                let fits = (old & COUNT_MAX) + n <= COUNT_MAX;
                if fits {
                    self.0[at].store(old + n, Relaxed);
                }
                return fits;
            }
            at = if at + 1 == SPARSE { 0 } else { at + 1 };
        }
        false
    }

    /// Takes a sample back that was added before.
    fn remove(&self, key: u8) {
        // The entry stays with a count of 0 if this was its only sample: its key must go on being found.
        if let Some(entry) = self.0.iter().find(|e| {
            let e = e.load(Relaxed);
            e != 0 && e >> COUNT_BITS == u32::from(key)
        }) {
            let old = entry.load(Relaxed);
            if old & COUNT_MAX > 0 {
                entry.store(old - 1, Relaxed);
            }
        }
    }
}

/// Where tables come from.
pub(crate) struct Tables {
    sparse: Slab<Sparse, 16384>,
    dense: Slab<Dense, 1024>,
}

/// Tables that one thread has in hand.
pub(crate) struct TableMagazines {
    sparse: Magazine,
    dense: Magazine,
}

impl TableMagazines {
    pub(crate) const fn new() -> Self {
        Self {
            sparse: Magazine::new(),
            dense: Magazine::new(),
        }
    }

    pub(crate) fn empty(&mut self, tables: &Tables) {
        self.sparse.empty(&tables.sparse);
        self.dense.empty(&tables.dense);
    }
}

/// The fields of a slot that belong here.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'a> {
    /// Codes + 1 of the first samples, the first in the lowest byte.
    pub(crate) polls: &'a AtomicU64,
    /// The same of the delays.
    pub(crate) delays: &'a AtomicU64,
    /// 0: none. Otherwise the table's index + 1, with [`DENSE_FLAG`] for a dense one.
    pub(crate) table: &'a AtomicU32,
}

impl Samples<'_> {
    #[inline]
    pub(crate) fn reset(self) {
        self.polls.store(0, Relaxed);
        self.delays.store(0, Relaxed);
        self.table.store(0, Relaxed);
    }

    #[inline(always)]
    fn inline(&self, which: Which) -> &AtomicU64 {
        match which {
            Which::Polls => self.polls,
            Which::Delays => self.delays,
        }
    }

    /// One sample.
    #[inline(always)]
    pub(crate) fn add(self, which: Which, code: u8, tables: &Tables, mags: &mut TableMagazines) {
        let key = which as u8 | code;
        let table = self.table.load(Relaxed);
        if table == 0 {
            let inline = self.inline(which);
            let codes = inline.load(Relaxed);
            let n = (64 - codes.leading_zeros()).div_ceil(8);
            if n < INLINE as u32 {
                inline.store(codes | u64::from(code + 1) << (8 * n), Relaxed);
                return;
            }
        } else if table & DENSE_FLAG == 0 {
            if tables.sparse.get(table - 1).is_some_and(|t| t.add(key, 1)) {
                return;
            }
        } else {
            if let Some(t) = tables.dense.get((table & !DENSE_FLAG) - 1) {
                let count = &t.0[key as usize];
                count.store(count.load(Relaxed).saturating_add(1), Relaxed);
            }
            return;
        }
        self.grow(key, table, tables, mags);
    }

    /// Takes back the newest sample of a kind, which had this code.
    pub(crate) fn remove(self, which: Which, code: u8, tables: &Tables) {
        let key = which as u8 | code;
        let table = self.table.load(Relaxed);
        if table == 0 {
            let inline = self.inline(which);
            let codes = inline.load(Relaxed);
            let n = (64 - codes.leading_zeros()).div_ceil(8);
            if n > 0 {
                inline.store(codes & !(0xff << (8 * (n - 1))), Relaxed);
            }
        } else if table & DENSE_FLAG == 0 {
            if let Some(t) = tables.sparse.get(table - 1) {
                t.remove(key);
            }
        } else if let Some(t) = tables.dense.get((table & !DENSE_FLAG) - 1) {
            let count = &t.0[key as usize];
            count.store(count.load(Relaxed).saturating_sub(1), Relaxed);
        }
    }

    /// Moves to the next larger table and counts there. Where there is none to be had the sample is left out.
    #[cold]
    fn grow(self, key: u8, table: u32, tables: &Tables, mags: &mut TableMagazines) {
        let mut counts = Counts::default();
        self.read(tables, &mut counts);
        counts.add(key, 1);
        let all = || {
            let delays = counts.delays.iter().enumerate().map(|(c, n)| (c + 128, *n));
            counts
                .polls
                .iter()
                .copied()
                .enumerate()
                .chain(delays)
                .filter(|(_, n)| *n > 0)
        };
        if table == 0 {
            if let Some((i, t)) = take(&mut mags.sparse, &tables.sparse, |t| &t.0) {
                // 17 samples always fit.
                all().for_each(|(key, n)| _ = t.add(key as u8, n as u32));
                self.table.store(i + 1, Relaxed);
            }
        } else if let Some((i, t)) = take(&mut mags.dense, &tables.dense, |t| &t.0) {
            all()
                .for_each(|(key, n)| t.0[key].store(u32::try_from(n).unwrap_or(u32::MAX), Relaxed));
            self.table.store((i + 1) | DENSE_FLAG, Relaxed);
            mags.sparse.give(&tables.sparse, table - 1);
        }
    }

    /// Adds what there is to `counts`. Only good if the slot's sequence count did not change meanwhile.
    pub(crate) fn read(self, tables: &Tables, counts: &mut Counts) {
        let table = self.table.load(Relaxed);
        if table == 0 {
            for which in [Which::Polls, Which::Delays] {
                for byte in self.inline(which).load(Relaxed).to_le_bytes() {
                    if byte > 0 {
                        counts.add(which as u8 | ((byte - 1) & 127), 1);
                    }
                }
            }
        } else if table & DENSE_FLAG == 0 {
            let Some(t) = tables.sparse.get(table - 1) else {
                return;
            };
            for entry in &t.0 {
                let entry = entry.load(Relaxed);
                counts.add((entry >> COUNT_BITS) as u8, u64::from(entry & COUNT_MAX));
            }
        } else if let Some(t) = tables.dense.get((table & !DENSE_FLAG) - 1) {
            t.0.iter()
                .enumerate()
                .for_each(|(key, n)| counts.add(key as u8, u64::from(n.load(Relaxed))));
        }
    }

    /// Gives the table back, by the slot's owner.
    #[inline]
    pub(crate) fn release(self, tables: &Tables, mags: &mut TableMagazines) {
        match self.table.load(Relaxed) {
            0 => {}
            t if t & DENSE_FLAG == 0 => mags.sparse.give(&tables.sparse, t - 1),
            t => mags.dense.give(&tables.dense, (t & !DENSE_FLAG) - 1),
        }
        self.table.store(0, Relaxed);
    }
}

impl Tables {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            sparse: Slab::new(),
            dense: Slab::new(),
        }
    }
}

/// A zeroed table.
fn take<T: Pooled, const C: usize>(
    magazine: &mut Magazine,
    slab: &Slab<T, C>,
    counts: impl Fn(&T) -> &[AtomicU32],
) -> Option<(u32, &'static T)> {
    let index = magazine.take(slab)?;
    let table = slab.get(index)?;
    counts(table)
        .iter()
        .for_each(|count| count.store(0, Relaxed));
    Some((index, table))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_code_bounds_its_times_within_nine_percent() {
        let mut ticks = 64.0f64;
        while ticks < 2f64.powf(37.4) {
            let t = ticks as u64;
            let c = code(t) as usize;
            let (low, high) = (shortest(c), shortest(c + 1));
            // One tick of slack: bounds are not whole numbers of ticks.
            assert!(
                low <= t as f64 + 1.0 && (t as f64) < high + 1.0,
                "{t}: {low}..{high}"
            );
            let middle = 2.0 * low * high / (low + high);
            assert!(
                (middle / t as f64 - 1.0).abs() < 0.09 + 1.0 / t as f64,
                "{t}: {middle}"
            );
            ticks *= 1.003;
        }
        assert_eq!(
            (code(0), code(63), code(64), code(u64::MAX)),
            (0, 0, 1, 127)
        );
    }

    #[test]
    fn counts_are_exact_on_every_road() {
        static TABLES: Tables = Tables::new();
        let mut mags = TableMagazines::new();
        // Few samples, few codes, many codes.
        for (samples, codes) in [(5u64, 128u64), (8, 128), (9, 3), (5_000, 12), (5_000, 128)] {
            let (a, b, c) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU32::new(0));
            let slot = Samples {
                polls: &a,
                delays: &b,
                table: &c,
            };
            let mut truth = Counts::default();
            let mut random = samples * 7919 + codes;
            for i in 0..samples {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let code = ((random >> 33) % codes) as u8;
                for which in [Which::Polls, Which::Delays] {
                    slot.add(which, code, &TABLES, &mut mags);
                    truth.add(which as u8 | code, 1);
                }
                if i % 3 == 0 {
                    slot.add(Which::Polls, 99, &TABLES, &mut mags);
                    slot.remove(Which::Polls, 99, &TABLES);
                }
            }
            let mut counts = Counts::default();
            slot.read(&TABLES, &mut counts);
            assert_eq!(counts, truth, "{samples} samples, {codes} codes");
            slot.release(&TABLES, &mut mags);
        }
    }
}
