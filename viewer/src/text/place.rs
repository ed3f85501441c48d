//! Places in the source: as short as they can be without being taken for another one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use taskscope_model::{Place, Site};

use super::clean::{clean, fit_end, width};

/// What stands for a line of tokio's own, which locks have that are made so.
const BY_DEFAULT: &str = "made by Default/From";

/// What separates folders, here and on Windows.
const SEPARATORS: [char; 2] = ['/', '\\'];

/// Where tasks are spawned, with as much of the path as fits into so many columns: `src/api/upload.rs:120`,
/// `upload.rs:120`, `…rs:120`; `?` where it is not known. Safe for a terminal.
#[must_use]
pub fn place(site: Option<&Site>, columns: usize) -> String {
    site.map_or_else(
        || "?".to_owned(),
        |site| path(&site.file, site.line, columns),
    )
}

/// A file with a line as [`place`] writes it; line 0 is left out. What is in the way of a dependency's own folder (that
/// of cargo's registry) is left out too: `axum-0.8.4/src/serve/mod.rs:389`.
#[must_use]
pub fn path(file: &str, line: u32, columns: usize) -> String {
    if Place::is_of_default(file) {
        return fit_end(BY_DEFAULT, columns);
    }
    code(file, line, columns)
}

/// A line that runs, as [`path`] writes it: in a line of tokio's own nothing was made there.
#[must_use]
pub fn code(file: &str, line: u32, columns: usize) -> String {
    if file.is_empty() {
        return "?".to_owned();
    }
    let line = line_of(line);
    let (foreign, file) = own(file);
    if foreign {
        return fit_place(&format!("{file}{line}"), columns);
    }
    // Folders are dropped from the left until it fits: the file's name and the line say the most.
    let mut from = 0;
    loop {
        let text = format!("{}{line}", &file[from..]);
        let next = file[from..].find(SEPARATORS).map(|i| from + i + 1);
        match next {
            Some(next) if width(&clean(&text)) > columns => from = next,
            _ => return fit_end(&text, columns),
        }
    }
}

/// A place that begins with a crate, in so many columns: what is between the crate and the file gives way first, since
/// `src/serve/mod.rs` alone would look like a file of the app. Safe for a terminal.
///
/// ```
/// use taskscope_viewer::text::fit_place;
///
/// let place = "axum-0.8.4/src/serve/mod.rs:389";
/// assert_eq!(fit_place(place, 40), place);
/// assert_eq!(fit_place(place, 30), "axum-0.8.4/…/serve/mod.rs:389");
/// assert_eq!(fit_place(place, 25), "axum-0.8.4/…/mod.rs:389");
/// assert_eq!(fit_place(place, 20), "axum/…/mod.rs:389");
/// assert_eq!(fit_place(place, 12), "mod.rs:389");
/// assert_eq!(fit_place(place, 8), "….rs:389");
/// ```
#[must_use]
pub fn fit_place(place: &str, columns: usize) -> String {
    let cleaned = clean(place);
    let fits = |text: &str| width(text) <= columns;
    let Some((package, rest)) = cleaned.split_once(SEPARATORS).filter(|_| !fits(&cleaned)) else {
        return fit_end(place, columns);
    };
    let ends = std::iter::successors(Some(rest), |end| Some(end.split_once(SEPARATORS)?.1));
    let name = ends.clone().last().unwrap_or(rest);
    let unversioned = package.rsplit_once('-').map_or(package, |(name, _)| name);
    let shorter = ends
        .skip(1)
        .map(|end| format!("{package}/…/{end}"))
        .chain([format!("{unversioned}/…/{name}"), name.to_owned()]);
    shorter
        .into_iter()
        .find(|text| fits(text))
        .unwrap_or_else(|| fit_end(name, columns))
}

/// A file's name with a line as a sentence has it: `upload.rs:120`, and `api/mod.rs:7` since there are many of that name;
/// that of a dependency with its crate, cut to so many columns as [`path`] does. Safe for a terminal.
#[must_use]
pub fn short(file: &str, line: u32, columns: usize) -> String {
    if own(file).0 {
        return path(file, line, columns);
    }
    let names = file.rsplitn(3, SEPARATORS).collect::<Vec<_>>();
    let from = match names.as_slice() {
        ["mod.rs", folder, ..] => "mod.rs".len() + folder.len() + 1,
        [name, ..] => name.len(),
        [] => 0,
    };
    path(&file[file.len() - from..], line, columns)
}

