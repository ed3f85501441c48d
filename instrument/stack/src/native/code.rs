//! Where an address lies, for who wants to name it.

use std::path::Path;

use super::intern::STACKS;
use super::module::Module;
use super::modules;

/// The module of an address.
pub(crate) struct Code {
    /// The module's first address.
    pub(crate) start: u64,
    /// What to add to an address that the file states.
    pub(crate) bias: u64,
    /// The module's path, when it was loaded.
    pub(crate) path: &'static str,
    pub(crate) is_executable: bool,
    note: Option<&'static (u64, Vec<u8>)>,
}

impl Code {
    fn new(module: &'static Module) -> Self {
        Self {
            start: module.range.start,
            bias: module.bias,
            path: &module.path,
            is_executable: module.is_executable,
            note: module.note.as_ref(),
        }
    }

    /// The file in which the code is described; `None` if that was replaced by another, whose lines would be wrong. The
    /// executable is always found, even if it was deleted.
    pub(crate) fn file(&self) -> Option<&'static Path> {
        if self.is_executable {
            return Some(Path::new("/proc/self/exe"));
        }
        let path = Path::new(self.path);
        let Some((offset, note)) = self.note else {
            return path.exists().then_some(path);
        };
        let file = std::fs::File::open(path).ok()?;
        let mut there = vec![0; note.len()];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut there, *offset).ok()?;
        (there == *note).then_some(path)
    }
}

/// The module at an address now.
pub(crate) fn code(address: u64) -> Option<Code> {
    modules::table()?.find(address).map(Code::new)
}

/// The module at an address of this stack, when the stack was first seen.
pub(crate) fn stack_code(id: u32, address: u64) -> Option<Code> {
    let modules = STACKS.get(id)?.modules?;
    modules.find(address).map(Code::new)
}

/// An address in the executable of which it is known that it was compiled together with the program.
pub(crate) fn executable_code() -> Option<u64> {
    let address = (super::capture as *const ()) as u64 + 1;
    modules::table()?
        .find(address)
        .is_some_and(|module| module.is_executable)
        .then_some(address)
}
