//! Stacks in words: functions as short as there is room for, the operation at the end, what is waited for there.

use std::sync::Arc;

use taskscope_model::query::Spot;
use taskscope_model::{Await, Code, Frame, Hold, Holder, Place, Stack, State, Task, Wait, World};

use crate::feed::{Hello, Source};

use super::{Names, clean, code, count, duration, fit, short, width};

/// Holders of something that is waited for that are named in one line.
const NAMED: usize = 2;

/// A function's name in so many columns: modules are left out from the outside. Safe for a terminal.
///
/// ```
/// use taskscope_viewer::text::function;
///
/// assert_eq!(function("bank::ledger::transfer", 40), "bank::ledger::transfer");
/// assert_eq!(function("bank::ledger::transfer", 16), "ledger::transfer");
/// assert_eq!(function("bank::ledger::transfer", 6), "trans…");
/// ```
#[must_use]
pub fn function(name: &str, columns: usize) -> String {
    let cleaned = clean(name);
    let mut rest = &*cleaned;
    while width(rest) > columns {
        match rest.split_once("::") {
            Some((_, inner)) if !inner.is_empty() => rest = inner,
            _ => break,
        }
    }
    if rest.is_empty() {
        return fit("?", columns);
    }
    fit(rest, columns)
}

/// What the runtime was asked for at the end of a stack: `Mutex::lock`, `Notified`, `Sleep`; `None` where that is not
/// known, or is no operation of the runtime. Safe for a terminal.
#[must_use]
pub fn operation(stack: &Stack) -> Option<String> {
    let first = stack.frames.first()?;
    (first.code == Code::Runtime).then(|| operation_of(&first.function))
}

/// The same of a function's name.
pub(crate) fn operation_of(name: &str) -> String {
    // Of what was inlined only the module is known: `tokio::sync::mutex (async fn)`.
    let (path, is_body) = name
        .split_once(" (")
        .map_or((name, false), |(path, _)| (path, true));
    let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    let polls = |part: &str| part == "poll" || part.starts_with("poll_");
    let parts = match parts.as_slice() {
        [rest @ .., last] if !rest.is_empty() && polls(last) => rest,
        all => all,
    };
    let is_type = |part: &str| part.starts_with(char::is_uppercase);
    let text = match parts {
        [.., last] if is_body || is_type(last) => (*last).to_owned(),
        [.., owner, last] => format!("{owner}::{last}"),
        [only] => (*only).to_owned(),
        [] => "?".to_owned(),
    };
    clean(&text).into_owned()
}

/// Whether a frame says where in the source it is.
#[must_use]
pub fn is_placed(frame: &Frame) -> bool {
    !frame.place.file.is_empty() && frame.place.line > 0
}

