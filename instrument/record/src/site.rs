//! Spawn sites, interned: a task's slot holds a number of 13 bits instead of a file name.
//!
//! Two open hash tables of pointers that are set once and never freed: texts, and sites made of them. Both are bounded:
//! what does not fit becomes number 0, "not known", and is counted.

use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use crate::sync::AtomicU64;

/// Places in the table of sites; a number below this is a site.
pub(crate) const SITES: usize = 8192;
/// Places in the table of texts.
const TEXTS: usize = 4096;
/// Probes before an entry is given up, which bounds the work of a spawn when a table is nearly full.
const PROBES: usize = 64;
/// Texts are cut at this many bytes: they come from the program, but nothing here may grow without bound.
const MAX_TEXT: usize = 1024;

/// Which kind of task is spawned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpawnKind {
    /// `tokio::spawn`.
    Task = 1,
    /// `spawn_local`.
    Local = 2,
    /// `spawn_blocking`.
    Blocking = 3,
    /// `block_on`.
    BlockOn = 4,
    /// Another.
    #[default]
    Unknown = 0,
}

/// A text that was interned; the default is one that did not fit, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text(u16);

/// What all tasks of a site have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpawnSite {
    /// Source file.
    pub file: Text,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// Kind of task.
    pub kind: SpawnKind,
    /// Size of the future in bytes.
    pub size: u64,
    /// Its size before it was boxed; 0 if it was not.
    pub boxed_from: u64,
    /// Type of a blocking closure.
    pub type_name: Text,
}

impl SpawnSite {
    /// Each part is multiplied by itself, so the processor does them side by side.
    #[inline(always)]
    fn hash(&self) -> u64 {
        let names =
            u64::from(self.file.0) << 32 | u64::from(self.type_name.0) << 8 | self.kind as u64;
        let place = u64::from(self.line) << 32 | u64::from(self.column);
        let sizes = self.size ^ self.boxed_from.rotate_left(32);
        let hash = names.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ place.wrapping_mul(0xd6e8_feb8_6659_fd93)
            ^ sizes.wrapping_mul(0xa076_1d64_78bd_642f);
        // A product's upper bits are the good ones, and what comes next multiplies again.
        hash ^ hash >> 32
    }
}

fn mix(x: u64) -> u64 {
    x.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// Whether two texts that lie at one address are the same: names of files differ at their ends.
#[inline(always)]
fn same(a: &str, b: &str) -> bool {
    match (a.as_bytes().last_chunk(), b.as_bytes().last_chunk()) {
        (Some(x), Some(y)) => {
            a.len() == b.len() && u128::from_ne_bytes(*x) == u128::from_ne_bytes(*y)
        }
        _ => a == b,
    }
}

/// The longest start of `text` of at most `max` bytes that does not split a character.
#[inline]
pub(crate) fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// An open hash table of `N` leaked values, of which place 0 stays empty.
struct Table<T: 'static, const N: usize>([AtomicPtr<T>; N]);

impl<T, const N: usize> Table<T, N> {
    const fn new() -> Self {
        Self([const { AtomicPtr::new(std::ptr::null_mut()) }; N])
    }

    #[inline]
    fn get(&self, n: usize) -> Option<&'static T> {
        // SAFETY: pointers in the table come from `Box::into_raw` in `insert` and are never freed.
        unsafe { self.0.get(n)?.load(Acquire).as_ref() }
    }

    /// The number of the value that `is` the one; if there is none, `make` makes it. 0 if it does not fit.
    #[inline]
    fn intern(&self, hash: u64, is: impl Fn(&T) -> bool, make: impl Fn() -> T) -> usize {
        let mut at = (hash >> 32) as usize;
        for _ in 0..PROBES {
            at = at % (N - 1) + 1;
            if self
                .get(at)
                .or_else(|| self.insert(at, make()))
                .is_some_and(&is)
            {
                return at;
            }
        }
        0
    }

    /// What is at this place after the value was put there, unless somebody else was faster.
    #[cold]
    fn insert(&self, at: usize, value: T) -> Option<&'static T> {
        let fresh = Box::into_raw(Box::new(value));
        if self
            .0
            .get(at)?
            .compare_exchange(std::ptr::null_mut(), fresh, AcqRel, Acquire)
            .is_err()
        {
            // SAFETY: made above, and not published.
            drop(unsafe { Box::from_raw(fresh) });
        }
        self.get(at)
    }
}

