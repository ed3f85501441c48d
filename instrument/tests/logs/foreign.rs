//! A subscriber that nobody's library made: no registry, its ids as it likes, its level told by a hint alone.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Record};
use tracing::{Event, Id, Metadata, Subscriber};

use crate::child::Out;

/// Ids of taskscope's have these bits set.
const MARK: u64 = 1 << 37 | 1 << 50;

pub(crate) struct Foreign {
    out: Out,
    hint: Option<LevelFilter>,
    count: AtomicU64,
    /// Name and holders of each live span.
    live: Mutex<HashMap<u64, (&'static str, u32)>>,
    entered: Mutex<Vec<u64>>,
}

impl Foreign {
    pub(crate) fn new(out: &Out, hint: Option<LevelFilter>) -> Self {
        Self {
            out: out.clone(),
            hint,
            count: AtomicU64::new(0),
            live: Mutex::default(),
            entered: Mutex::default(),
        }
    }

    fn name(&self, id: &Id) -> &'static str {
        let live = self.live.lock().expect("nobody panics");
        live.get(&id.into_u64())
            .map_or("NO SUCH SPAN", |(name, _)| name)
    }

    fn call(&self, what: &str, id: &Id) {
        self.out.line(&format!("{what} {}", self.name(id)));
    }
}

impl Subscriber for Foreign {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.hint
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let name = attributes.metadata().name();
        let parent = attributes.parent().map(|parent| self.name(parent));
        self.out.line(&format!(
            "new span {name} of {parent:?}, root {}, contextual {}",
            attributes.is_root(),
            attributes.is_contextual()
        ));
        let n = self.count.fetch_add(1, SeqCst) + 1;
        // Every second one looks like one of taskscope's; the first ones of these are what its first ids are.
        let scattered = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = match n % 4 {
            0 => scattered | MARK,
            2 => MARK | n,
            _ => scattered & !MARK,
        };
        self.live
            .lock()
            .expect("nobody panics")
            .insert(id, (name, 1));
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, _: &Record<'_>) {
        self.call("record", id);
    }

    fn record_follows_from(&self, id: &Id, follows: &Id) {
        self.call("follows", id);
        self.call("is followed", follows);
    }

    fn event(&self, event: &Event<'_>) {
        self.out.line(&format!(
            "event {} {}, root {}, contextual {}",
            event.metadata().level(),
            event.metadata().target(),
            event.is_root(),
            event.is_contextual()
        ));
    }

    fn enter(&self, id: &Id) {
        self.call("enter", id);
        self.entered
            .lock()
            .expect("nobody panics")
            .push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        self.call("exit", id);
        let left = self.entered.lock().expect("nobody panics").pop();
        if left != Some(id.into_u64()) {
            self.out.line("which was not the last that was entered");
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.call("clone", id);
        if let Some((_, holders)) = self
            .live
            .lock()
            .expect("nobody panics")
            .get_mut(&id.into_u64())
        {
            *holders += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.call("close", &id);
        let mut live = self.live.lock().expect("nobody panics");
        let Some((_, holders)) = live.get_mut(&id.into_u64()) else {
            return false;
        };
        *holders -= 1;
        let last = *holders == 0;
        if last {
            live.remove(&id.into_u64());
        }
        last
    }
}
