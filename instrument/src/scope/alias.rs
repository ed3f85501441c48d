//! Stand-ins for ids of the user's subscriber that look like ours. A `Registry` has none; subscribers that number at
//! random may.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use taskscope_record::id;
use tracing_core::span::Id;

/// Both ways of translating.
#[derive(Default)]
pub(crate) struct Aliases(Mutex<Tables>);

#[derive(Default)]
struct Tables {
    theirs: HashMap<u64, Id>,
    ours: HashMap<u64, Id>,
    count: u64,
}

impl Aliases {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stand-in for an id, made if there is none.
    #[cold]
    pub(crate) fn stand_in(&self, theirs: Id) -> Id {
        let mut tables = self.lock();
        if let Some(alias) = tables.ours.get(&theirs.into_u64()) {
            return alias.clone();
        }
        let alias = Id::from_u64(id::alias(tables.count));
        tables.count += 1;
        tables.ours.insert(theirs.into_u64(), alias.clone());
        tables.theirs.insert(alias.into_u64(), theirs);
        alias
    }

    /// What a stand-in stands for.
    #[cold]
    pub(crate) fn theirs(&self, alias: u64) -> Option<Id> {
        self.lock().theirs.get(&alias).cloned()
    }

    #[cold]
    pub(crate) fn forget(&self, alias: u64) {
        let mut tables = self.lock();
        if let Some(theirs) = tables.theirs.remove(&alias) {
            tables.ours.remove(&theirs.into_u64());
        }
    }
}
