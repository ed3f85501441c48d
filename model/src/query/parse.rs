//! Reading filters: any text becomes a filter or an error that says where and what was expected.

use crate::{Kind, State};

use super::error::{FilterError, did_you_mean, excerpt};
use super::lex::{Joint, Lexeme, Lexer, Value, split_field};
use super::measure::{Measure, Op};
use super::term::{Term, Test, Word};
use super::text::Needle;
use super::value::Scale;

/// The longest filter, in bytes. Nobody types one of this length; what comes over the wire can have any.
pub(super) const MAX_BYTES: usize = 4096;
/// The most values of a filter. Bounds how long the filter takes for each task.
const MAX_VALUES: usize = 100;

const KINDS: [Kind; 5] = [
    Kind::Task,
    Kind::Local,
    Kind::Blocking,
    Kind::BlockOn,
    Kind::Unknown,
];
const LIVE: &[State] = &[State::Scheduled, State::Running, State::Idle];
const ENDED: &[State] = &[State::Done, State::Cancelled, State::Panicked];
/// The words for states; those of the states themselves first.
const STATES: [(&str, &[State]); 10] = [
    ("scheduled", &[State::Scheduled]),
    ("running", &[State::Running]),
    ("idle", &[State::Idle]),
    ("done", &[State::Done]),
    ("cancelled", &[State::Cancelled]),
    ("panicked", &[State::Panicked]),
    ("live", LIVE),
    ("ended", ENDED),
    ("sched", &[State::Scheduled]),
    ("run", &[State::Running]),
];

/// The fields whose values follow a colon.
const FIELDS: [&str; 8] = [
    "state", "kind", "loc", "at", "name", "id", "parent", "runtime",
];

/// Reads the terms of a filter.
pub(super) fn parse(text: &str) -> Result<Vec<Term>, FilterError> {
    if text.len() > MAX_BYTES {
        return Err(too_long(text));
    }
    let mut lexer = Lexer::new(text);
    let mut terms = Vec::new();
    let mut values = 0;
    while let Some(lexeme) = lexer.term()? {
        values += lexeme.values.len();
        if values > MAX_VALUES {
            let message = format!("expected at most {MAX_VALUES} words and values in one filter");
            return Err(FilterError::new(lexeme.at, message));
        }
        terms.push(Term {
            negated: lexeme.negated,
            test: test(&lexeme)?,
        });
    }
    Ok(terms)
}

/// The error for a filter of too many bytes, at the first that is too many.
pub(super) fn too_long(text: &str) -> FilterError {
    let at = (0..=MAX_BYTES.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i));
    FilterError::new(
        at.unwrap_or(0),
        format!("expected a filter of at most {MAX_BYTES} bytes"),
    )
}

fn test(lexeme: &Lexeme<'_>) -> Result<Test, FilterError> {
    for value in &lexeme.values[1..] {
        no_term_after_bar(value)?;
    }
    let Some((written, joint)) = lexeme.field else {
        return each(lexeme, "text", |text| Ok(Word::new(text))).map(Test::Word);
    };
    let name = written.to_ascii_lowercase();
    if let Some(measure) = Measure::ALL.into_iter().find(|m| m.name() == name) {
        let Joint::Op(op) = joint else {
            return Err(wrong_joint(lexeme, &name, joint));
        };
        let scale = measure.scale();
        let values = each(lexeme, scale.expected(), |text| scale.parse(text))?;
        return Ok(Test::Compare(measure, op, values));
    }
    if !FIELDS.contains(&name.as_str()) {
        return Err(unknown_field(lexeme, written));
    }
    if joint != Joint::Colon {
        return Err(wrong_joint(lexeme, &name, joint));
    }
    let needle = |text: &str| Ok(Needle::new(text));
    match name.as_str() {
        "state" => states(lexeme),
        "kind" => kinds(lexeme),
        "loc" => each(lexeme, "part of a place, as `main.rs:42`", needle).map(Test::Place),
        "at" => each(
            lexeme,
            "part of a place or a function, as `main.rs:42`",
            needle,
        )
        .map(Test::At),
        "name" => each(lexeme, "part of a name", needle).map(Test::Name),
        "id" => each(lexeme, ID, id).map(Test::Id),
        "parent" => each(lexeme, ID, id).map(Test::Parent),
        _ => each(lexeme, Scale::Count.expected(), |text| {
            Scale::Count.parse(text)
        })
        .map(Test::Runtime),
    }
}

