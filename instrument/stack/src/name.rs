//! Names that a person can read, made of demangled ones.

/// The first character that ends a bracket of `<` and the like, counted from its opening; `->` closes nothing.
fn closing(text: &str) -> Option<usize> {
    let (mut open, mut before) = (0u32, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => open += 1,
            '>' if before == '-' => {}
            '>' | ')' | ']' | '}' => {
                open = open.checked_sub(1)?;
                if open == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// `<A as B>::c` and `<A>::c` are `A::c`, to a reader.
fn without_trait(name: &str) -> String {
    let mut name = name.to_owned();
    while name.starts_with('<') {
        let Some(end) = closing(&name) else { break };
        let (Some(inner), Some(rest)) = (name.get(1..end), name.get(end + 1..)) else {
            break;
        };
        let own = match split_outside(inner, " as ") {
            Some((own, _)) => own,
            None => inner,
        };
        let own = own.trim_start_matches(['&', '*']);
        let own = own.strip_prefix("mut ").unwrap_or(own);
        name = format!("{}{rest}", own.strip_prefix("dyn ").unwrap_or(own));
    }
    name
}

/// Splits at the first `by` that stands in no bracket.
fn split_outside<'a>(text: &'a str, by: &str) -> Option<(&'a str, &'a str)> {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if let Some(after) = rest.strip_prefix(by) {
            return Some((text.get(..at)?, after));
        }
        let c = rest.chars().next()?;
        at += match c {
            '<' | '(' | '[' | '{' => closing(rest)? + 1,
            _ => c.len_utf8(),
        };
    }
    None
}

/// What kind of body `{closure#0}` and the like are.
fn body(part: &str) -> &'static str {
    if part.starts_with("{async_fn") {
        "async fn"
    } else if part.starts_with("{async_block") || part.starts_with("{async_closure") {
        "async block"
    } else {
        "closure"
    }
}

/// A path's parts, without arguments of generics and without bodies; and what kind of body the last one was.
fn parts(name: &str) -> (Vec<String>, Option<&'static str>) {
    let (mut parts, mut last_body) = (Vec::new(), None);
    let mut rest = Some(name);
    while let Some(text) = rest {
        let (part, after) = match split_outside(text, "::") {
            Some((part, after)) => (part, Some(after)),
            None => (text, None),
        };
        rest = after;
        if part.starts_with('{') {
            last_body = Some(body(part));
            continue;
        }
        // `call_once{{vtable.shim}}`, `lock<u32>`, `drop_in_place<T>`.
        let end = part.find(['<', '{']).unwrap_or(part.len());
        match part.get(..end) {
            Some(plain) if !plain.is_empty() => parts.push(plain.to_owned()),
            _ => {}
        }
    }
    (parts, last_body)
}

/// The crate to which a function belongs, judged by its name: that of the type, for methods of a trait.
pub(crate) fn crate_of(function: &str) -> Option<String> {
    let plain = without_trait(function);
    let (first, _) = plain.split_once("::")?;
    let is_name = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| first.to_owned())
}

/// A crate from a registry or a git checkout, and the path of a file in it.
pub(crate) fn registry(file: &str) -> Option<(String, &str)> {
    let (folder, rest) = if let Some((_, after)) = file.split_once("/registry/src/") {
        let (_index, after) = after.split_once('/')?;
        let (folder, rest) = after.split_once('/')?;
        (folder, rest)
    } else {
        let (_, after) = file.split_once("/git/checkouts/")?;
        let (folder, after) = after.split_once('/')?;
        let (_commit, rest) = after.split_once('/')?;
        (folder, rest)
    };
    // A version begins with a digit, and may have dashes itself.
    let mut name = folder;
    for (at, _) in folder.match_indices('-') {
        let version = folder.get(at + 1..)?;
        let major = version.split_once('.').map_or("", |(major, _)| major);
        if !major.is_empty() && major.chars().all(|c| c.is_ascii_digit()) {
            name = folder.get(..at)?;
            break;
        }
    }
    if name == folder && file.contains("/git/checkouts/") {
        name = folder.rsplit_once('-').map_or(folder, |(name, _)| name);
    }
    Some((name.to_owned(), rest))
}

