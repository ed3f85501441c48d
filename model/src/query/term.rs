//! One condition of a filter, and whether a task meets it.

use std::fmt;

use crate::{Kind, Place, State, Task, World};

use super::lex::write_text;
use super::measure::{Measure, Op};
use super::text::Needle;

/// One condition; all of a filter must hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) negated: bool,
    pub(super) test: Test,
}

/// What a term asks for. Where there are several values, one of them must fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Word(Vec<Word>),
    State(Vec<State>),
    Kind(Vec<Kind>),
    Place(Vec<Needle>),
    Name(Vec<Needle>),
    /// Where it waits: a place or a function of any frame.
    At(Vec<Needle>),
    Id(Vec<u64>),
    Parent(Vec<u64>),
    Runtime(Vec<u64>),
    Compare(Measure, Op, Vec<u64>),
}

/// A word by itself: a part of a name or a place, or a task's id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) text: Needle,
    pub(super) id: Option<u64>,
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negated { "-" } else { "" })?;
        self.test.fmt(f)
    }
}

impl Term {
    pub(super) fn matches(&self, task: &Task, world: &World) -> bool {
        self.test.holds(task, world) != self.negated
    }
}

impl Test {
    /// Whether it takes long, since it looks for text.
    pub(super) fn searches_text(&self) -> bool {
        matches!(
            self,
            Self::Word(_) | Self::Place(_) | Self::Name(_) | Self::At(_)
        )
    }

    fn holds(&self, task: &Task, world: &World) -> bool {
        match self {
            Self::Word(words) => words.iter().any(|word| word.holds(task, world)),
            Self::State(states) => states.contains(&task.vitals.state),
            Self::Kind(kinds) => world
                .site(task.birth.site)
                .is_some_and(|site| kinds.contains(&site.kind)),
            Self::Place(texts) => place(task, world)
                .is_some_and(|(file, line)| texts.iter().any(|text| text.is_in_place(file, line))),
            Self::Name(texts) => task
                .birth
                .name
                .as_deref()
                .is_some_and(|name| texts.iter().any(|t| t.is_in(name))),
            Self::At(texts) => awaits_at(task, world, texts),
            Self::Id(ids) => tokio_id(task).is_some_and(|id| ids.contains(&id)),
            Self::Parent(ids) => task
                .birth
                .parent
                .and_then(|parent| tokio_id(world.task(parent)?))
                .is_some_and(|id| ids.contains(&id)),
            Self::Runtime(numbers) => task
                .vitals
                .runtime
                .is_some_and(|runtime| numbers.contains(&runtime.0.get().into())),
            Self::Compare(measure, op, values) => measure
                .of(task, world)
                .is_some_and(|found| values.iter().any(|value| op.holds(found, *value))),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(words) => {
                alternatives(f, "", words, |f, word| write_text(f, word.text.as_str()))
            }
            Self::State(states) => alternatives(f, "state:", states, |f, state| state.fmt(f)),
            Self::Kind(kinds) => alternatives(f, "kind:", kinds, |f, kind| kind.fmt(f)),
            Self::Place(texts) => alternatives(f, "loc:", texts, |f, t| write_text(f, t.as_str())),
            Self::Name(texts) => alternatives(f, "name:", texts, |f, t| write_text(f, t.as_str())),
            Self::At(texts) => alternatives(f, "at:", texts, |f, t| write_text(f, t.as_str())),
            Self::Id(ids) => alternatives(f, "id:", ids, |f, id| id.fmt(f)),
            Self::Parent(ids) => alternatives(f, "parent:", ids, |f, id| id.fmt(f)),
            Self::Runtime(ids) => alternatives(f, "runtime:", ids, |f, id| id.fmt(f)),
            Self::Compare(measure, op, values) => {
                write!(f, "{}{op}", measure.name())?;
                alternatives(f, "", values, |f, value| measure.scale().write(f, *value))
            }
        }
    }
}

/// Writes the values of a field with bars between them.
pub(super) fn alternatives<T>(
    f: &mut fmt::Formatter<'_>,
    field: &str,
    values: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str(field)?;
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            f.write_str("|")?;
        }
        write(f, value)?;
    }
    Ok(())
}

impl Word {
    pub(super) fn new(text: &str) -> Self {
        // Screens write `transfer #17`, so that is what gets copied into a filter.
        Self {
            text: Needle::new(text),
            id: text.strip_prefix('#').unwrap_or(text).parse().ok(),
        }
    }

    fn holds(&self, task: &Task, world: &World) -> bool {
        (self.id.is_some() && self.id == tokio_id(task))
            || task
                .birth
                .name
                .as_deref()
                .is_some_and(|name| self.text.is_in(name))
            || place(task, world).is_some_and(|(file, line)| self.text.is_in_place(file, line))
    }
}

/// Where a task was spawned; `None` where that is not known.
fn place<'a>(task: &Task, world: &'a World) -> Option<(&'a str, u32)> {
    let site = world.site(task.birth.site)?;
    (!site.file.is_empty()).then_some((&site.file, site.line))
}

/// Whether a frame of a place at which a task waits, or is stuck in a poll, has one of the texts in its `file:line` or its
/// function.
fn awaits_at(task: &Task, world: &World, texts: &[Needle]) -> bool {
    let awaits = world.whereabouts(task).into_iter();
    let mut stacks = awaits.filter_map(|place| world.stack(place.stack?));
    stacks.any(|stack| {
        stack.frames.iter().any(|frame| {
            let Place { file, line, .. } = &frame.place;
            texts.iter().any(|text| {
                (!file.is_empty() && text.is_in_place(file, *line)) || text.is_in(&frame.function)
            })
        })
    })
}

fn tokio_id(task: &Task) -> Option<u64> {
    task.birth.tokio_id.map(u64::from)
}
