//! Lines of the source that were read for a screen.

use std::collections::HashMap;
use std::sync::Arc;

use taskscope_model::{StackId, World};

use crate::text::is_placed;

/// Lines that are kept.
const MOST: usize = 1_000;

/// A line of a source file, as the target names it.
pub type SourceLine = (Arc<str>, u32);

/// What is known of lines: each is asked for once.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources(HashMap<SourceLine, Option<Arc<str>>>);

impl Sources {
    /// The text of a line, as far as it is known. Safe for a terminal.
    pub(super) fn get(&self, file: &Arc<str>, line: u32) -> Option<&str> {
        self.0.get(&(Arc::clone(file), line))?.as_deref()
    }

    /// Of these lines those that were not asked for yet. They count as asked for from now on.
    pub(super) fn ask(&mut self, lines: Vec<SourceLine>) -> Vec<SourceLine> {
        if self.0.len() + lines.len() > MOST {
            self.0.clear();
        }
        let mut new = Vec::new();
        for line in lines {
            if !self.0.contains_key(&line) {
                self.0.insert(line.clone(), None);
                new.push(line);
            }
        }
        new
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, line: SourceLine, text: Option<String>) {
        if let Some(known) = self.0.get_mut(&line) {
            *known = text.map(Into::into);
        }
    }

    /// Forgets all, for another process.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The line of a stack that a person wants to read.
pub(super) fn line_of(stack: StackId, world: &World) -> Option<SourceLine> {
    let frame = world.stack(stack)?.line()?;
    is_placed(frame).then(|| (Arc::clone(&frame.place.file), frame.place.line))
}
