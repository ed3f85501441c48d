//! Something that is wrong, as a rule sees it in one look.

use crate::{Concern, PlaceId, ResourceId, ResourceKind, RuntimeId, SiteId, Stamp, Tier, WaitId};

/// What makes two problems of one rule the same problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Wait(WaitId),
    Site(SiteId),
    Place(ResourceKind, PlaceId),
    Resource(ResourceId),
    Runtime(Option<RuntimeId>),
    Process,
}

impl Key {
    /// Resources that are made in one place are one problem; where the place is not known, each is one.
    pub(super) fn of(resource: &crate::Resource) -> Self {
        match resource.origin.place {
            PlaceId(0) => Self::Resource(resource.id),
            place => Self::Place(resource.origin.kind, place),
        }
    }

    /// Its place, if it is one.
    pub(super) fn place(self) -> Option<PlaceId> {
        match self {
            Self::Place(_, place) => Some(place),
            _ => None,
        }
    }
}

/// Something that is wrong, as a rule sees it in one look.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) rule: &'static str,
    pub(super) tier: Tier,
    pub(super) key: Key,
    /// The most important first. What is beyond the sixteenth is not told.
    pub(super) subjects: Vec<Concern>,
    pub(super) since: Stamp,
    /// Whether it is over already.
    pub(super) past: bool,
    /// How many looks in a row have to see it: 1 where the rule itself has looked before.
    pub(super) looks: u32,
    /// How bad it is, in the rule's own unit. It is told again when this has doubled.
    pub(super) size: u64,
    pub(super) summary: String,
    pub(super) evidence: Vec<String>,
    pub(super) advice: &'static str,
}
