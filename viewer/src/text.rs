//! Text for people: numbers with their units, and what the target calls things made safe for a terminal.
//!
//! Pure functions, shared by the screens and by headless output.

mod clean;
mod number;
mod place;
mod shared;
mod stack;
mod unseen;
mod wrap;

pub use clean::{clean, fit, fit_end, width};
pub use number::{bytes, count, count_in, counted, duration, share};
pub use place::{Places, code, fit_place, path, place, short};
pub use shared::{Names, asked, doubt, mode, state};
pub(crate) use stack::operation_of;
pub use stack::{SpotLine, frameless, function, is_placed, operation, stackless};
pub use unseen::unseen;
pub use wrap::{paragraphs, wrap};

use taskscope_model::query::Group;
use taskscope_model::{Kind, LastWaker, Site, Task, TaskId, World};

/// What a person calls a task: its name, else the type of its closure, else where it was spawned; then `#` and tokio's
/// id. A task without any of these is `a task`. Safe for a terminal.
///
/// ```
/// # use taskscope_model::{Birth, Change, SiteId, Stamp, TaskId, Vitals, World};
/// let mut world = World::new();
/// let id = TaskId::new(1).unwrap();
/// let birth = Birth { tokio_id: 17.try_into().ok(), parent: None, name: Some("tick\u{7}".into()), site: SiteId(0), created: Stamp(0) };
/// world.apply(Change::Born(id, Box::new(birth), Vitals::at_birth(Stamp(0))));
/// assert_eq!(taskscope_viewer::text::label(world.task(id).unwrap(), &world), "tick␇ #17");
/// ```
#[must_use]
pub fn label(task: &Task, world: &World) -> String {
    let site = world.site(task.birth.site);
    let name = name(task, world).or_else(|| {
        site.filter(|site| !site.file.is_empty())
            .map(|site| clean(&site.short()).into_owned())
    });
    match (name, task.birth.tokio_id) {
        (Some(name), Some(id)) => format!("{name} #{id}"),
        (Some(name), None) => name,
        (None, Some(id)) => format!("task #{id}"),
        (None, None) => "a task".to_owned(),
    }
}

/// [`label`] of the task with this id, or words that say that it is not known any more.
#[must_use]
pub fn label_of(id: TaskId, world: &World) -> String {
    world.task(id).map_or_else(
        || "a task that is no longer kept".to_owned(),
        |task| label(task, world),
    )
}

/// Whether [`name`] has something to say of a task.
#[must_use]
pub fn is_named(task: &Task, world: &World) -> bool {
    let by_app = task
        .birth
        .name
        .as_deref()
        .is_some_and(|name| !name.is_empty());
    by_app
        || world
            .site(task.birth.site)
            .is_some_and(|site| site.type_name.is_some())
}

/// The name that the app gave a task, else the type of its closure. Safe for a terminal.
#[must_use]
pub fn name(task: &Task, world: &World) -> Option<String> {
    let closure = || {
        world
            .site(task.birth.site)
            .and_then(|site| site.type_name.as_deref())
    };
    task.birth
        .name
        .as_deref()
        .filter(|name| !name.is_empty())
        .or_else(closure)
        .map(|s| clean(s).into_owned())
}

/// The kind of the tasks of a place; `mixed` where the place has tasks of several kinds.
#[must_use]
pub fn kind_of(group: &Group, world: &World) -> &'static str {
    // The group says that it is not known in both cases.
    if group.kind != Kind::Unknown {
        return group.kind.as_str();
    }
    let mut kinds = kinds_at(group, world);
    match kinds.next() {
        Some(first) if kinds.any(|kind| kind != first) => "mixed",
        _ => group.kind.as_str(),
    }
}

/// Whether the wakes of all tasks of a place are seen: those of a `block_on` never are, be it the only one or not.
#[must_use]
pub fn sees_wakes_of(group: &Group, world: &World) -> bool {
    match group.kind {
        Kind::BlockOn => false,
        Kind::Unknown => kinds_at(group, world).all(|kind| kind != Kind::BlockOn),
        _ => true,
    }
}

/// The kinds of all sites of a place.
fn kinds_at<'a>(group: &'a Group, world: &'a World) -> impl Iterator<Item = Kind> {
    let is_here = |site: &Site| match (&*group.file, &*site.file) {
        ("", file) => file.is_empty(),
        (here, file) => here == file && group.line == site.line,
    };
    let here = world.sites().filter(move |(_, site)| is_here(site));
    here.map(|(_, site)| site.kind)
}

/// Who woke a task last, in words; `None` where nobody has. Safe for a terminal.
#[must_use]
pub fn waker(task: &Task, world: &World) -> Option<String> {
    match task.vitals.last_waker {
        LastWaker::Nobody => None,
        LastWaker::NoTask => Some("no task (a driver or a thread)".to_owned()),
        LastWaker::Task(id) if id == task.id => Some("itself".to_owned()),
        LastWaker::Task(id) => Some(label_of(id, world)),
    }
}
