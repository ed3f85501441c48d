//! Code that is loaded and unloaded while the program runs.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(unsafe_code, reason = "loading a library is unsafe")]

use std::ffi::CString;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use taskscope_stack::{
    Symbolizer, capture, program_counters, reload_if_needed, stack_pointer, start, stats,
};

type CallBack = unsafe extern "C" fn(extern "C" fn(*mut Poll), *mut Poll, u32) -> u32;

/// A library whose functions call back, from a depth of one's choice.
const SOURCE: &str = "
#define F __attribute__((noinline)) unsigned
typedef void (*cb)(void *);
F NAME_deep(cb f, void *d, unsigned n) { volatile char pad[SIZE]; pad[0] = n; f(d); return pad[0]; }
F call_back(cb f, void *d, unsigned n) { volatile unsigned r = n ? call_back(f, d, n - 1) : NAME_deep(f, d, n); return r + 1; }
";

struct Poll {
    sp: usize,
    id: u32,
}

#[inline(never)]
extern "C" fn leaf(poll: *mut Poll) {
    // SAFETY: `through` gives a pointer that is good while it runs.
    let poll = unsafe { &mut *poll };
    poll.id = capture(poll.sp);
}

#[inline(never)]
fn through(f: CallBack, depth: u32) -> u32 {
    let mut poll = Poll {
        sp: stack_pointer(),
        id: 0,
    };
    // SAFETY: the library's function calls `leaf` once with this pointer.
    black_box(unsafe { f(leaf, &mut poll, depth) });
    poll.id
}

/// What `f` gives in two calls from one place: who polls is part of the stack, and a loop may be unrolled.
#[inline(never)]
fn twice(mut f: impl FnMut() -> u32) -> [u32; 2] {
    let mut ids = [0; 2];
    for id in ids.iter_mut().take(black_box(2)) {
        *id = black_box(f());
    }
    ids
}

/// Builds the library; `None` if there is no C compiler.
fn build(folder: &Path, name: &str, size: u32) -> Option<PathBuf> {
    // Called like the C library, which is never unloaded: it is not to be taken for it.
    let (source, library) = (folder.join("lib.c"), folder.join("libc-like.so"));
    std::fs::write(&source, SOURCE).ok()?;
    // Not in place: the old file may still be mapped.
    let _ = std::fs::remove_file(&library);
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-fasynchronous-unwind-tables"])
        .args([format!("-DSIZE={size}"), format!("-DNAME_deep={name}_deep")])
        .arg("-o")
        .args([&library, &source])
        .status()
        .ok()?;
    built.success().then_some(library)
}

fn load(library: &Path) -> (*mut libc::c_void, CallBack) {
    let path = CString::new(library.to_str().unwrap()).unwrap();
    // SAFETY: the library has no constructors, and the function the type that is said.
    unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
        assert!(!handle.is_null());
        let f = libc::dlsym(handle, c"call_back".as_ptr());
        assert!(!f.is_null());
        (
            handle,
            std::mem::transmute::<*mut libc::c_void, CallBack>(f),
        )
    }
}

fn functions(id: u32) -> Vec<String> {
    let frames = Symbolizer::new().frames(id);
    frames.into_iter().map(|frame| frame.function).collect()
}

fn has(names: &[String], function: &str) -> bool {
    names.iter().any(|name| name == function)
}

#[test]
fn libraries_come_and_go() {
    start().unwrap();
    let folder = std::env::temp_dir().join(format!("taskscope-stack-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let Some(library) = build(&folder, "one", 100) else {
        eprintln!("skipped: there is no C compiler");
        return;
    };
    let (handle, f) = load(&library);
    // Not known yet: the walk stops there, and says so.
    let short = through(f, 3);
    assert!(stats().unknown_code > 0);
    assert!(program_counters(short).is_none_or(|pcs| pcs.len() < 4));
    let copied = stats().copied_bytes;
    reload_if_needed();
    assert!(
        stats().copied_bytes > copied,
        "its tables go when it goes, so they are to be copied"
    );
    let [whole, again] = twice(|| through(f, 3));
    assert_eq!(whole, again);
    let names = functions(whole);
    assert!(
        has(&names, "one_deep") && has(&names, "loaded::through"),
        "{names:?}"
    );
    assert_eq!(names.iter().filter(|name| *name == "call_back").count(), 4);
    assert_eq!(stats().reloads, 1);

    // Another one in its place: the rules known are stale, and reads are bounded.
    // SAFETY: nothing of it is in use.
    unsafe { libc::dlclose(handle) };
    let library = build(&folder, "two", 3000).unwrap();
    let (handle, f) = load(&library);
    for depth in 0..50 {
        through(f, depth % 7);
        reload_if_needed();
    }
    // The first stack can still be read, and its module was another file, so it is not named by the new one.
    assert_eq!(
        program_counters(whole).map(<[u64]>::len),
        program_counters(again).map(<[u64]>::len)
    );
    assert!(!has(&functions(whole), "two_deep"));
    // SAFETY: nothing of it is in use.
    unsafe { libc::dlclose(handle) };
    assert!(!functions(whole).is_empty());
    std::fs::remove_dir_all(&folder).unwrap();
}
