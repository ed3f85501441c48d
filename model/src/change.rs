//! What can be new about the world.

use crate::{Birth, Site, SiteId, Sketches, Stamp, Tally, TaskId, Totals, Vitals};

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
    /// The counters over all tasks.
    Totals(Box<Totals>),
}