/// How a number of places are called when they stand beside each other.
#[derive(Clone, Debug, Default)]
pub struct Places(HashMap<(Arc<str>, u32), String>);

impl Places {
    /// Calls each by its file's name and line, `upload.rs:120`, with as many folders before it as tell it apart from the
    /// others; those of dependencies by their crate, `axum-0.8.4/src/serve/mod.rs:389`.
    #[must_use]
    pub fn of(places: impl IntoIterator<Item = (Arc<str>, u32)>) -> Self {
        let places: HashSet<_> = places.into_iter().collect();
        // How much of each path is shown: all of it, or from so many bytes on.
        let mut shown: HashMap<_, usize> = HashMap::new();
        for (file, line) in &places {
            let (foreign, rest) = own(file);
            let skipped = file.len() - rest.len();
            let name = rest.rfind(SEPARATORS).map_or(0, |i| i + 1);
            let from = if foreign { skipped } else { skipped + name };
            shown.insert((Arc::clone(file), *line), from);
        }
        loop {
            let mut alike: HashMap<String, Vec<&(Arc<str>, u32)>> = HashMap::new();
            for (place, from) in &shown {
                let text = format!("{}{}", &place.0[*from..], line_of(place.1));
                alike.entry(text).or_default().push(place);
            }
            let clashing = alike.values().filter(|places| places.len() > 1).flatten();
            let longer: Vec<_> = clashing
                .filter(|place| shown[**place] > 0)
                .map(|place| ((*place).clone(), one_folder_more(&place.0, shown[*place])))
                .collect();
            if longer.is_empty() {
                let called = alike.into_iter().flat_map(|(text, places)| {
                    let text = clean(&text).into_owned();
                    places
                        .into_iter()
                        .map(move |place| (place.clone(), text.clone()))
                });
                return Self(called.collect());
            }
            shown.extend(longer);
        }
    }

    /// How this place is called; `?` where it is not known. Safe for a terminal.
    #[must_use]
    pub fn name(&self, file: &Arc<str>, line: u32) -> &str {
        if Place::is_of_default(file) {
            return BY_DEFAULT;
        }
        let known = self.0.get(&(Arc::clone(file), line));
        known
            .filter(|_| !file.is_empty())
            .map_or("?", String::as_str)
    }
}

/// Where the folder begins before the one that begins at `from`, which is behind a separator.
fn one_folder_more(file: &str, from: usize) -> usize {
    let before = &file[..from];
    let before = before.strip_suffix(SEPARATORS).unwrap_or(before);
    before.rfind(SEPARATORS).map_or(0, |i| i + 1)
}

fn line_of(line: u32) -> String {
    if line == 0 {
        String::new()
    } else {
        format!(":{line}")
    }
}

/// Whether a file is of a dependency, and its path from the dependency's folder on; of a file of the app, the path.
fn own(file: &str) -> (bool, &str) {
    // Below each is a folder named by a hash: of the registry, and of the compiler's sources.
    for way in [
        "/registry/src/",
        "\\registry\\src\\",
        "/rustc/",
        "\\rustc\\",
    ] {
        let below = file.split_once(way).map(|(_, below)| below);
        if let Some((_, rest)) = below.and_then(|below| below.split_once(SEPARATORS)) {
            return (true, rest);
        }
    }
    (false, file)
}

#[cfg(test)]
mod tests {
    use super::{Places, path, short};

    const SERVE: &str =
        "/home/me/.cargo/registry/src/registry-0123456789abcdef/axum-0.8.4/src/serve/mod.rs";

