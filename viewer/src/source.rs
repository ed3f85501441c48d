//! Lines of source files, where those are on this machine.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::text::fit;

/// Larger files are not looked at: nobody writes one.
const MAX_FILE: u64 = 4 << 20;
/// Where a line's text is cut, in columns.
const MAX_LINE: usize = 200;
/// Folders above the executable in which a file may be: `target/x86_64-unknown-linux-gnu/release/examples`, and the
/// workspace.
const ABOVE: usize = 6;

/// Who the lines are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Path of the executable; empty where it is not known.
    pub executable: String,
    /// When it was started, in nanoseconds since the Unix epoch; 0 where that is not known.
    pub started_unix_ns: u64,
}

/// The text of a line, trimmed and safe for a terminal; `None` where the file is not here, is no Rust source, or was
/// changed since the program was started, so that the line may be another one by now.
#[must_use]
pub fn line(program: &Program, file: &str, line: u32) -> Option<String> {
    let path = Path::new(file);
    // The name comes from the target: nothing else of this machine is shown by its word.
    if path.extension().is_none_or(|extension| extension != "rs") || line == 0 {
        return None;
    }
    let candidates: Vec<PathBuf> = if path.is_absolute() {
        vec![path.to_owned()]
    } else {
        let above = Path::new(&program.executable).ancestors().skip(1);
        let above = above.take(ABOVE).map(|folder| folder.join(path));
        above.chain([path.to_owned()]).collect()
    };
    let opened = candidates.iter().find_map(|path| open(path, program));
    let mut reader = BufReader::new(opened?.take(MAX_FILE));
    let mut text = Vec::new();
    for _ in 0..line {
        text.clear();
        if reader.read_until(b'\n', &mut text).ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&text);
    let text = fit(text.trim(), MAX_LINE);
    (!text.is_empty()).then_some(text)
}

/// A file that can be read in bounds, and is as old as the program at least.
fn open(path: &Path, program: &Program) -> Option<File> {
    // Looked at before it is opened: opening a pipe would wait.
    let about = std::fs::metadata(path).ok()?;
    let started = SystemTime::UNIX_EPOCH + Duration::from_nanos(program.started_unix_ns);
    let is_newer = about.modified().is_ok_and(|changed| changed > started);
    if !about.is_file() || about.len() > MAX_FILE || (program.started_unix_ns > 0 && is_newer) {
        return None;
    }
    File::open(path).ok()
}

#[cfg(test)]
mod tests {
    use super::{Program, line};

    #[test]
    fn a_line_is_read_where_it_can_be_trusted() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("src");
        std::fs::create_dir(&folder).expect("a folder");
        let file = folder.join("bank.rs");
        std::fs::write(&file, "fn a() {\n    b\u{1b}[2J().await;\n\n").expect("a file");
        let absolute = file.to_str().expect("a name");
        let mut program = Program {
            executable: dir
                .path()
                .join("target/debug/bank")
                .to_str()
                .expect("a name")
                .to_owned(),
            started_unix_ns: 0,
        };
        let read = |program: &Program, file: &str, n| line(program, file, n);
        assert_eq!(
            read(&program, absolute, 2).as_deref(),
            Some("b␛[2J().await;")
        );
        assert_eq!(
            read(&program, "src/bank.rs", 1).as_deref(),
            Some("fn a() {")
        );
        for (file, n) in [
            (absolute, 0),
            (absolute, 3),
            (absolute, 9),
            ("src/other.rs", 1),
        ] {
            assert_eq!(read(&program, file, n), None, "{file}:{n}");
        }
        for file in ["/etc/passwd", "", "\0.rs", "src"] {
            assert_eq!(read(&program, file, 1), None, "{file:?}");
        }
        // It was written after the program was started.
        program.started_unix_ns = 1;
        assert_eq!(read(&program, absolute, 2), None);
    }
}
