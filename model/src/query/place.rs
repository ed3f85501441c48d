//! How places are put in sequence.

use super::text::lower;

/// A place as it is compared: by what screens show of it, the file's name, then by its folder, then by line. So the
/// `mod.rs` of one folder stay together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PlaceKey {
    name: String,
    folder: String,
    line: u32,
}

impl PlaceKey {
    /// The key of `file:line`; `None` where the file is not known.
    pub(super) fn new(file: &str, line: u32) -> Option<Self> {
        let (folder, name) = file.rsplit_once(['/', '\\']).unwrap_or(("", file));
        (!file.is_empty()).then(|| Self {
            name: lower(name),
            folder: lower(folder),
            line,
        })
    }
}