    #[test]
    fn a_path_loses_its_folders_before_its_name_and_its_line_last() {
        assert_eq!(path("src/api/upload.rs", 120, 40), "src/api/upload.rs:120");
        assert_eq!(path("src/api/upload.rs", 120, 20), "api/upload.rs:120");
        assert_eq!(path("src/api/upload.rs", 120, 13), "upload.rs:120");
        assert_eq!(path("src/api/upload.rs", 120, 8), "….rs:120");
        assert_eq!(path("src/api/upload.rs", 0, 12), "upload.rs");
        assert_eq!(path("C:\\src\\日本.rs", 7, 9), "日本.rs:7");
        assert_eq!(path("", 7, 9), "?");
        assert_eq!(path("a.rs", 7, 0), "");
        assert_eq!(path(SERVE, 389, 80), "axum-0.8.4/src/serve/mod.rs:389");
        assert_eq!(path(SERVE, 389, 19), "axum/…/mod.rs:389");
        assert_eq!(path("src/\u{1b}[2J.rs", 7, 40), "src/␛[2J.rs:7");
    }

    #[test]
    fn in_a_sentence_a_place_is_short() {
        assert_eq!(short("src/api/upload.rs", 120, 40), "upload.rs:120");
        assert_eq!(short("src/api/mod.rs", 7, 40), "api/mod.rs:7");
        assert_eq!(short("src/api/mod.rs", 7, 9), "mod.rs:7");
        assert_eq!(short("mod.rs", 7, 40), "mod.rs:7");
        assert_eq!(short("C:\\src\\日本.rs", 7, 40), "日本.rs:7");
        assert_eq!(short(SERVE, 389, 80), "axum-0.8.4/src/serve/mod.rs:389");
        assert_eq!(short(SERVE, 389, 19), "axum/…/mod.rs:389");
        assert_eq!(short("", 7, 9), "?");
    }

    #[test]
    fn what_is_made_by_default_is_said_so() {
        let file =
            "/home/me/.cargo/registry/src/registry-0123456789abcdef/tokio-1.54.1/src/sync/mutex.rs";
        assert_eq!(short(file, 806, 40), "made by Default/From");
        assert_called(&[
            (file, 806, "made by Default/From"),
            ("mutex.rs", 806, "mutex.rs:806"),
        ]);
    }

    #[track_caller]
    fn assert_called(places: &[(&str, u32, &str)]) {
        let called = Places::of(places.iter().map(|(file, line, _)| ((*file).into(), *line)));
        for (file, line, name) in places {
            assert_eq!(called.name(&(*file).into(), *line), *name);
        }
    }

    #[test]
    fn a_place_is_called_by_its_file_and_by_folders_where_others_are_called_alike() {
        assert_called(&[
            ("src/main.rs", 7, "main.rs:7"),
            ("src/api/mod.rs", 7, "api/mod.rs:7"),
            ("src/db/mod.rs", 7, "db/mod.rs:7"),
            ("src/db/mod.rs", 8, "mod.rs:8"),
            ("", 0, "?"),
        ]);
        assert_called(&[
            ("a/x/mod.rs", 1, "a/x/mod.rs:1"),
            ("b/x/mod.rs", 1, "b/x/mod.rs:1"),
            ("x/mod.rs", 1, "x/mod.rs:1"),
            ("mod.rs", 1, "mod.rs:1"),
        ]);
    }

    #[test]
    fn a_place_of_a_dependency_is_called_by_its_crate() {
        assert_called(&[
            (SERVE, 389, "axum-0.8.4/src/serve/mod.rs:389"),
            (
                "C:\\Users\\me\\.cargo\\registry\\src\\index\\hyper-1.0.0\\src\\lib.rs",
                3,
                "hyper-1.0.0\\src\\lib.rs:3",
            ),
            (
                "/rustc/0123abc/library/std/src/thread/mod.rs",
                1,
                "library/std/src/thread/mod.rs:1",
            ),
            ("src/serve/mod.rs", 389, "mod.rs:389"),
            ("/home/me/registry/src/main.rs", 4, "main.rs:4"),
        ]);
        // Two registries with the same crate.
        assert_called(&[
            (
                "/a/registry/src/one/x-1.0.0/lib.rs",
                1,
                "one/x-1.0.0/lib.rs:1",
            ),
            (
                "/a/registry/src/two/x-1.0.0/lib.rs",
                1,
                "two/x-1.0.0/lib.rs:1",
            ),
        ]);
    }
}
