//! Which frames of a stack a person wants to see.

use crate::frame::Frame;
use crate::name;
use crate::origin::{Origin, is_ours, is_std_file};

/// The frames of a wait, without those of the instrument below and of the runtime above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Leaf first.
    pub frames: Vec<Frame>,
    /// Whether the task's outermost future was found; otherwise the last frames may be the runtime's.
    pub whole: bool,
}

/// Whether these are the instrument's frames, by the name of the function which has the frame of its own.
fn is_hook(physical: &Frame) -> bool {
    match name::crate_of(&physical.function) {
        Some(name) if is_ours(&name) || name == "tracing_core" => return true,
        _ => {}
    }
    let Some(file) = physical.file.as_deref() else {
        return physical
            .function
            .starts_with("tokio::runtime::task::waker::")
            || physical.function.starts_with("<core::task::wake::Waker as");
    };
    let registered = name::registry(file);
    match registered
        .as_ref()
        .map(|(name, path)| (name.as_str(), *path))
    {
        Some(("tokio", path)) => path.ends_with("runtime/task/waker.rs"),
        Some(("tracing-core", _)) => true,
        Some(("tracing", path)) => !path.ends_with("/instrument.rs"),
        Some((name, _)) => is_ours(name),
        None => is_std_file(file) && file.ends_with("task/wake.rs"),
    }
}

/// Whether this is what tokio polls a task in.
fn is_root(frame: &Frame) -> bool {
    let by_file = || {
        let (name, path) = name::registry(frame.file.as_deref()?)?;
        Some(name == "tracing" && path.ends_with("/instrument.rs"))
    };
    frame.function.contains("tracing::instrument::Instrumented") || by_file() == Some(true)
}

/// Takes away what lies below the wait (the instrument and what called it) and above the task's outermost future.
pub fn trim(frames: Vec<Frame>) -> Trimmed {
    let (mut leaf, mut at) = (0, 0);
    while let Some(rest) = frames.get(at..).filter(|rest| !rest.is_empty()) {
        // Functions inlined into the instrument's are the instrument's, though their short names do not tell.
        let group = rest
            .iter()
            .position(|frame| !frame.inlined)
            .unwrap_or(rest.len() - 1)
            + 1;
        let physical = rest.get(group - 1);
        if physical.is_some_and(|frame| is_hook(frame) && !is_root(frame)) {
            at += group;
            leaf = at;
            continue;
        }
        // What is inlined into tokio's own function may be a hook all the same: cloning a waker, for instance.
        let is_between = |frame: &Frame| {
            !is_root(frame)
                && (is_hook(frame) || matches!(Origin::of(frame), Origin::Std | Origin::Glue))
        };
        let between = rest
            .iter()
            .take(group)
            .take_while(|f| is_between(f))
            .count();
        let hooks = rest.iter().take(between).rposition(is_hook);
        if let Some(last) = hooks {
            leaf = at + last + 1;
        }
        if between < group {
            break;
        }
        at += group;
    }
    let root = frames
        .iter()
        .rposition(is_root)
        .filter(|root| *root >= leaf);
    let mut frames = frames;
    frames.truncate(root.unwrap_or(frames.len()));
    frames.drain(..leaf.min(frames.len()));
    Trimmed {
        frames,
        whole: root.is_some(),
    }
}

/// A step of an await chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Readable: see the examples at [`shown`].
    pub name: String,
    /// Whose code it is.
    pub origin: Origin,
    /// Source file.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
    /// From 1.
    pub column: Option<u32>,
}

impl Step {
    fn new(frame: &Frame, origin: Origin) -> Self {
        let name = if frame.function.is_empty() {
            let module = frame.module.rsplit('/').next().unwrap_or_default();
            format!("{module}+{:#x}", frame.offset)
        } else {
            name::readable(&frame.function, frame.file.as_deref())
        };
        Self {
            name,
            origin,
            file: frame.file.clone(),
            line: frame.line,
            column: frame.column,
        }
    }
}

