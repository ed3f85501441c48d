//! Reads the fields of tokio's spans and events. Each is optional: tokio's versions differ.

use std::fmt::{self, Write};

use taskscope_record::{MAX_NAME, SpawnKind, SpawnSite, Text, text};
use tracing_core::Metadata;
use tracing_core::field::{Field, Visit};

/// The fields of a task's span.
#[derive(Default)]
pub(crate) struct SpawnFields {
    pub(crate) keys: Keys,
    pub(crate) site: SpawnSite,
    pub(crate) tokio_id: u64,
    pub(crate) name: String,
    /// The closure is a worker of a multi-threaded runtime, which lives on a thread of the blocking pool.
    pub(crate) is_worker: bool,
}

impl Visit for SpawnFields {
    #[inline]
    fn record_u64(&mut self, field: &Field, value: u64) {
        match self.keys.key(field) {
            Key::TaskId => self.tokio_id = value,
            Key::Size => self.site.size = value,
            Key::OriginalSize => self.site.boxed_from = value,
            Key::Line => self.site.line = u32::try_from(value).unwrap_or(0),
            Key::Column => self.site.column = u32::try_from(value).unwrap_or(0),
            _ => {}
        }
    }

    #[inline]
    fn record_str(&mut self, field: &Field, value: &str) {
        match self.keys.key(field) {
            Key::File => self.site.file = text(value),
            Key::Name => self.record_debug(field, &format_args!("{value}")),
            _ => {}
        }
    }

    #[inline]
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing into these can't fail, and a `Debug` of tokio's does not either.
        let _ = match self.keys.key(field) {
            Key::Kind => write!(KindOf(&mut self.site.kind), "{value:?}"),
            Key::Name => write!(Limited(&mut self.name), "{value:?}"),
            Key::Closure => write!(TypeName(self), "{value:?}"),
            _ => Ok(()),
        };
    }
}

/// Which field of a span is which: their names are compared once, when the callsite registers, since this is asked for
/// each field of each spawn. A field beyond the sixteenth is unknown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Keys(u64);

#[derive(Clone, Copy)]
enum Key {
    Unknown = 0,
    Kind = 1,
    Closure = 2,
    TaskId = 3,
    Column = 4,
    Line = 5,
    File = 6,
    Name = 7,
    Size = 8,
    OriginalSize = 9,
}

impl Keys {
    pub(crate) fn of(metadata: &Metadata<'_>) -> Self {
        let key = |field: &Field| match field.name() {
            "kind" => Key::Kind,
            "fn" => Key::Closure,
            "task.id" => Key::TaskId,
            "loc.col" => Key::Column,
            "loc.line" => Key::Line,
            "loc.file" => Key::File,
            "task.name" => Key::Name,
            "size.bytes" => Key::Size,
            "original_size.bytes" => Key::OriginalSize,
            _ => Key::Unknown,
        };
        let fields = metadata.fields().iter().take(16);
        Self(fields.fold(0, |keys, field| {
            keys | (key(&field) as u64) << (4 * field.index())
        }))
    }

    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }

    pub(crate) fn to_number(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn key(self, field: &Field) -> Key {
        match self.0.checked_shr(4 * field.index() as u32).unwrap_or(0) & 0xf {
            1 => Key::Kind,
            2 => Key::Closure,
            3 => Key::TaskId,
            4 => Key::Column,
            5 => Key::Line,
            6 => Key::File,
            7 => Key::Name,
            8 => Key::Size,
            9 => Key::OriginalSize,
            _ => Key::Unknown,
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
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if part.is_empty() {
            return Ok(());
        }
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
