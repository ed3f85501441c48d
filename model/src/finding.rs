//! What is wrong, and how sure that is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{FindingId, PlaceId, ResourceId, RuntimeId, SiteId, Stamp, TaskId};

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// A pattern in numbers: worth a look.
    Statistical,
    /// It was so for a number of polls and a length of time: very likely wrong.
    Persistent,
    /// It can't be otherwise: nothing in the process can end it.
    Proven,
}

impl Tier {
    /// All tiers, the least sure first.
    pub const ALL: [Self; 3] = [Self::Statistical, Self::Persistent, Self::Proven];

    /// The word that screens, filters and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statistical => "statistical",
            Self::Persistent => "persistent",
            Self::Proven => "proven",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|tier| tier.as_str() == text)
            .ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// A word that names no tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no tier: use proven, persistent or statistical")]
pub struct UnknownTier(pub String);

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// This task.
    Task(TaskId),
    /// This resource.
    Resource(ResourceId),
    /// All tasks that are spawned here.
    Site(SiteId),
    /// All resources that are made here.
    Place(PlaceId),
    /// This runtime.
    Runtime(RuntimeId),
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// The name of the rule, as `taskscope explain` knows it: `held-across-await`.
    pub rule: Arc<str>,
    /// How sure it is.
    pub tier: Tier,
    /// What it is about, the most important first. At most 16, the rest is told in the evidence.
    pub subjects: Vec<Subject>,
    /// Since when it has been so.
    pub since: Stamp,
    /// When it was no longer so; `None` while it stands. A finding about the past (a poll that was too long) is cleared as
    /// soon as it is made.
    pub cleared: Option<Stamp>,
    /// One sentence that says what is wrong, with the names of those concerned.
    pub summary: Arc<str>,
    /// What was seen: one statement each, with numbers and their units.
    pub evidence: Vec<Arc<str>>,
    /// What to do.
    pub advice: Arc<str>,
}