impl Names<'_> {
    /// Where a task waits that waits for nothing that is tracked, as `Notified at worker.rs:71`, or what it does in a poll that
    /// does not return, as `blocked in read at api.rs:133`; a `?` behind it says that this is not sure. `None` where that is
    /// not known.
    #[must_use]
    pub fn waits_at(&self, task: &Task, columns: usize) -> Option<String> {
        if task.vitals.state == State::Running {
            let poll = self.world.present_poll(task)?;
            let line = poll.stack.and_then(|stack| self.world.stack(stack)?.line());
            let doing = poll.doing.to_string();
            let Some(frame) = line.filter(|frame| is_placed(frame)) else {
                return Some(clean(&doing).into_owned());
            };
            let doubt = if poll.proven { "" } else { "?" };
            let place = short(&frame.place.file, frame.place.line, columns.max(8)) + doubt;
            let text = clean(&format!("{doing} at {place}")).into_owned();
            // The line says more than the system call.
            let is_too_long = width(&text) > columns;
            return Some(if is_too_long {
                format!("{} at {place}", poll.doing.as_str())
            } else {
                text
            });
        }
        let awaits = self.world.awaits(task);
        let first = awaits.first()?;
        let stack = self.world.stack(first.stack?)?;
        let more = match awaits.len() {
            0 | 1 => String::new(),
            n => format!(" +{}", n - 1),
        };
        let doubt = if first.sure { "" } else { "?" };
        let operation = operation(stack);
        let line = stack.line().filter(|frame| is_placed(frame));
        let before = match (&operation, line) {
            (Some(operation), Some(_)) => format!("{operation} at "),
            (None, Some(_)) => "at ".to_owned(),
            (Some(operation), None) => return Some(format!("{operation}{doubt}{more}")),
            (None, None) => return None,
        };
        let used = width(&before) + doubt.len() + more.len();
        let room = columns.saturating_sub(used).max(8);
        let place = line.map(|frame| short(&frame.place.file, frame.place.line, room))?;
        Some(format!("{before}{place}{doubt}{more}"))
    }

    /// What is waited for and who has it: `Mutex created at bank.rs:31, held by audit #18 for 41.2s`.
    #[must_use]
    pub fn waited_for(&self, wait: &Wait) -> String {
        let now = self.world.now();
        let Some(resource) = self.world.resource(wait.resource) else {
            return "a resource that is no longer kept".to_owned();
        };
        let place = self.world.place(resource.origin.place);
        let mut text = match place.filter(|place| !place.file.is_empty()) {
            Some(place) if Place::is_of_default(&place.file) => self.resource(resource, 40),
            Some(place) => format!(
                "{} created at {}",
                resource.origin.kind,
                short(&place.file, place.line, 40)
            ),
            None => self.resource(resource, 40),
        };
        if wait.granted.is_some() {
            text.push_str(", granted and not polled since");
            return text;
        }
        let usage = &resource.usage;
        let lasts = |hold: &Hold| duration(hold.since.until(now));
        let held = usage.holds.iter().take(NAMED).map(|hold| {
            let who = match hold.holder {
                Holder::Task(id) => self.task(id),
                Holder::NoTask => "no task".to_owned(),
            };
            format!("{who} for {}", lasts(hold))
        });
        let held: Vec<_> = held.collect();
        if !held.is_empty() {
            text.push_str(", held by ");
            text.push_str(&held.join(" and "));
        }
        let more = (usage.holds.len().saturating_sub(NAMED) as u64).saturating_add(usage.unlisted);
        if more > 0 {
            text.push_str(&format!(" and {} more", count(more)));
        }
        text
    }
}

/// A place at which tasks wait, or do not return from a poll, in the words of a table. Safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotLine {
    /// The innermost function of the app, else of a dependency, else of anything.
    pub function: String,
    /// The line in it.
    pub place: String,
    /// What is waited for: the resource where that is known, else the operation. Or what is done there.
    pub what: String,
}

