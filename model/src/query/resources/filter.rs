//! Which resources: a filter, and whether a resource matches it.

use std::fmt;
use std::str::FromStr;

use super::{Queue, ResourceColumn};
use crate::query::FilterError;
use crate::query::error::{did_you_mean, excerpt};
use crate::query::lex::{Joint, Lexeme, Lexer, write_text};
use crate::query::measure::Op;
use crate::query::parse::{MAX_BYTES, too_long};
use crate::query::term::alternatives;
use crate::query::text::Needle;
use crate::query::value::Scale;
use crate::{Holder, Resource, ResourceKind, TaskId, World};

/// The most values of a filter. Bounds how long the filter takes for each resource.
const MAX_VALUES: usize = 100;

/// The fields whose values follow a colon.
const FIELDS: [&str; 5] = ["kind", "loc", "id", "holder", "waiter"];

/// Which resources: what [`RESOURCE_FILTER_HELP`](super::RESOURCE_FILTER_HELP) tells of. The default matches every one.
///
/// ```
/// use taskscope_model::query::ResourceFilter;
///
/// let filter: ResourceFilter = "waiters>0 kind:MUTEX  loc:cache.rs held>1s".parse()?;
/// assert_eq!(filter.to_string(), "waiters>0 kind:Mutex loc:cache.rs held>1s");
/// # Ok::<(), taskscope_model::query::FilterError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceFilter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    negated: bool,
    test: Test,
}

/// What a term asks for. Where there are several values, one of them must fit.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// In the kind or the place.
    Word(Vec<Needle>),
    Kind(Vec<ResourceKind>),
    Place(Vec<Needle>),
    Id(Vec<u64>),
    /// tokio's id of a task that holds it.
    Holder(Vec<u64>),
    /// tokio's id of a task that waits for it.
    Waiter(Vec<u64>),
    Compare(ResourceColumn, Op, Vec<u64>),
}

impl ResourceFilter {
    /// Whether a resource of this world, with those who wait for it, matches now. What is not known of it matches no
    /// value, and hence the negation of any.
    #[must_use]
    pub fn matches(&self, resource: &Resource, queue: Queue, world: &World) -> bool {
        let mut terms = self.terms.iter();
        terms.all(|term| term.test.holds(resource, queue, world) != term.negated)
    }

    /// Whether it asks for nothing, so that every resource matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

impl Test {
    fn holds(&self, resource: &Resource, queue: Queue, world: &World) -> bool {
        let place = || {
            let place = world.place(resource.origin.place)?;
            (!place.file.is_empty()).then_some(place)
        };
        let in_place = |texts: &[Needle]| {
            place().is_some_and(|at| texts.iter().any(|text| text.is_in_place(&at.file, at.line)))
        };
        let named = |id: TaskId, ids: &[u64]| {
            world
                .task(id)
                .and_then(|task| task.birth.tokio_id)
                .is_some_and(|id| ids.contains(&id.get()))
        };
        match self {
            Self::Word(texts) => {
                let kind = resource.origin.kind.as_str();
                texts.iter().any(|text| text.is_in(kind)) || in_place(texts)
            }
            Self::Kind(kinds) => kinds.contains(&resource.origin.kind),
            Self::Place(texts) => in_place(texts),
            Self::Id(ids) => ids.contains(&resource.id.number()),
            Self::Holder(ids) => resource.usage.holds.iter().any(|hold| match hold.holder {
                Holder::Task(task) => named(task, ids),
                Holder::NoTask => false,
            }),
            Self::Waiter(ids) => {
                queue.waiting > 0
                    && world
                        .queue(resource.id)
                        .any(|wait| wait.task.is_some_and(|task| named(task, ids)))
            }
            Self::Compare(column, op, values) => column
                .number(resource, queue, world.now())
                .is_some_and(|found| values.iter().any(|value| op.holds(found, *value))),
        }
    }
}

impl FromStr for ResourceFilter {
    type Err = FilterError;

    /// Reads the language of [`RESOURCE_FILTER_HELP`](super::RESOURCE_FILTER_HELP). An empty text is the filter that
    /// matches every resource.
    ///
    /// # Errors
    ///
    /// Any text that is no filter, is longer than 4096 bytes, or has more than 100 values.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        if text.len() > MAX_BYTES {
            return Err(too_long(text));
        }
        let mut lexer = Lexer::new(text);
        let mut terms = Vec::new();
        let mut values = 0;
        while let Some(lexeme) = lexer.term()? {
            values += lexeme.values.len();
            if values > MAX_VALUES {
                let message =
                    format!("expected at most {MAX_VALUES} words and values in one filter");
                return Err(FilterError::new(lexeme.at, message));
            }
            terms.push(Term {
                negated: lexeme.negated,
                test: test(&lexeme)?,
            });
        }
        Ok(Self { terms })
    }
}

