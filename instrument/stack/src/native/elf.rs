//! What is needed of a loaded ELF file: where its code, its unwind tables and its notes lie.
//!
//! Everything is read from memory and not from the file: the file may be another one by now.

use std::ops::Range;

/// Size of an ELF64 header.
const HEADER: usize = 64;
/// Size of an ELF64 program header.
const ENTRY: usize = 56;
/// More program headers than any linker writes.
const MAX_ENTRIES: usize = 128;
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
const PF_X: u32 = 1;

/// A loaded ELF file. Ranges are addresses as the file states them: `bias` is to be added.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Elf {
    pub(crate) bias: u64,
    /// First and last address of all that is loaded.
    pub(crate) loaded: Range<u64>,
    pub(crate) text: Range<u64>,
    pub(crate) eh_frame_hdr: Option<Range<u64>>,
    /// From the start of `.eh_frame` to the end of its segment.
    pub(crate) eh_frame: Option<Range<u64>>,
    /// The first of the notes, among which is the build id, and where it is in the file.
    pub(crate) note: Option<(Range<u64>, u64)>,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Elf {
    /// The file that is loaded at `base`; `None` if it is none of 64 bits.
    pub(crate) fn read(base: u64, copy: impl Fn(u64, usize) -> Option<Vec<u8>>) -> Option<Self> {
        let header = copy(base, HEADER)?;
        // Class 2: 64 bits. Data 1: little endian.
        if header.get(..6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let (at, size, n) = (
            u64_at(&header, 32)?,
            usize::from(u16_at(&header, 54)?),
            usize::from(u16_at(&header, 56)?),
        );
        if size < ENTRY || n > MAX_ENTRIES {
            return None;
        }
        let entries = copy(base.checked_add(at)?, size * n)?;
        let mut elf = Self::default();
        let mut segments: Vec<Range<u64>> = Vec::new();
        let mut first = None;
        for entry in entries.chunks_exact(size) {
            let (kind, flags) = (u32_at(entry, 0)?, u32_at(entry, 4)?);
            let (offset, address) = (u64_at(entry, 8)?, u64_at(entry, 16)?);
            let range = address..address.checked_add(u64_at(entry, 40)?)?;
            match kind {
                PT_LOAD => {
                    if first.is_none() {
                        first = Some(address & !0xfff);
                        elf.loaded = range.clone();
                    }
                    if flags & PF_X != 0 {
                        let start = if elf.text.is_empty() {
                            range.start
                        } else {
                            elf.text.start
                        };
                        elf.text = start..range.end;
                    }
                    elf.loaded.start = elf.loaded.start.min(range.start);
                    elf.loaded.end = elf.loaded.end.max(range.end);
                    segments.push(range);
                }
                PT_NOTE if elf.note.is_none() => elf.note = Some((range, offset)),
                PT_GNU_EH_FRAME => elf.eh_frame_hdr = Some(range),
                _ => {}
            }
        }
        elf.bias = base.wrapping_sub(first?);
        let within = |range: &Range<u64>| {
            segments
                .iter()
                .find(|segment| segment.start <= range.start && range.end <= segment.end)
        };
        elf.eh_frame_hdr = elf.eh_frame_hdr.filter(|hdr| within(hdr).is_some());
        if let Some(hdr) = &elf.eh_frame_hdr {
            let start = copy(elf.bias.wrapping_add(hdr.start), 8)?;
            // The pointer to .eh_frame: 4 bytes relative to itself (0x1b), as every linker writes it.
            if start.get(1) == Some(&0x1b) {
                let relative = i64::from(u32_at(&start, 4)?.cast_signed());
                let frame = hdr.start.wrapping_add(4).wrapping_add_signed(relative);
                elf.eh_frame = within(&(frame..frame)).map(|segment| frame..segment.end);
            }
        }
        Some(elf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::memory;

    #[test]
    fn the_test_itself_is_read() {
        // SAFETY: asks the C library for one of the numbers that the kernel gave to the process.
        let headers = unsafe { libc::getauxval(libc::AT_PHDR) } as u64;
        let elf = Elf::read(headers & !0xfff, memory::copy).unwrap();
        let here = (the_test_itself_is_read as *const ()) as u64 - elf.bias;
        assert!(elf.text.contains(&here));
        assert!(elf.eh_frame_hdr.is_some() && elf.eh_frame.is_some());
    }

    #[test]
    fn what_is_cut_short_is_no_file() {
        // SAFETY: as above.
        let base = (unsafe { libc::getauxval(libc::AT_PHDR) } as u64) & !0xfff;
        for len in 0..200 {
            let all = memory::copy(base, len).unwrap();
            let copy = |at: u64, n: usize| {
                let at = usize::try_from(at).ok()?;
                Some(all.get(at..at.checked_add(n)?)?.to_vec())
            };
            assert_eq!(Elf::read(0, copy), None);
        }
    }
}
