//! Whose code a frame is, by the path of its source or by its name.

use crate::frame::Frame;
use crate::name;

/// Whose code a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program's.
    User,
    /// Another crate's.
    Dependency,
    /// The runtime's.
    Tokio,
    /// The standard library's, or C's.
    Std,
    /// What only passes a poll on, and the instrument itself.
    Glue,
}

/// Files of the standard library through which polls and calls only pass.
const STD_GLUE: [&str; 7] = [
    "future/poll_fn.rs",
    "future/future.rs",
    "src/pin.rs",
    "ops/function.rs",
    "src/boxed.rs",
    "task/wake.rs",
    "panic/unwind_safe.rs",
];

/// Whether a crate is one of the instrument's, by its name or its package's.
pub(crate) fn is_ours(crate_name: &str) -> bool {
    matches!(
        crate_name,
        "taskscope"
            | "taskscope_record"
            | "taskscope_stack"
            | "taskscope-record"
            | "taskscope-stack"
    )
}

/// Whether a file is the standard library's, as its debug information names it.
pub(crate) fn is_std_file(file: &str) -> bool {
    file.starts_with("/rustc/") || file.contains("/lib/rustlib/") || file.starts_with("library/")
}

/// Whether a file is a C library's, which a program can have within itself: Rust's own musl comes with line tables.
fn is_libc_file(file: &str) -> bool {
    let is_c = [".c", ".s", ".S"].iter().any(|end| file.ends_with(end));
    is_c && file
        .split(['/', '-', '_'])
        .any(|word| matches!(word, "musl" | "glibc"))
}

impl Origin {
    /// Whose code this is, by the place of its source or, if that does not tell, by its name.
    pub fn of(frame: &Frame) -> Self {
        let by_name = Self::of_function(frame);
        let Some(file) = frame.file.as_deref() else {
            return by_name.unwrap_or(Self::User);
        };
        if is_std_file(file) {
            return if STD_GLUE.iter().any(|end| file.ends_with(end)) {
                Self::Glue
            } else {
                Self::Std
            };
        }
        if is_libc_file(file) {
            return Self::Std;
        }
        match name::registry(file) {
            Some((name, path)) => match name.as_str() {
                "tokio" if path.starts_with("src/macros/") => Self::Glue,
                "tokio" => Self::Tokio,
                "tracing" | "tracing-core" | "tracing-subscriber" | "tracing-futures" => Self::Glue,
                name if is_ours(name) => Self::Glue,
                _ => Self::Dependency,
            },
            // Vendored crates lie anywhere.
            None => match by_name {
                Some(origin @ (Self::Tokio | Self::Glue)) => origin,
                _ => Self::User,
            },
        }
    }

    /// By the name alone; `None` if it could be anybody's.
    fn of_function(frame: &Frame) -> Option<Self> {
        if frame.function.is_empty() {
            let file = frame.module.rsplit('/').next().unwrap_or_default();
            let is_system = [
                "libc",
                "ld-linux",
                "ld-musl",
                "libpthread",
                "libm.",
                "[vdso]",
            ]
            .iter()
            .any(|start| file.starts_with(start));
            return is_system.then_some(Self::Std);
        }
        let Some(name) = name::crate_of(&frame.function) else {
            // C, unless it is the last part of a Rust name, which line tables give with a file.
            return frame.file.is_none().then_some(Self::Std);
        };
        match name.as_str() {
            "std" | "core" | "alloc" | "test" | "__rustc" => Some(Self::Std),
            "tokio" => Some(Self::Tokio),
            "tracing" | "tracing_core" | "tracing_subscriber" | "tracing_futures" => {
                Some(Self::Glue)
            }
            name if is_ours(name) => Some(Self::Glue),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_by_its_path_or_by_its_name() {
        const REGISTRY: &str = "/c/registry/src/index-1/";
        let tokio = |path: &str| format!("{REGISTRY}tokio-1.54.1/src/{path}");
        for (function, file, origin) in [
            ("x", "/home/u/bank/src/main.rs".into(), Origin::User),
            ("x", "src/main.rs".into(), Origin::User),
            ("x", tokio("sync/mutex.rs"), Origin::Tokio),
            ("x", tokio("macros/select.rs"), Origin::Glue),
            (
                "tokio::sync::oneshot::x",
                "/w/vendor/tokio/src/sync/oneshot.rs".into(),
                Origin::Tokio,
            ),
            (
                "x",
                format!("{REGISTRY}tokio-util-0.7.1/src/lib.rs"),
                Origin::Dependency,
            ),
            (
                "x",
                "/c/git/checkouts/axum-01/9a/src/lib.rs".into(),
                Origin::Dependency,
            ),
            (
                "x",
                "/rustc/01/library/std/src/thread/mod.rs".into(),
                Origin::Std,
            ),
            (
                "x",
                "/rustc/01/library/core/src/future/poll_fn.rs".into(),
                Origin::Glue,
            ),
            (
                "taskscope::hook::x",
                "/anywhere/src/hook.rs".into(),
                Origin::Glue,
            ),
            (
                "taskscope_examples::x",
                "/w/examples/src/x.rs".into(),
                Origin::User,
            ),
            (
                "thread::__syscall_cp.c::__syscall_cp_c",
                "/b/musl-make/obj_musl/../src_musl/src/thread/__syscall_cp.c".into(),
                Origin::Std,
            ),
            ("x", "/w/musl-tools/src/main.rs".into(), Origin::User),
            ("x", "/w/bank/src/hash.c".into(), Origin::User),
            ("malloc", String::new(), Origin::Std),
            ("bank::x", String::new(), Origin::User),
        ] {
            let frame = Frame {
                function: function.to_owned(),
                file: (!file.is_empty()).then_some(file),
                ..Frame::default()
            };
            assert_eq!(Origin::of(&frame), origin, "{frame:?}");
        }
    }
}