/// The await chain, leaf first: the program's and its dependencies' functions, and what the innermost of these waits for.
///
/// For example `tokio::sync::mutex::Mutex::lock`, `bank::transfer`, `bank::serve`.
pub fn shown(frames: &[Frame]) -> Vec<Step> {
    let origins: Vec<Origin> = frames.iter().map(Origin::of).collect();
    let is_own = |origin: &Origin| matches!(origin, Origin::User | Origin::Dependency);
    let first = origins.iter().position(is_own).unwrap_or(origins.len());
    let outermost = |wanted: Origin| origins.iter().take(first).rposition(|o| *o == wanted);
    let leaf = outermost(Origin::Tokio).or_else(|| outermost(Origin::Std));
    let mut steps: Vec<Step> = Vec::new();
    for (at, (frame, origin)) in frames.iter().zip(&origins).enumerate() {
        if Some(at) == leaf || is_own(origin) {
            let step = Step::new(frame, *origin);
            // A body and the function around it may stand for one line.
            if steps.last() != Some(&step) {
                steps.push(step);
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKIO: &str = "/c/registry/src/index-1/tokio-1.54.1/src/";
    const TRACING: &str = "/c/registry/src/index-1/tracing-0.1.44/src/";
    const STD: &str = "/rustc/0123/library/";

    /// A frame from a line `[>]function @ file`, of which `>` says that it is inlined; `t/`, `i/`, `s/` are short for
    /// tokio's, tracing's and the standard library's sources.
    fn frame(text: &str) -> Frame {
        let text = text.trim();
        let (inlined, text) = match text.strip_prefix('>') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (function, file) = text.split_once(" @ ").unwrap_or((text, ""));
        let file = file
            .replacen("t/", TOKIO, usize::from(file.starts_with("t/")))
            .replacen("i/", TRACING, usize::from(file.starts_with("i/")))
            .replacen("s/", STD, usize::from(file.starts_with("s/")));
        Frame {
            function: function.to_owned(),
            file: (!file.is_empty()).then_some(file),
            inlined,
            ..Frame::default()
        }
    }

    fn frames(text: &str) -> Vec<Frame> {
        text.trim().lines().map(frame).collect()
    }

    fn names(text: &str) -> (Vec<String>, bool) {
        let trimmed = trim(frames(text));
        let names = shown(&trimmed.frames).into_iter().map(|step| step.name);
        (names.collect(), trimmed.whole)
    }

    #[test]
    fn a_debug_build_shows_its_chain() {
        let stack = "
            taskscope_record::record::waker_clone @ /w/instrument/record/src/record.rs
            <taskscope::scope::Scope<S> as tracing_core::subscriber::Subscriber>::event @ /w/instrument/src/scope.rs
            tracing_core::dispatcher::Dispatch::event @ /c/registry/src/index-1/tracing-core-0.1.36/src/dispatcher.rs
            std::thread::local::LocalKey<T>::try_with @ s/std/src/thread/local.rs
            tracing_core::event::Event::dispatch @ /c/registry/src/index-1/tracing-core-0.1.36/src/event.rs
            tokio::runtime::task::waker::clone_waker @ t/runtime/task/waker.rs
            <core::task::wake::Waker as core::clone::Clone>::clone @ s/core/src/task/wake.rs
            tokio::sync::batch_semaphore::Semaphore::poll_acquire @ t/sync/batch_semaphore.rs
            <tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll @ t/sync/batch_semaphore.rs
            tokio::sync::mutex::Mutex<T>::acquire::{{closure}} @ t/sync/mutex.rs
            tokio::sync::mutex::Mutex<T>::lock::{{closure}} @ t/sync/mutex.rs
            bank::transfer::{{closure}} @ /home/u/bank/src/main.rs
            <core::pin::Pin<P> as core::future::future::Future>::poll @ s/core/src/future/future.rs
            <bb8::Get<M> as core::future::future::Future>::poll @ /c/registry/src/index-1/bb8-0.9.0/src/lib.rs
            <tracing::instrument::Instrumented<T> as core::future::future::Future>::poll @ i/instrument.rs
            bank::serve::{{closure}} @ /home/u/bank/src/main.rs
            <tracing::instrument::Instrumented<T> as core::future::future::Future>::poll @ i/instrument.rs
            tokio::runtime::task::core::Core<T,S>::poll @ t/runtime/task/core.rs";
        let wanted = [
            "tokio::sync::mutex::Mutex::lock",
            "bank::transfer",
            "bb8::Get::poll",
            "bank::serve",
        ];
        assert_eq!(names(stack), (wanted.map(str::to_owned).to_vec(), true));
    }

    #[test]
    fn a_release_build_with_line_tables_shows_what_is_known() {
        let stack = "
            >waker_clone @ /w/instrument/record/src/record.rs
            >{closure#0}<tokio::runtime::Handle> @ /w/instrument/src/hook.rs
            <taskscope::scope::Scope<S> as tracing_core::subscriber::Subscriber>::event @ /w/instrument/src/scope.rs
            >dispatch @ /c/registry/src/index-1/tracing-core-0.1.36/src/event.rs
            tokio::runtime::task::waker::clone_waker @ t/runtime/task/waker.rs
            >clone @ s/core/src/task/wake.rs
            >poll_acquire @ t/sync/batch_semaphore.rs
            <tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll @ t/sync/batch_semaphore.rs
            >{async_fn#0}<u32> @ t/sync/mutex.rs
            >{async_fn#0} @ /home/u/bank/src/db.rs
            bank::serve::{{closure}} @ /home/u/bank/src/main.rs
            >poll<bank::serve::{async_fn_env#0}> @ i/instrument.rs
            >{closure#0} @ t/runtime/task/core.rs
            tokio::runtime::task::raw::poll @ t/runtime/task/raw.rs";
        let wanted = [
            "tokio::sync::mutex (async fn)",
            "db (async fn)",
            "bank::serve",
        ];
        assert_eq!(names(stack), (wanted.map(str::to_owned).to_vec(), true));
    }

    #[test]
    fn without_debug_info_names_must_do() {
        let stack = "
            <taskscope::scope::Scope<S> as tracing_core::subscriber::Subscriber>::event
            tokio::runtime::task::waker::clone_waker
            <tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll
            bank::serve::{{closure}}
            <tracing::instrument::Instrumented<T> as core::future::future::Future>::poll
            tokio::runtime::task::raw::poll";
        let wanted = ["tokio::sync::batch_semaphore::Acquire::poll", "bank::serve"];
        assert_eq!(names(stack), (wanted.map(str::to_owned).to_vec(), true));
    }

    #[test]
    fn a_span_around_a_part_of_the_chain_hides_nothing() {
        let stack = "
            taskscope_stack::native::capture::capture @ /w/instrument/stack/src/native/capture.rs
            tokio::sync::notify::poll_notified @ t/sync/notify.rs
            bank::inner::{{closure}} @ /home/u/bank/src/main.rs
            tracing::span::Span::in_scope @ i/span.rs
            bank::outer::{{closure}} @ /home/u/bank/src/main.rs
            <tracing::instrument::Instrumented<T> as core::future::future::Future>::poll @ i/instrument.rs";
        let wanted = [
            "tokio::sync::notify::poll_notified",
            "bank::inner",
            "bank::outer",
        ];
        assert_eq!(names(stack), (wanted.map(str::to_owned).to_vec(), true));
    }

    #[test]
    fn a_stack_without_our_frames_stays() {
        let stack = "
            clock_nanosleep
            std::thread::sleep @ s/std/src/thread/mod.rs
            bank::retry @ /home/u/bank/src/main.rs";
        let wanted = ["std::thread::sleep", "bank::retry"];
        assert_eq!(names(stack), (wanted.map(str::to_owned).to_vec(), false));
        assert_eq!(trim(frames(stack)).frames.len(), 3);
        assert_eq!(names(""), (Vec::new(), false));
        assert_eq!(trim(Vec::new()), Trimmed::default());
    }
}
