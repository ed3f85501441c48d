//! One function of a stack, as a person may read it.

/// A function that was running, or was inlined into one that was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Demangled, without its hash; empty if it is not known.
    pub function: String,
    /// Source file, as the compiler was given it; `None` without debug info.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
    /// From 1.
    pub column: Option<u32>,
    /// Whether the function has no frame of its own.
    pub inlined: bool,
    /// File of the code; empty if the address is in none.
    pub module: String,
    /// Address as the module's file states it, or the plain address if it is in no module.
    pub offset: u64,
}

/// What the executable tells about its own code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DebugInfo {
    /// Nothing: stacks are modules and offsets. Do not strip symbols.
    #[default]
    Stripped,
    /// Names of functions that were not inlined. Set `debug = "line-tables-only"` to see lines and inlined functions.
    Symbols,
    /// Lines, and short names of inlined functions.
    LineTables,
    /// Lines and full names.
    Full,
}
