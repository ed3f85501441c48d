//! The comments in the program that say which task waits where.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use taskscope_model::Place;

/// A line of the program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    /// The file's name, without its folder and ending.
    file: String,
    line: u32,
}

impl Line {
    /// That of a place.
    pub(crate) fn of(place: &Place) -> Self {
        let file = Path::new(&*place.file).file_stem().unwrap_or_default();
        Self {
            file: file.to_string_lossy().into_owned(),
            line: place.line,
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What the program says of one task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marked {
    /// Where it waits.
    pub(crate) waits: BTreeSet<Line>,
    /// Lines further out on the way there.
    pub(crate) around: BTreeSet<Line>,
}

/// The markers of all tasks, by name.
pub(crate) fn markers() -> BTreeMap<String, Marked> {
    let mut marked: BTreeMap<String, Marked> = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stuck");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for (number, text) in (1..).zip(text.lines()) {
            let line = Line {
                file: path.file_stem().unwrap().to_string_lossy().into_owned(),
                line: number,
            };
            let found = |marker| text.split_once(marker).map_or("", |(_, names)| names);
            for name in found("// WAITS: ")
                .split("; ")
                .filter(|name| !name.is_empty())
            {
                let marked = marked.entry(name.to_owned()).or_default();
                marked.waits.insert(line.clone());
            }
            for name in found("// AROUND: ")
                .split("; ")
                .filter(|name| !name.is_empty())
            {
                let marked = marked.entry(name.to_owned()).or_default();
                marked.around.insert(line.clone());
            }
        }
    }
    marked
}
