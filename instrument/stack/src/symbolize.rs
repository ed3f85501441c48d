//! Numbers of stacks become functions and lines. Slow (the first look takes some 15 ms), so only for a thread that has time.

use std::collections::HashMap;
use std::sync::Arc;

use addr2line::Loader;

use crate::frame::{DebugInfo, Frame};
use crate::native::{Code, code, executable_code, stack_code};
use crate::origin::is_std_file;

/// Addresses that are remembered; all are forgotten when there are more. A frame takes some 200 bytes.
const MAX_KNOWN: usize = 1 << 14;
/// Files that are open at a time; all are closed when there are more.
const MAX_FILES: usize = 64;

/// Tells functions and lines. It maps files of debug information and keeps what it parsed of them, so one is enough.
#[derive(Default)]
pub struct Symbolizer {
    /// By the module's first address and its path: another may have been loaded there since.
    files: HashMap<(u64, String), Option<Loader>>,
    known: HashMap<(u64, u64), Arc<[Frame]>>,
    seen: DebugInfo,
}

impl Symbolizer {
    /// One that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The frames of a stack that [`capture`](crate::capture) gave, leaf first, inlined ones included; empty for 0 and
    /// numbers that were not given out.
    pub fn frames(&mut self, id: u32) -> Vec<Frame> {
        let mut frames = Vec::new();
        for pc in crate::program_counters(id).unwrap_or_default() {
            // What is returned to may be the next line already.
            let (frame, code) = (pc.wrapping_sub(1), stack_code(id, *pc));
            frames.extend_from_slice(&self.at(frame, code.as_ref()));
        }
        frames
    }

    /// The frames at each of these addresses. Those behind a call are to be given as one less than the return address.
    pub fn frames_at(&mut self, addresses: &[u64]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for address in addresses {
            frames.extend_from_slice(&self.at(*address, code(*address).as_ref()));
        }
        frames
    }

    /// What the executable tells about its own code, judged by the functions of this crate and those that were seen in
    /// stacks so far.
    pub fn debug_info(&mut self) -> DebugInfo {
        if let Some(address) = executable_code() {
            let code = code(address);
            self.at(address, code.as_ref());
        }
        self.seen
    }

    /// Closes all files and forgets all addresses: some 25 MiB for a program of middling size.
    pub fn forget(&mut self) {
        self.files.clear();
        self.known.clear();
    }

    fn at(&mut self, address: u64, code: Option<&Code>) -> Arc<[Frame]> {
        let key = (code.map_or(0, |code| code.start), address);
        if let Some(frames) = self.known.get(&key) {
            return Arc::clone(frames);
        }
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        let frames: Arc<[Frame]> = self.look_up(address, code).into();
        self.known.insert(key, Arc::clone(&frames));
        frames
    }

    fn look_up(&mut self, address: u64, code: Option<&Code>) -> Vec<Frame> {
        let Some(code) = code else {
            return vec![Frame {
                offset: address,
                ..Frame::default()
            }];
        };
        let offset = address.wrapping_sub(code.bias);
        let plain = Frame {
            module: code.path.to_owned(),
            offset,
            ..Frame::default()
        };
        if self.files.len() >= MAX_FILES {
            self.files.clear();
        }
        let file = self
            .files
            .entry((code.start, code.path.to_owned()))
            .or_insert_with(|| {
                let file = code.file()?;
                Loader::new(file).ok()
            });
        let Some(file) = file else {
            return vec![plain];
        };
        let (mut frames, detail) = inlined(file, &plain);
        let symbol = file.find_symbol(offset);
        if code.is_executable {
            let level = if symbol.is_some() {
                DebugInfo::Symbols
            } else {
                DebugInfo::Stripped
            };
            self.seen = self.seen.max(detail).max(level);
        }
        // Line tables know short names; the symbol table has the whole path of the function that is not inlined.
        if let Some(symbol) = symbol {
            let function = demangled(symbol);
            match frames.last_mut() {
                Some(outermost) => outermost.function = function,
                None => frames.push(Frame {
                    function,
                    ..plain.clone()
                }),
            }
        }
        if frames.is_empty() {
            frames.push(plain);
        }
        frames
    }
}

/// What debug information tells, leaf first, and how much that is.
fn inlined(file: &Loader, plain: &Frame) -> (Vec<Frame>, DebugInfo) {
    let (mut frames, mut detail) = (Vec::new(), DebugInfo::Stripped);
    let Ok(mut found) = file.find_frames(plain.offset) else {
        return (frames, detail);
    };
    while let Ok(Some(frame)) = found.next() {
        let raw = frame
            .function
            .as_ref()
            .and_then(|name| name.raw_name().ok())
            .unwrap_or_default();
        let place = frame.location;
        let line = place.as_ref().and_then(|place| place.line);
        let path = place.as_ref().and_then(|place| place.file);
        // The standard library was compiled with settings of its own.
        if line.is_some() && !path.is_some_and(is_std_file) {
            // Only full debug information has names that the linker knows.
            let full = raw.starts_with("_ZN") || raw.starts_with("_R");
            detail = detail.max(if full {
                DebugInfo::Full
            } else {
                DebugInfo::LineTables
            });
        }
        frames.push(Frame {
            function: demangled(&raw),
            file: path.map(str::to_owned),
            line,
            column: place
                .and_then(|place| place.column)
                .filter(|column| *column != 0),
            inlined: true,
            ..plain.clone()
        });
    }
    if let Some(outermost) = frames.last_mut() {
        outermost.inlined = false;
    }
    (frames, detail)
}

/// A readable name, without the hash that tells instances apart.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_hash() {
        let legacy = "_ZN4bank8transfer28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE";
        assert_eq!(demangled(legacy), "bank::transfer::{{closure}}");
        assert_eq!(demangled("malloc"), "malloc");
    }

    #[test]
    fn what_is_nowhere_is_an_address() {
        let mut symbolizer = Symbolizer::new();
        assert_eq!(symbolizer.frames(0), []);
        let frames = symbolizer.frames_at(&[16]);
        assert_eq!((frames.len(), frames[0].offset), (1, 16));
        assert_eq!(frames[0].function, "");
    }
}
