//! One loaded file: where it lies, and its unwind tables.

use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use super::counters::COUNTERS;
use super::elf::Elf;
use super::maps::Image;
use super::memory;

/// Bytes of unwind data that may be copied in all: some hundred large libraries.
const MAX_COPIED: u64 = 64 << 20;
/// A build id and its neighbours are not larger.
const MAX_NOTE: u64 = 4096;

/// A loaded file. Never freed: see the rules of [`modules`](super::modules).
pub(crate) struct Module {
    pub(crate) range: Range<u64>,
    /// What to add to an address that the file states.
    pub(crate) bias: u64,
    pub(crate) path: String,
    pub(crate) is_executable: bool,
    /// Whether it is never unloaded.
    stays: bool,
    inode: u64,
    /// The addresses that the file states for its code.
    pub(crate) text: Range<u64>,
    /// `None` if it has none, or they did not fit.
    pub(crate) tables: Option<Tables>,
    /// A part of the file that tells it from others, and where in the file it stands: its first notes.
    pub(crate) note: Option<(u64, Vec<u8>)>,
}

/// Unwind tables, and the addresses that the file states for them.
pub(crate) struct Tables {
    pub(crate) eh_frame_hdr: &'static [u8],
    pub(crate) eh_frame_hdr_svma: Range<u64>,
    pub(crate) eh_frame: &'static [u8],
    pub(crate) eh_frame_svma: Range<u64>,
}

/// Whether what the kernel and the C library were started with lies here: the executable, the loader, the kernel's own
/// code, the C library. These are never unloaded; by their names they could not be told from others that are.
fn stays(image: &Image<'_>) -> bool {
    let kernel = [libc::AT_PHDR, libc::AT_BASE, libc::AT_SYSINFO_EHDR].map(told_by_kernel);
    let c_library = libc::getauxval as *const () as u64;
    kernel
        .iter()
        .chain([&c_library])
        .any(|address| (image.start..image.end).contains(address))
}

/// One of the numbers that the kernel gave to the process; 0, which lies nowhere, if it did not.
fn told_by_kernel(number: libc::c_ulong) -> u64 {
    // SAFETY: looks it up.
    unsafe { libc::getauxval(number) as u64 }
}

/// Bytes that stay for ever: the module's own where it `stays`, or else a copy.
fn bytes(address: u64, range: &Range<u64>, stays: bool) -> Option<&'static [u8]> {
    let len = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
    if stays {
        // Its headers may lie, so both ends are tried before anything is borrowed.
        memory::array::<1>(address)?;
        memory::array::<1>(
            address
                .checked_add(range.end - range.start)?
                .checked_sub(1)?,
        )?;
        // SAFETY: the range lies within one segment that is loaded, both of whose ends can be read, of a file that is
        // never unloaded or written to there.
        return Some(unsafe { std::slice::from_raw_parts(address as *const u8, len) });
    }
    let taken = COUNTERS.copied_bytes.load(Relaxed);
    if taken.saturating_add(len as u64) > MAX_COPIED {
        return None;
    }
    let copy = memory::copy(address, len)?.leak();
    COUNTERS.copied_bytes.fetch_add(len as u64, Relaxed);
    Some(copy)
}

impl Tables {
    fn read(elf: &Elf, stays: bool) -> Option<Self> {
        let (hdr, frame) = (elf.eh_frame_hdr.clone()?, elf.eh_frame.clone()?);
        let at = |range: &Range<u64>| elf.bias.wrapping_add(range.start);
        Some(Self {
            eh_frame_hdr: bytes(at(&hdr), &hdr, stays)?,
            eh_frame_hdr_svma: hdr,
            eh_frame: bytes(at(&frame), &frame, stays)?,
            eh_frame_svma: frame,
        })
    }
}

impl Module {
    /// Reads the file that is mapped here; `None` if it is no ELF file.
    pub(crate) fn load(image: &Image<'_>) -> Option<&'static Self> {
        let stays = stays(image);
        let elf = Elf::read(image.start, memory::copy)?;
        let end = elf.bias.wrapping_add(elf.loaded.end).max(image.end);
        let is_executable = (image.start..image.end).contains(&told_by_kernel(libc::AT_PHDR));
        let note = elf.note.as_ref().and_then(|(range, offset)| {
            let len = (range.end - range.start).min(MAX_NOTE);
            let bytes = memory::copy(elf.bias.wrapping_add(range.start), len as usize)?;
            Some((*offset, bytes))
        });
        let module = Self {
            range: image.start..end,
            bias: elf.bias,
            path: image.path.to_owned(),
            is_executable,
            stays,
            inode: image.inode,
            tables: Tables::read(&elf, stays),
            text: elf.text,
            note,
        };
        Some(Box::leak(Box::new(module)))
    }

    /// Whether what is mapped here now is this module.
    pub(crate) fn is_still(&self, image: &Image<'_>) -> bool {
        let table = self.tables.as_ref();
        let same_table = || {
            table.is_none_or(|table| {
                let at = self.bias.wrapping_add(table.eh_frame_hdr_svma.start);
                memory::copy(at, table.eh_frame_hdr.len()).as_deref() == Some(table.eh_frame_hdr)
            })
        };
        self.range.start == image.start
            && self.inode == image.inode
            && self.path == image.path
            && (self.stays || same_table())
    }

    /// Whether this address is of its code, and there are tables to unwind it.
    #[inline]
    pub(crate) fn is_code(&self, address: u64) -> bool {
        self.tables.is_some() && self.text.contains(&address.wrapping_sub(self.bias))
    }
}