/// The module that a file most likely is: `sync::mutex` for `src/sync/mutex.rs`.
fn module_of(file: &str) -> String {
    let (crate_name, path) = match registry(file) {
        Some((name, path)) => (Some(name.replace('-', "_")), path),
        None => (None, file),
    };
    let path = path.rsplit_once("/src/").map_or(path, |(_, path)| path);
    let path = path.strip_prefix("src/").unwrap_or(path);
    let path = if path.starts_with('/') {
        path.rsplit('/').next().unwrap_or(path)
    } else {
        path
    };
    let modules = path
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| !matches!(*part, "mod" | "lib" | "main" | ""));
    let all: Vec<&str> = crate_name.as_deref().into_iter().chain(modules).collect();
    all.join("::")
}

/// A readable name: `bank::transfer` for `bank::transfer::{{closure}}`, `tokio::sync::mutex::Mutex::lock` for
/// `tokio::sync::mutex::Mutex<T>::lock::{{closure}}`. Line tables know of inlined functions only the last part, so the
/// file's module is put before it, and of inlined bodies not even that: `tokio::sync::mutex (async fn)`.
pub(crate) fn readable(function: &str, file: Option<&str>) -> String {
    let (parts, body) = parts(&without_trait(function));
    let module = file.map(module_of).filter(|module| !module.is_empty());
    match (parts.as_slice(), module, body) {
        ([], Some(module), Some(body)) => format!("{module} ({body})"),
        ([], None, Some(body)) => body.to_owned(),
        ([], _, None) => function.to_owned(),
        ([only], Some(module), _) => format!("{module}::{only}"),
        (parts, _, _) => parts.join("::"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKIO: &str = "/home/u/.cargo/registry/src/index-1/tokio-1.54.1/src/sync/mutex.rs";

    #[test]
    fn names_are_shortened() {
        for (function, wanted) in [
            ("bank::transfer::{{closure}}", "bank::transfer"),
            ("bank::transfer::{closure#0}", "bank::transfer"),
            (
                "bank::transfer::{async_fn#0}::{closure#2}",
                "bank::transfer",
            ),
            (
                "tokio::sync::mutex::Mutex<T>::lock::{{closure}}::{{closure}}",
                "tokio::sync::mutex::Mutex::lock",
            ),
            (
                "<tokio::time::sleep::Sleep as core::future::future::Future>::poll",
                "tokio::time::sleep::Sleep::poll",
            ),
            (
                "<alloc::boxed::Box<F,A> as core::future::future::Future>::poll",
                "alloc::boxed::Box::poll",
            ),
            (
                "<bank::Retry<fn() -> core::result::Result<(), E>> as bank::Run>::run::<u8>",
                "bank::Retry::run",
            ),
            ("<dyn bank::Store>::get", "bank::Store::get"),
            (
                "core::ops::function::FnOnce::call_once{{vtable.shim}}",
                "core::ops::function::FnOnce::call_once",
            ),
            ("malloc", "malloc"),
            ("", ""),
            ("<unclosed", "<unclosed"),
        ] {
            assert_eq!(readable(function, None), wanted, "{function}");
        }
    }

    #[test]
    fn line_tables_names_get_their_files_module() {
        for (function, file, wanted) in [
            ("lock<u32>", TOKIO, "tokio::sync::mutex::lock"),
            ("{async_fn#0}<u32>", TOKIO, "tokio::sync::mutex (async fn)"),
            ("{async_block#0}", "/home/u/bank/src/main.rs", "async block"),
            (
                "{async_fn#0}",
                "/home/u/bank/src/db/mod.rs",
                "db (async fn)",
            ),
            ("load", "/home/u/bank/tests/names.rs", "names::load"),
        ] {
            assert_eq!(readable(function, Some(file)), wanted, "{function}");
        }
    }

    #[test]
    fn crates_are_told_by_path_or_by_name() {
        let name = |file| registry(file).map(|(name, rest)| (name, rest.to_owned()));
        let found = |name: &str, rest: &str| Some((name.to_owned(), rest.to_owned()));
        assert_eq!(name(TOKIO), found("tokio", "src/sync/mutex.rs"));
        assert_eq!(
            name("/c/registry/src/i/md-5-0.10.6-rc.1/src/lib.rs"),
            found("md-5", "src/lib.rs")
        );
        assert_eq!(
            name("/c/git/checkouts/axum-0123456789abcdef/9a3f/src/lib.rs"),
            found("axum", "src/lib.rs")
        );
        assert_eq!(name("/home/u/bank/src/main.rs"), None);
        assert_eq!(
            crate_of("<&mut taskscope::Scope<S> as tracing_core::Subscriber>::event").as_deref(),
            Some("taskscope")
        );
        assert_eq!(
            crate_of("<F as core::future::Future>::poll").as_deref(),
            Some("F")
        );
        assert_eq!(crate_of("malloc"), None);
    }
}
