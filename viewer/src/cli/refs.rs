//! How JSON outputs refer to tasks, resources and places.

use serde::Serialize;
use taskscope_model::{Concern, Place, PlaceId, Role, Site, SiteId, Subject, TaskId, World};

/// A task that is spoken of.
#[derive(Debug, Serialize)]
pub(super) struct TaskRef<'a> {
    id: Option<u64>,
    task_id: String,
    name: Option<&'a str>,
    location: Option<String>,
}

impl<'a> TaskRef<'a> {
    /// The task with this id, as far as it is known.
    pub(super) fn of(id: TaskId, world: &'a World) -> Self {
        let task = world.task(id);
        let site = task.and_then(|task| world.site(task.birth.site));
        Self {
            id: task.and_then(|task| task.birth.tokio_id).map(Into::into),
            task_id: id.number().to_string(),
            name: task
                .and_then(|task| task.birth.name.as_deref())
                .or_else(|| site?.type_name.as_deref()),
            location: site.and_then(of_site),
        }
    }
}

/// What a finding is about.
#[derive(Debug, Serialize)]
pub(super) struct SubjectRef<'a> {
    kind: &'static str,
    id: Id,
    name: Option<&'a str>,
    location: Option<String>,
    role: Option<&'static str>,
}

/// tokio's id of a task and the number of a runtime are numbers; the id of a resource can be too large for one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Id {
    Number(Option<u64>),
    Text(String),
}

impl<'a> SubjectRef<'a> {
    /// The subject, as far as it is known.
    pub(super) fn of(concern: Concern, world: &'a World) -> Self {
        let (kind, id, name, location) = match concern.subject {
            Subject::Task(id) => {
                let task = TaskRef::of(id, world);
                ("task", Id::Number(task.id), task.name, task.location)
            }
            Subject::Resource(id) => {
                let resource = world.resource(id);
                let name = resource.map(|resource| resource.origin.kind.as_str());
                let at = resource.and_then(|resource| location(resource.origin.place, world));
                ("resource", Id::Text(id.number().to_string()), name, at)
            }
            Subject::Site(id) => ("site", Id::Number(None), None, site(id, world)),
            Subject::Place(id) => ("place", Id::Number(None), None, location(id, world)),
            Subject::Runtime(id) => {
                let number = Id::Number(Some(id.0.get().into()));
                ("runtime", number, None, None)
            }
        };
        Self {
            kind,
            id,
            name,
            location,
            role: concern.role.map(Role::as_str),
        }
    }
}

/// A place in the source, in full.
#[derive(Debug, Serialize)]
pub(super) struct PlaceRef<'a> {
    file: &'a str,
    line: u32,
    column: Option<u32>,
}

impl<'a> PlaceRef<'a> {
    /// The place with this id; `None` where it is not known.
    pub(super) fn of(id: PlaceId, world: &'a World) -> Option<Self> {
        let place = world.place(id)?;
        (!place.file.is_empty()).then(|| Self {
            file: &place.file,
            line: place.line,
            column: (place.column > 0).then_some(place.column),
        })
    }
}

/// A place in short, `file.rs:12`; `None` where it is not known.
pub(super) fn location(id: PlaceId, world: &World) -> Option<String> {
    let Place { file, line, .. } = world.place(id)?;
    short(file, *line)
}

fn site(id: SiteId, world: &World) -> Option<String> {
    of_site(world.site(id)?)
}

fn of_site(site: &Site) -> Option<String> {
    short(&site.file, site.line)
}

/// The same of a file and a line.
pub(super) fn short(file: &str, line: u32) -> Option<String> {
    let name = file
        .rsplit(['/', '\\'])
        .next()
        .filter(|name| !name.is_empty())?;
    Some(format!("{name}:{line}"))
}
