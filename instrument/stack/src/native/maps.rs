//! `/proc/self/maps`, line by line: what is mapped where.
//!
//! Not `dl_iterate_phdr`, which waits for a `dlopen` that is in progress on another thread.

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mapping<'a> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) readable: bool,
    pub(crate) executable: bool,
    /// Offset in the file.
    pub(crate) offset: u64,
    pub(crate) inode: u64,
    /// File, `[stack]` and the like, or nothing.
    pub(crate) path: &'a str,
}

impl<'a> Mapping<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut rest = line;
        let mut field = || {
            let (field, others) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = others;
            field
        };
        let (range, permissions, offset, _device, inode) =
            (field(), field(), field(), field(), field());
        let (start, end) = range.split_once('-')?;
        Some(Self {
            start: u64::from_str_radix(start, 16).ok()?,
            end: u64::from_str_radix(end, 16).ok()?,
            readable: permissions.starts_with('r'),
            executable: permissions.contains('x'),
            offset: u64::from_str_radix(offset, 16).ok()?,
            inode: inode.parse().ok()?,
            path: rest.trim_start(),
        })
    }
}

/// All lines that make sense.
pub(crate) fn parse(text: &str) -> impl Iterator<Item = Mapping<'_>> {
    text.lines().filter_map(Mapping::parse)
}

/// A file whose code is mapped, from its first mapping to its last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image<'a> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) inode: u64,
    pub(crate) path: &'a str,
}

/// The files whose code is mapped. One that is only mapped as data, as a symbolizer does, has no executable mapping.
pub(crate) fn images(text: &str) -> Vec<Image<'_>> {
    let mut images: Vec<(Image<'_>, bool)> = Vec::new();
    for m in parse(text) {
        if m.path.is_empty() || (m.path.starts_with('[') && m.path != "[vdso]") {
            continue;
        }
        match images.last_mut() {
            Some((image, executable))
                if image.path == m.path && image.inode == m.inode && m.offset != 0 =>
            {
                image.end = m.end;
                *executable |= m.executable;
            }
            _ if m.offset == 0 && m.readable => images.push((
                Image {
                    start: m.start,
                    end: m.end,
                    inode: m.inode,
                    path: m.path,
                },
                m.executable,
            )),
            _ => {}
        }
    }
    images
        .into_iter()
        .filter_map(|(image, executable)| executable.then_some(image))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
555500000000-555500001000 r--p 00000000 fd:01 42                         /opt/my app/server (deleted)
555500001000-555500009000 r-xp 00001000 fd:01 42                         /opt/my app/server (deleted)
555500009000-55550000a000 rw-p 00009000 fd:01 42                         /opt/my app/server (deleted)
55550000a000-55550002b000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000100000 r--p 00000000 fd:01 42                         /opt/my app/server (deleted)
7f0000200000-7f0000201000 r-xp 00000000 00:00 0                          [vdso]
7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]
nonsense";

    #[test]
    fn a_line_has_its_parts() {
        let stack = parse(MAPS).last().unwrap();
        assert_eq!((stack.path, stack.end), ("[stack]", 0x7ffd_0002_1000));
        assert!(stack.readable && !stack.executable);
        assert_eq!(parse(MAPS).count(), 7);
    }

    #[test]
    fn a_file_mapped_as_data_is_no_module() {
        let images = images(MAPS);
        assert_eq!(images.len(), 2);
        assert_eq!(images[0].path, "/opt/my app/server (deleted)");
        assert_eq!(
            (images[0].start, images[0].end),
            (0x5555_0000_0000, 0x5555_0000_a000)
        );
        assert_eq!(images[1].path, "[vdso]");
    }
}
