//! The end of the process, in which a socket file has to go.

use std::sync::OnceLock;

static ACTION: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Runs `action` when this process ends by `exit` or by returning from `main`; not in a child that was forked from it,
/// and not when it is killed. Only the first action given is run. `false`: another was given before, or the system has
/// no room for it.
pub fn at_exit(action: impl Fn() + Send + Sync + 'static) -> bool {
    let pid = std::process::id();
    let action = move || {
        if std::process::id() == pid {
            action();
        }
    };
    // SAFETY: `run` is an `extern "C"` function that takes nothing and can't unwind.
    ACTION.set(Box::new(action)).is_ok() && unsafe { libc::atexit(run) } == 0
}

extern "C" fn run() {
    if let Some(action) = ACTION.get() {
        // A panic must not reach the C library.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action));
    }
}
