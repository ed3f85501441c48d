//! How JSON outputs say where a task waits.

use serde::Serialize;
use taskscope_model::query::Spot;
use taskscope_model::{Frame, PlaceId, ResourceId, ResourceKind, Stack, Task, World};

use super::refs;
use crate::text::{frameless, is_placed, operation};

/// Places of one task that are listed.
const LISTED: usize = 100;

/// A place at which a task waits.
#[derive(Debug, Serialize)]
pub(super) struct AwaitRow<'a> {
    sure: bool,
    operation: Option<String>,
    location: Option<String>,
    resource: Option<ResourceRef>,
    unknown: Option<&'static str>,
    whole: bool,
    frames: Vec<FrameRow<'a>>,
}

/// What is waited for.
#[derive(Debug, Serialize)]
struct ResourceRef {
    id: Option<String>,
    kind: &'static str,
    location: Option<String>,
}

#[derive(Debug, Serialize)]
struct FrameRow<'a> {
    function: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    code: &'static str,
}

impl<'a> AwaitRow<'a> {
    /// Where a task waits.
    pub(super) fn all(task: &Task, world: &'a World) -> Vec<Self> {
        let places = world.awaits(task).into_iter().take(LISTED);
        let rows = places.map(|place| {
            let wait = place.wait.and_then(|id| world.waits().get(id));
            let resource = wait.and_then(|wait| world.resource(wait.resource));
            let what = resource.map(|of| (of.origin.kind, of.origin.place));
            let stack = place.stack.and_then(|id| world.stack(id));
            Self {
                sure: place.sure,
                resource: ResourceRef::of(what, resource.map(|of| of.id), world),
                unknown: frameless(&place, world),
                ..Self::at(stack.map(AsRef::as_ref))
            }
        });
        rows.collect()
    }

    /// Where the tasks of a group wait.
    pub(super) fn spot(spot: &'a Spot, world: &World) -> Self {
        Self {
            sure: spot.sure,
            resource: ResourceRef::of(spot.what, spot.resource, world),
            unknown: frameless(&spot.place(), world),
            ..Self::at(spot.frames.as_deref())
        }
    }

    fn at(stack: Option<&'a Stack>) -> Self {
        let line = stack.and_then(Stack::line).filter(|frame| is_placed(frame));
        Self {
            sure: true,
            operation: stack.and_then(operation),
            location: line.and_then(|frame| refs::short(&frame.place.file, frame.place.line)),
            resource: None,
            unknown: None,
            whole: stack.is_some_and(|stack| stack.whole && !stack.frames.is_empty()),
            frames: stack.map_or_else(Vec::new, |stack| {
                stack.frames.iter().map(FrameRow::of).collect()
            }),
        }
    }
}

impl ResourceRef {
    fn of(
        what: Option<(ResourceKind, PlaceId)>,
        id: Option<ResourceId>,
        world: &World,
    ) -> Option<Self> {
        let (kind, place) = what?;
        Some(Self {
            id: id.map(|id| id.number().to_string()),
            kind: kind.as_str(),
            location: refs::location(place, world),
        })
    }
}

impl<'a> FrameRow<'a> {
    fn of(frame: &'a Frame) -> Self {
        let known = |number: u32| (number > 0).then_some(number);
        let place = &frame.place;
        Self {
            function: &frame.function,
            file: (!place.file.is_empty()).then_some(&*place.file),
            line: known(place.line),
            column: known(place.column),
            code: frame.code.as_str(),
        }
    }
}
