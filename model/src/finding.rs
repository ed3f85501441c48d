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

/// The part that a subject has in what is wrong. A subject without one is what the finding is about, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It has what others wait for: it holds it, was granted it, or was dropped while it held it.
    Holder,
    /// It waits for what others have: a lock, a permit, a worker, a thread.
    Waiter,
    /// Both: it waits for what another of them has, and has what another of them waits for.
    Deadlocked,
    /// It keeps others from running, or wakes for nothing: the time goes there.
    Blocker,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Holder, Self::Waiter, Self::Deadlocked, Self::Blocker];

    /// The word that screens and JSON use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Waiter => "waiter",
            Self::Deadlocked => "deadlocked",
            Self::Blocker => "blocker",
        }
    }

    /// This subject in this role.
    #[must_use]
    pub const fn of(self, subject: Subject) -> Concern {
        Concern {
            subject,
            role: Some(self),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One that a finding is about, and what part it has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Concern {
    /// What it is.
    pub subject: Subject,
    /// Its part; `None` where it has none, or an older target does not tell.
    pub role: Option<Role>,
}

impl From<Subject> for Concern {
    fn from(subject: Subject) -> Self {
        Self {
            subject,
            role: None,
        }
    }
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
    pub subjects: Vec<Concern>,
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