fn test(lexeme: &Lexeme<'_>) -> Result<Test, FilterError> {
    let needle = |text: &str| Ok(Needle::new(text));
    let Some((written, joint)) = lexeme.field else {
        return each(lexeme, "text", needle).map(Test::Word);
    };
    let name = written.to_ascii_lowercase();
    match joint {
        Joint::Colon => {}
        Joint::NotEqual => {
            let message = format!(
                "expected `:` or a comparison after `{name}`; a `-` before a term means not"
            );
            return Err(FilterError::new(lexeme.at + name.len(), message));
        }
        Joint::Op(op) => {
            let column = measured().find(|(column, _)| column.name() == name);
            let (column, scale) = column.ok_or_else(|| unknown_field(lexeme, written, &[]))?;
            let values = each(lexeme, scale.expected(), |text| scale.parse(text))?;
            return Ok(Test::Compare(column, op, values));
        }
    }
    match name.as_str() {
        "kind" => each(lexeme, "a kind, as `mutex`", kind).map(Test::Kind),
        "loc" => each(lexeme, "part of a place, as `main.rs:42`", needle).map(Test::Place),
        "id" => each(lexeme, "an id, as `17`", id).map(Test::Id),
        "holder" => each(lexeme, "a task's id, as `17`", id).map(Test::Holder),
        "waiter" => each(lexeme, "a task's id, as `17`", id).map(Test::Waiter),
        _ if measured().any(|(column, _)| column.name() == name) => {
            let message = format!("expected one of > < >= <= = after `{name}`");
            Err(FilterError::new(lexeme.at + name.len(), message))
        }
        _ => Err(unknown_field(lexeme, written, &FIELDS)),
    }
}

/// The columns whose numbers can be compared.
fn measured() -> impl Iterator<Item = (ResourceColumn, Scale)> {
    ResourceColumn::ALL
        .into_iter()
        .filter_map(|column| Some((column, column.scale()?)))
}

/// What all the values stand for; the first that stands for nothing is the error.
fn each<T>(
    lexeme: &Lexeme<'_>,
    expected: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, FilterError> {
    let values = lexeme.values.iter();
    values
        .map(|value| match value.text.as_str() {
            "" => Err(FilterError::new(value.at, format!("expected {expected}"))),
            text => read(text).map_err(|message| FilterError::new(value.at, message)),
        })
        .collect()
}

fn id(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('#').unwrap_or(text);
    number
        .parse()
        .map_err(|_| format!("expected an id, as `17`, found {}", excerpt(text)))
}

fn kind(text: &str) -> Result<ResourceKind, String> {
    let names = ResourceKind::ALL.map(ResourceKind::as_str);
    let is_named = |kind: &ResourceKind| kind.as_str().eq_ignore_ascii_case(text);
    ResourceKind::ALL.into_iter().find(is_named).ok_or_else(|| {
        let nearest = did_you_mean(text, names);
        format!(
            "unknown kind {}{nearest}; kinds are {}",
            excerpt(text),
            names.join(", ")
        )
    })
}

/// No such field; the names are `others` and those that can be compared.
fn unknown_field(lexeme: &Lexeme<'_>, written: &str, others: &[&'static str]) -> FilterError {
    let mut names = others.to_vec();
    names.extend(measured().map(|(column, _)| column.name()));
    let nearest = did_you_mean(written, names.iter().copied());
    let message = format!(
        "unknown field {}{nearest}; fields are {}; quote what is no field",
        excerpt(written),
        names.join(", ")
    );
    FilterError::new(lexeme.at, message)
}

