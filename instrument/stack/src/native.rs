//! Linux: everything that touches stacks, registers and loaded code.

mod bounds;
mod capture;
mod code;
mod counters;
mod elf;
mod intern;
mod listeners;
mod look;
mod maps;
mod memory;
mod module;
mod modules;
mod template;
mod walk;

pub use self::{
    capture::{capture, walk_only},
    intern::program_counters,
    listeners::Listeners,
    look::Watch,
    modules::{reload_if_needed, start},
};

pub(crate) use self::code::{Code, code, executable_code, stack_code};

/// What was caught, skipped and dropped so far.
pub fn stats() -> crate::Stats {
    counters::read()
}