/// What all the values stand for; the first that stands for nothing is the error.
fn each<T>(
    lexeme: &Lexeme<'_>,
    expected: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, FilterError> {
    lexeme
        .values
        .iter()
        .map(|value| {
            if value.text.is_empty() {
                return Err(FilterError::new(value.at, format!("expected {expected}")));
            }
            read(&value.text).map_err(|message| FilterError::new(value.at, message))
        })
        .collect()
}

const ID: &str = "a task's id, as `17`";

fn id(text: &str) -> Result<u64, String> {
    let number = text.strip_prefix('#').unwrap_or(text);
    number
        .parse()
        .map_err(|_| format!("expected {ID}, found {}", excerpt(text)))
}

fn states(lexeme: &Lexeme<'_>) -> Result<Test, FilterError> {
    let names = STATES.map(|(name, _)| name);
    let sets = each(lexeme, &format!("a state: {}", names.join(", ")), |text| {
        let known = STATES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        known
            .map(|(_, states)| *states)
            .ok_or_else(|| unknown("state", text, &names))
    })?;
    // In the order of declaration and each once, so that equal filters are written alike.
    let is_in = |state: &State| sets.iter().any(|set| set.contains(state));
    Ok(Test::State(State::ALL.into_iter().filter(is_in).collect()))
}

fn kinds(lexeme: &Lexeme<'_>) -> Result<Test, FilterError> {
    let names = KINDS.map(Kind::as_str);
    let listed = each(lexeme, &format!("a kind: {}", names.join(", ")), |text| {
        let known = KINDS
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text));
        known.ok_or_else(|| unknown("kind", text, &names))
    })?;
    Ok(Test::Kind(
        KINDS
            .into_iter()
            .filter(|kind| listed.contains(kind))
            .collect(),
    ))
}

fn unknown(what: &str, text: &str, names: &[&str]) -> String {
    let nearest = did_you_mean(text, names.iter().copied());
    format!(
        "unknown {what} {}{nearest}; {what}s are {}",
        excerpt(text),
        names.join(", ")
    )
}

fn unknown_field(lexeme: &Lexeme<'_>, written: &str) -> FilterError {
    let names: Vec<_> = FIELDS
        .into_iter()
        .chain(Measure::ALL.map(Measure::name))
        .collect();
    let message = unknown("field", written, &names);
    FilterError::new(lexeme.at, format!("{message}; quote what is no field"))
}

/// A field that is followed by what only other fields can be followed by.
fn wrong_joint(lexeme: &Lexeme<'_>, name: &str, joint: Joint) -> FilterError {
    let at = lexeme.at + name.len();
    let scale = Measure::ALL
        .into_iter()
        .find(|m| m.name() == name)
        .map(Measure::scale);
    let message = match (scale, joint) {
        (Some(scale), Joint::NotEqual) => {
            let example = example(scale);
            format!("expected a comparison after `{name}`; for `!=` write `-{name}={example}`")
        }
        (Some(scale), _) => {
            let ops = Op::ALL.map(Op::as_str).join(" ");
            format!(
                "expected one of {ops} after `{name}`, as `{name}>{}`",
                example(scale)
            )
        }
        (None, Joint::NotEqual) => {
            format!("expected `:` after `{name}`; for `!=` write `-{name}:` and the value")
        }
        (None, _) => format!("expected `:` after `{name}`, found `{joint}`"),
    };
    FilterError::new(at, message)
}

const fn example(scale: Scale) -> &'static str {
    match scale {
        Scale::Count => "20",
        Scale::Time => "100ms",
        Scale::Bytes => "1k",
    }
}

/// `state:idle|state:done` would ask for a state named `state:done`, and `a|state:done` for a text.
fn no_term_after_bar(value: &Value) -> Result<(), FilterError> {
    let is_field = |name: &str| {
        let known = FIELDS.into_iter().chain(Measure::ALL.map(Measure::name));
        known
            .into_iter()
            .any(|field| field.eq_ignore_ascii_case(name))
    };
    if value.quoted || !split_field(&value.text).is_some_and(|(name, _)| is_field(name)) {
        return Ok(());
    }
    let message = format!(
        "expected a value after `|`, as in `state:idle|running`, found {}",
        excerpt(&value.text)
    );
    Err(FilterError::new(value.at, message))
}