impl fmt::Display for ResourceFilter {
    /// Writes the filter so that it is read back as an equal one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            f.write_str(if i > 0 { " " } else { "" })?;
            f.write_str(if term.negated { "-" } else { "" })?;
            term.test.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |f: &mut fmt::Formatter<'_>, id: &u64| id.fmt(f);
        let text = |f: &mut fmt::Formatter<'_>, text: &Needle| write_text(f, text.as_str());
        match self {
            Self::Word(texts) => alternatives(f, "", texts, text),
            Self::Kind(kinds) => alternatives(f, "kind:", kinds, |f, kind| kind.fmt(f)),
            Self::Place(texts) => alternatives(f, "loc:", texts, text),
            Self::Id(ids) => alternatives(f, "id:", ids, number),
            Self::Holder(ids) => alternatives(f, "holder:", ids, number),
            Self::Waiter(ids) => alternatives(f, "waiter:", ids, number),
            Self::Compare(column, op, values) => {
                write!(f, "{column}{op}")?;
                let scale = column.scale().unwrap_or(Scale::Count);
                alternatives(f, "", values, |f, value| scale.write(f, *value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Queues;
    use super::ResourceFilter;
    use crate::{
        Change, Hold, Holder, Mode, Nanos, Origin, Place, PlaceId, Resource, ResourceId,
        ResourceKind, Stamp, TaskId, Usage, Wait, WaitId, World,
    };

    /// A Mutex of cache.rs that task 1 has held for 2 s and one task waits for, and a Semaphore of nowhere.
    fn world() -> World {
        let mut world = World::new();
        world.apply(Change::Now(Stamp(5_000_000_000)));
        let place = Place {
            file: "src/cache.rs".into(),
            line: 9,
            column: 1,
        };
        world.apply(Change::Place(PlaceId(0), place));
        for (number, kind) in [(1, ResourceKind::Mutex), (2, ResourceKind::Semaphore)] {
            let holds = vec![Hold {
                holder: Holder::Task(TaskId::new(1).unwrap()),
                mode: Mode::Exclusive,
                permits: 1,
                since: Stamp(3_000_000_000),
                awaits: 0,
                stack: None,
            }];
            world.apply(Change::Resource(Box::new(Resource {
                id: ResourceId::new(number).unwrap(),
                origin: Origin {
                    kind,
                    place: PlaceId(number as u32 - 1),
                    created: Stamp(1),
                    creator: None,
                },
                usage: Usage {
                    holds: if number == 1 { holds } else { Vec::new() },
                    free: (number == 2).then_some(3),
                    waited: Nanos(7),
                    ..Usage::default()
                },
            })));
        }
        world.apply(Change::Wait(Wait {
            id: WaitId::FIRST,
            resource: ResourceId::FIRST,
            task: TaskId::new(2),
            mode: Mode::Exclusive,
            permits: 1,
            since: Stamp(4_000_000_000),
            polled: Stamp(4_000_000_000),
            order: 1,
            granted: None,
            timed: false,
            stack: None,
        }));
        world
    }

    fn found(text: &str) -> Vec<u64> {
        let world = world();
        let queues = Queues::of(&world);
        let filter: ResourceFilter = text.parse().unwrap();
        let mut found: Vec<_> = world
            .resources()
            .iter()
            .filter(|resource| filter.matches(resource, queues.at(resource.id), &world))
            .map(|resource| resource.id.number())
            .collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn each_field_tells_resources_apart() {
        for (text, ids) in [
            ("", vec![1, 2]),
            ("waiters>0", vec![1]),
            ("-waiters>0", vec![2]),
            ("waiting>=1s waiting<2s", vec![1]),
            ("held>1s", vec![1]),
            ("-held>1s", vec![2]),
            ("kind:mutex", vec![1]),
            ("kind:Mutex|Semaphore", vec![1, 2]),
            ("loc:cache.rs:9", vec![1]),
            ("CACHE", vec![1]),
            ("sema", vec![2]),
            ("free=3", vec![2]),
            ("id:2", vec![2]),
            ("holders=0", vec![2]),
            ("waited>=7ns age<1h", vec![1, 2]),
            ("longest>=1s", vec![1]),
            ("holder:1", vec![]),
        ] {
            assert_eq!(found(text), ids, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, at, words) in [
            ("waiter>0", 0, "did you mean `waiters`?"),
            ("kind:mutx", 5, "did you mean `Mutex`?"),
            ("a held>1", 7, "expected a unit"),
            ("waiters:1", 7, "expected one of"),
            ("kind:", 5, "expected a kind"),
            ("holder:x", 7, "expected an id"),
            ("free!=3", 4, "means not"),
        ] {
            let error = text.parse::<ResourceFilter>().unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(words), "{text}: {error}");
        }
        assert!("x ".repeat(101).parse::<ResourceFilter>().is_err());
        assert!("x".repeat(5000).parse::<ResourceFilter>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "(-?(waiters[<>=]|kind:|loc:|held>|holder:|)[a-z0-9 |\"ms#]{0,6} ?){0,4}") {
            if let Ok(filter) = text.parse::<ResourceFilter>() {
                prop_assert_eq!(filter.to_string().parse::<ResourceFilter>(), Ok(filter));
            }
        }
    }
}
