//! Reads the fields of tokio's spans and events. Each is optional: tokio's versions differ.

use std::fmt::{self, Write};

use taskscope_record::{MAX_NAME, SpawnKind, SpawnSite, Text, text};
use tracing_core::field::{Field, Visit};

/// The fields of a task's span.
#[derive(Default)]
pub(crate) struct SpawnFields {
    pub(crate) site: SpawnSite,
    pub(crate) tokio_id: u64,
    pub(crate) name: String,
    /// The closure is a worker of a multi-threaded runtime, which lives on a thread of the blocking pool.
    pub(crate) is_worker: bool,
}

impl Visit for SpawnFields {
    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        match Key::of(field) {
            Key::TaskId => self.tokio_id = value,
            Key::Size => self.site.size = value,
            Key::OriginalSize => self.site.boxed_from = value,
            Key::LineOrFile => self.site.line = u32::try_from(value).unwrap_or(0),
            Key::Column => self.site.column = u32::try_from(value).unwrap_or(0),
            _ => {}
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        match Key::of(field) {
            Key::LineOrFile => self.site.file = text(value),
            Key::Name => self.record_debug(field, &format_args!("{value}")),
            _ => {}
        }
    }

    #[inline]
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into these can't fail, and a `Debug` of tokio's does not either.
        let _ = match Key::of(field) {
            Key::Kind => write!(KindOf(&mut self.site.kind), "{value:?}"),
            Key::Name => write!(Limited(&mut self.name), "{value:?}"),
            Key::Closure => write!(TypeName(self), "{value:?}"),
            _ => Ok(()),
        };
    }
}

/// The fields of a task's span. This runs for each field of each spawn, so they are told apart by length and first
/// letter, and by the type of their values.
enum Key {
    Kind,
    Closure,
    TaskId,
    Column,
    LineOrFile,
    Name,
    Size,
    OriginalSize,
    Unknown,
}

impl Key {
    #[inline(always)]
    fn of(field: &Field) -> Self {
        let name = field.name().as_bytes();
        match (name.len(), name.first()) {
            (2, Some(b'f')) => Self::Closure,
            (4, Some(b'k')) => Self::Kind,
            (7, Some(b't')) => Self::TaskId,
            (7, Some(b'l')) => Self::Column,
            // `loc.line` is a number, `loc.file` a text.
            (8, Some(b'l')) => Self::LineOrFile,
            (9, Some(b't')) => Self::Name,
            (10, Some(b's')) => Self::Size,
            (19, Some(b'o')) => Self::OriginalSize,
            _ => Self::Unknown,
        }
    }
}

/// The kind comes as the text of a `Display`, in one piece.
struct KindOf<'a>(&'a mut SpawnKind);

impl Write for KindOf<'_> {
    fn write_str(&mut self, kind: &str) -> fmt::Result {
        *self.0 = match kind {
            "task" => SpawnKind::Task,
            "local" => SpawnKind::Local,
            "blocking" => SpawnKind::Blocking,
            "block_on" => SpawnKind::BlockOn,
            _ => SpawnKind::Unknown,
        };
        Ok(())
    }
}

/// Takes in what a name may hold; most tasks have none, which must not allocate.
struct Limited<'a>(&'a mut String);

impl Write for Limited<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = MAX_NAME.saturating_sub(self.0.len());
        let end = (0..=room.min(part.len()))
            .rev()
            .find(|end| part.is_char_boundary(*end))
            .unwrap_or(0);
        self.0.push_str(part.get(..end).unwrap_or_default());
        Ok(())
    }
}

/// The type of a closure, which also tells workers.
struct TypeName<'a>(&'a mut SpawnFields);

impl Write for TypeName<'_> {
    fn write_str(&mut self, name: &str) -> fmt::Result {
        // Those that a runtime launches, and those that take over from one that is about to block.
        self.0.is_worker |=
            name.starts_with("tokio::runtime::scheduler::") && name.contains("::worker::");
        if self.0.site.type_name == Text::default() {
            self.0.site.type_name = text(name);
        }
        Ok(())
    }
}

/// What happened to a waker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WakerOp {
    Clone,
    Drop,
    Wake,
    WakeByRef,
    #[default]
    Unknown,
}

/// The fields of a waker's event.
#[derive(Default)]
pub(crate) struct WakerFields {
    pub(crate) op: WakerOp,
    /// The id of the task's span, whatever the field's name says; 0 for none.
    pub(crate) span: u64,
}

impl Visit for WakerFields {
    #[inline]
    fn record_u64(&mut self, _: &Field, value: u64) {
        // The event has one number.
        self.span = value;
    }

    #[inline]
    fn record_str(&mut self, _: &Field, value: &str) {
        // Told apart as cheaply as can be: "waker.clone", "waker.drop", "waker.wake", "waker.wake_by_ref".
        self.op = match (value.len(), value.as_bytes().get(6)) {
            (11, Some(b'c')) => WakerOp::Clone,
            (10, Some(b'd')) => WakerOp::Drop,
            (10, Some(b'w')) => WakerOp::Wake,
            (17, Some(b'w')) => WakerOp::WakeByRef,
            _ => WakerOp::Unknown,
        };
    }

    #[inline]
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
