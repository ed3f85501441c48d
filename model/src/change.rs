//! What can be new about the world.

use std::sync::Arc;

use crate::{
    Backlog, Birth, Finding, FindingId, LongPoll, Place, PlaceId, Resource, ResourceId, Site,
    SiteId, Sketches, Stack, StackId, Stamp, Tally, TaskId, Totals, Vitals, Wait, WaitId,
};

/// One piece of news. Each carries whole values, not differences, so that taking the same news twice changes nothing,
/// and older news may be left out where newer news of the same thing follows.
#[derive(Clone, Debug)]
pub enum Change {
    /// What follows was so at this moment.
    Now(Stamp),
    /// A spawn site was seen for the first time.
    Site(SiteId, Box<Site>),
    /// What the tasks of a site add up to that are no longer listed by themselves.
    Past(SiteId, Tally),
    /// A task was spawned.
    Born(TaskId, Box<Birth>, Vitals),
    /// A task lived on; ignored where its birth was never told.
    Lived(TaskId, Vitals),
    /// A task's poll times and delays; ignored where its birth was never told.
    Sketched(TaskId, Box<Sketches>),
    /// A task is no longer kept; the tally of its site has it from now on.
    Gone(TaskId),
    /// The frames of a stack are known.
    Stack(StackId, Arc<Stack>),
    /// A poll that does not return was looked at.
    LongPoll(Box<LongPoll>),
    /// The connections that wait at a socket, or that none does any more.
    Backlog(Backlog),
    /// A place in the source was seen for the first time.
    Place(PlaceId, Place),
    /// A resource is new, or it changed.
    Resource(Box<Resource>),
    /// A resource is no more, or no longer kept.
    ResourceGone(ResourceId),
    /// A task began to wait for a resource, or its wait changed.
    Wait(Wait),
    /// A wait is over: served or given up.
    WaitOver(WaitId),
    /// A finding is new, or it changed.
    Finding(Box<Finding>),
    /// A finding is no longer kept.
    FindingGone(FindingId),
    /// The counters over all tasks.
    Totals(Box<Totals>),
}
