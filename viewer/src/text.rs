//! Text for people: numbers with their units, and what the target calls things made safe for a terminal.
//!
//! Pure functions, shared by the screens and by headless output.

mod clean;
mod number;
mod place;
mod shared;
mod unseen;
mod wrap;

pub use clean::{clean, fit, fit_end, width};
pub use number::{bytes, count, count_in, duration, share};
pub use place::{Places, fit_place, path, place};
pub use shared::{Names, asked, doubt, mode, state};
pub use unseen::unseen;
pub use wrap::wrap;

use taskscope_model::{LastWaker, Task, TaskId, World};

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