/// See the [module](self).
pub(crate) struct Sites {
    texts: Table<(usize, Box<str>), TEXTS>,
    sites: Table<SpawnSite, SITES>,
    unplaced: AtomicU64,
}

impl Sites {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Self {
            texts: Table::new(),
            sites: Table::new(),
            unplaced: AtomicU64::new(0),
        }
    }

    /// The number of this text. Best for texts that lie at one address: each address has an entry of its own.
    #[inline]
    pub(crate) fn text(&self, text: &str) -> Text {
        let text = if text.len() > MAX_TEXT {
            cut(text, MAX_TEXT)
        } else {
            text
        };
        let address = text.as_ptr() as usize;
        let hash = mix(address as u64 ^ (text.len() as u64) << 48);
        // The text is compared too: one that is not static may have had the same address. tokio's are static, so comparing
        // their ends is more than enough.
        Text(self.texts.intern(
            hash,
            |(a, t)| *a == address && same(t, text),
            || (address, text.into()),
        ) as u16)
    }

    /// The text with this number; `None` for one that did not fit.
    pub(crate) fn read(&self, text: Text) -> Option<&'static str> {
        self.texts.get(text.0.into()).map(|(_, text)| &**text)
    }

    /// The number of this site.
    #[inline]
    pub(crate) fn intern(&self, site: &SpawnSite) -> u32 {
        let n = self
            .sites
            .intern(mix(site.hash()), |there| there == site, || *site);
        if n == 0 {
            self.unplaced.fetch_add(1, Relaxed);
        }
        n as u32
    }

    /// The site with this number; `None` for 0 and numbers that were not given out.
    #[inline]
    pub(crate) fn get(&self, n: u32) -> Option<&'static SpawnSite> {
        self.sites.get(n as usize)
    }

    /// Spawns whose site did not fit.
    pub(crate) fn unplaced(&self) -> u64 {
        self.unplaced.load(Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn equal_sites_have_one_number() {
        static TABLE: Sites = Sites::new();
        let file = TABLE.text("src/main.rs");
        assert_eq!(
            (TABLE.text("src/main.rs"), TABLE.read(file)),
            (file, Some("src/main.rs"))
        );
        assert_eq!(TABLE.read(Text::default()), None);
        let site = SpawnSite {
            file,
            line: 3,
            column: 5,
            size: 64,
            ..SpawnSite::default()
        };
        let n = TABLE.intern(&site);
        assert_eq!((TABLE.intern(&site), TABLE.get(n)), (n, Some(&site)));
        assert_ne!(TABLE.intern(&SpawnSite { line: 4, ..site }), n);
        assert_ne!(
            TABLE.intern(&SpawnSite {
                kind: SpawnKind::Local,
                ..site
            }),
            n
        );
        assert_eq!(TABLE.get(0), None);
    }

    #[test]
    fn another_text_at_the_same_address_is_another_text() {
        static TABLE: Sites = Sites::new();
        let mut buffer = *b"one";
        let one = TABLE.text(std::str::from_utf8(&buffer).unwrap());
        buffer.copy_from_slice(b"two");
        let two = TABLE.text(std::str::from_utf8(&buffer).unwrap());
        assert_eq!(
            (TABLE.read(one), TABLE.read(two)),
            (Some("one"), Some("two"))
        );
    }

    #[test]
    fn a_full_table_says_so() {
        static TABLE: Sites = Sites::new();
        for line in 0..3 * SITES as u32 {
            let n = TABLE.intern(&SpawnSite {
                line,
                ..SpawnSite::default()
            });
            assert!(n == 0 || TABLE.get(n).is_some_and(|s| s.line == line));
        }
        let placed = (1..SITES as u32)
            .filter(|n| TABLE.get(*n).is_some())
            .count() as u64;
        assert!(placed > SITES as u64 / 2);
        assert_eq!(placed + TABLE.unplaced(), 3 * SITES as u64);
    }

    #[test]
    fn long_texts_are_cut_and_do_not_fill_the_table() {
        static TABLE: Sites = Sites::new();
        let long = "ä".repeat(1 << 19);
        let n = TABLE.text(&long);
        assert_eq!(
            (TABLE.read(n).map(str::len), TABLE.text(&long)),
            (Some(MAX_TEXT), n)
        );
        assert_eq!(cut("aä", 2), "a");
    }
}
