//! How JSON outputs say where a task waits, or does not return from a poll.

use serde::Serialize;
use taskscope_model::query::Spot;
use taskscope_model::{
    Activity, Await, Doing, Frame, PlaceId, ResourceId, ResourceKind, Stack, State, Task, World,
};

use super::refs;
use crate::text::{frameless, is_placed, operation};

/// Places of one task that are listed.
const LISTED: usize = 100;

/// A place at which a task waits.
#[derive(Debug, Serialize)]
pub(super) struct AwaitRow<'a> {
    operation: Option<String>,
    resource: Option<ResourceRef>,
    #[serde(flatten)]
    at: StackRow<'a>,
}

/// What a poll does that does not return.
#[derive(Debug, Serialize)]
pub(super) struct PollRow<'a> {
    activity: &'static str,
    system_call: Option<&'a str>,
    in_place: bool,
    #[serde(flatten)]
    at: StackRow<'a>,
}

/// Where a task is.
#[derive(Debug, Serialize)]
struct StackRow<'a> {
    sure: bool,
    location: Option<String>,
    unknown: Option<&'a str>,
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
    /// Where a task waits: nowhere while it is in a poll.
    pub(super) fn all(task: &Task, world: &'a World) -> Vec<Self> {
        if task.vitals.state == State::Running {
            return Vec::new();
        }
        let places = world.awaits(task).into_iter().take(LISTED);
        let rows = places.map(|place| {
            let wait = place.wait.and_then(|id| world.waits().get(id));
            let resource = wait.and_then(|wait| world.resource(wait.resource));
            let what = resource.map(|of| (of.origin.kind, of.origin.place));
            let stack = place.stack.and_then(|id| world.stack(id));
            let resource = ResourceRef::of(what, resource.map(|of| of.id), world);
            Self::of(resource, stack.map(AsRef::as_ref), &place, world)
        });
        rows.collect()
    }

    /// Where the tasks of a group wait.
    pub(super) fn spot(spot: &'a Spot, world: &World) -> Self {
        let resource = ResourceRef::of(spot.what, spot.resource, world);
        Self::of(resource, spot.frames.as_deref(), &spot.place(), world)
    }

    fn of(
        resource: Option<ResourceRef>,
        stack: Option<&'a Stack>,
        place: &Await,
        world: &World,
    ) -> Self {
        Self {
            operation: stack.and_then(operation),
            resource,
            at: StackRow::of(stack, place.sure, frameless(place, world)),
        }
    }
}

impl<'a> PollRow<'a> {
    /// What a task does in the poll that it is in.
    pub(super) fn present(task: &Task, world: &'a World) -> Option<Self> {
        let poll = world.present_poll(task)?;
        let stack = poll.stack.and_then(|id| world.stack(id));
        let unseen = Some(&*poll.unseen).filter(|why| !why.is_empty());
        let frameless = || frameless(&poll.place()?, world);
        let at = StackRow::of(
            stack.map(AsRef::as_ref),
            poll.proven,
            unseen.or_else(frameless),
        );
        Some(Self::of(&poll.doing, at))
    }

    /// What the tasks of a group do; `None` where they wait.
    pub(super) fn spot(spot: &'a Spot, world: &World) -> Option<Self> {
        let frameless = frameless(&spot.place(), world);
        let at = StackRow::of(spot.frames.as_deref(), spot.sure, frameless);
        Some(Self::of(spot.doing.as_ref()?, at))
    }

    fn of(doing: &'a Doing, at: StackRow<'a>) -> Self {
        Self {
            activity: doing.activity.as_str(),
            system_call: match &doing.activity {
                Activity::Blocked(call) if !call.is_empty() => Some(call),
                _ => None,
            },
            in_place: doing.in_place,
            at,
        }
    }
}

impl<'a> StackRow<'a> {
    /// `unknown`: why there are no frames.
    fn of(stack: Option<&'a Stack>, sure: bool, unknown: Option<&'a str>) -> Self {
        let line = stack.and_then(Stack::line).filter(|frame| is_placed(frame));
        Self {
            sure,
            location: line.and_then(|frame| refs::short(&frame.place.file, frame.place.line)),
            unknown,
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