impl Names<'_> {
    /// A place at which tasks are, with so many columns for the line and for what is waited for.
    #[must_use]
    pub fn spot(&self, spot: &Spot, place: usize, what: usize) -> SpotLine {
        let stack = spot.frames.as_deref();
        let line = stack.and_then(Stack::line).filter(|frame| is_placed(frame));
        let any = line.or_else(|| stack?.frames.first());
        let operation = stack.and_then(operation);
        let doing = spot.doing.as_ref();
        let doing = doing.map(|doing| clean(&doing.to_string()).into_owned());
        let resource = spot.resource.map(|id| self.resource_of(id, what));
        let kind = || {
            let (kind, at) = spot.what?;
            let at = self.world.place(at).filter(|at| !at.file.is_empty());
            Some(at.map_or_else(
                || kind.to_string(),
                |at| format!("{kind} {}", short(&at.file, at.line, what)),
            ))
        };
        let mut text = doing
            .or(resource)
            .or_else(kind)
            .or(operation)
            .unwrap_or_else(|| "?".to_owned());
        let doubt = match (spot.sure, &spot.doing) {
            (true, _) => "",
            // They do it for sure, and maybe there.
            (false, Some(_)) => "?",
            (false, None) => {
                text.push_str(" (maybe)");
                ""
            }
        };
        let unknown = || "?".to_owned();
        SpotLine {
            function: any.map_or_else(unknown, |frame| function(&frame.function, usize::MAX)),
            place: line.map_or_else(unknown, |frame| {
                let room = place.saturating_sub(doubt.len());
                short(&frame.place.file, frame.place.line, room) + doubt
            }),
            what: text,
        }
    }

    /// The futures around the innermost line of the app, from the inside outwards, in so many columns.
    #[must_use]
    pub fn outwards(&self, spot: &Spot, columns: usize) -> String {
        let Some(stack) = spot.frames.as_deref() else {
            return "-".to_owned();
        };
        let innermost = stack.line();
        let at = stack
            .frames
            .iter()
            .position(|frame| Some(frame) == innermost);
        let mut text = String::new();
        for frame in stack.frames.iter().skip(at.map_or(0, |at| at + 1)) {
            text.push_str(if text.is_empty() { "◀ " } else { " ◀ " });
            text.push_str(&function(&frame.function, 40));
            if is_placed(frame) {
                text.push(' ');
                let place = &frame.place;
                text.push_str(&if Place::is_of_default(&place.file) {
                    code(&place.file, place.line, 30)
                } else {
                    short(&place.file, place.line, 30)
                });
            }
            if width(&text) > columns {
                return fit(&text, columns);
            }
        }
        if !stack.whole {
            text.push_str(if text.is_empty() { "◀ ?" } else { " ◀ ?" });
        }
        if text.is_empty() {
            return "-".to_owned();
        }
        fit(&text, columns)
    }
}

/// What keeps a target from telling where its tasks wait, or from telling it by lines; nothing where it tells all. Safe
/// for a terminal.
#[must_use]
pub fn stackless(hello: &Hello) -> Vec<String> {
    let tells = |source: &Source| source.name == "stacks" && source.active;
    let setup = &hello.setup;
    if !setup.no_stacks.is_empty() {
        return vec![format!(
            "stacks are not caught: {}",
            clean(&setup.no_stacks)
        )];
    }
    if !hello.sources.iter().any(tells) {
        return vec!["stacks: this target does not tell where its tasks wait".to_owned()];
    }
    let missing = match setup.debug_info.as_str() {
        "symbols" => "lines: this build tells the functions that were not inlined, and no lines",
        "stripped" => "lines and functions: this build is stripped, it tells only offsets",
        _ => return Vec::new(),
    };
    vec![format!("{missing}; `taskscope doctor` says what to change")]
}

/// Why the frames of a place at which a task waits are not known; `None` where they are.
#[must_use]
pub fn frameless(place: &Await, world: &World) -> Option<&'static str> {
    let Some(id) = place.stack else {
        return Some("its stack was not caught");
    };
    match world.stack(id).map(Arc::as_ref) {
        None => Some("its stack is not named yet"),
        Some(stack) if stack.frames.is_empty() => Some("its stack has no frame that is known"),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{function, operation_of};

    #[test]
    fn an_operation_is_a_type_or_its_method() {
        for (name, operation) in [
            ("tokio::sync::mutex::Mutex::lock", "Mutex::lock"),
            ("tokio::sync::mutex (async fn)", "mutex"),
            ("tokio::sync::notify::Notified::poll_notified", "Notified"),
            ("tokio::time::sleep::Sleep::poll", "Sleep"),
            ("tokio::io::util::read::read", "read::read"),
            ("poll", "poll"),
            ("malloc", "malloc"),
            ("", "?"),
            ("::", "?"),
            ("\u{1b}[2J", "␛[2J"),
        ] {
            assert_eq!(operation_of(name), operation, "{name:?}");
        }
    }

    #[test]
    fn a_function_fits_whatever_it_is_called() {
        let long = "a::".repeat(1_000);
        for name in ["", "::", "a::", "日本::語", "x\u{7}::y", &long] {
            for columns in 0..12 {
                assert!(super::width(&function(name, columns)) <= columns);
            }
        }
    }
}
